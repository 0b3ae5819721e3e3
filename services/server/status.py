"""`/-/events`: the status of a page or a site as server-sent events.

First a snapshot, then every event; an id is a position in the events stream, so a client that comes back with its
last id misses nothing and sees nothing twice. Where its history is gone it is told so: `reset`, and a snapshot.
Any status but 200 would close an EventSource for good, so "come back later" is a 200 with `retry:` and an end.
"""

import asyncio
import logging
import random

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from services.server.catch_up import CatchUp, Topic
from services.server.hub import ALL_PAGES, Hub, encode_word
from services.server.pages import is_slug
from services.server.stream import Stream
from shared.auth import Tokens
from shared.config import SLUG_MEND
from shared.errors import InvalidParameter, Unavailable, Undecodable
from shared.settings import Settings

log = logging.getLogger(__name__)

RETRY_MS = 2_000
SHORT_RETRY_MS = (500, 3_000)
LONG_RETRY_MS = (20_000, 40_000)
LIFETIME_S = (540.0, 660.0)
# A stream that has to end gets this long to take what was sent; one that takes nothing is closed as it is.
END_WITHIN_S = 0.8

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class Status:
    """ASGI app of the status streams.

    Args:
        catch_up: what comes before live events.
        hub: where those come from.
        tokens: who may watch.
        settings: bounds.
    """

    def __init__(self, catch_up: CatchUp, hub: Hub, tokens: Tokens, settings: Settings) -> None:
        self._catch_up, self._hub, self._tokens, self._settings = catch_up, hub, tokens, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            await self._tokens.who(request.headers.get("authorization", ""))
        except Unavailable:
            return await _turn_away(send, SHORT_RETRY_MS)
        topic = find_topic(request)
        if self._hub.is_quiet or request.method == "HEAD":
            return await _turn_away(send, SHORT_RETRY_MS)
        if self._hub.count >= self._settings.sse_max_streams:
            return await _turn_away(send, LONG_RETRY_MS)
        last = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "")
        await self._hold(topic, last, receive, send)
        return None

    async def _hold(self, topic: Topic, last: str, receive: Receive, send: Send) -> None:
        """Keep a stream open until either side ends it."""
        loop = asyncio.get_running_loop()
        deadline = asyncio.timeout(None)
        stream = Stream(on_end=lambda: deadline.reschedule(loop.time() + END_WITHIN_S))
        leaving = asyncio.create_task(_end_on_disconnect(receive, stream))
        try:
            async with deadline:
                self._hub.join(topic, stream)
                try:
                    await self._write(topic, last, stream, send)
                finally:
                    self._hub.leave(topic, stream)
                    # From here on nothing moves the deadline.
                    stream.is_ending = True
        except TimeoutError:
            log.info("a watcher of %s/%s that takes nothing is cut", *topic)
        finally:
            leaving.cancel()

    async def _write(self, topic: Topic, last: str, stream: Stream, send: Send) -> None:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + random.uniform(*LIFETIME_S)  # noqa: S311
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await _send(send, b"retry: %d\n\n" % RETRY_MS)
        retry_ms = SHORT_RETRY_MS
        try:
            async for piece in self._catch_up.begin(topic, last, stream):
                await _send(send, piece)
            while not stream.is_ending and loop.time() < ends_at:
                await self._send_next(topic, stream, send)
        except Unavailable:
            # No snapshot to be had: the client comes back, with the id it has.
            await _send(send, encode_word("paused"))
        except Undecodable as error:
            log.error("the state of %s/%s cannot be told: %s", *topic, error)
            retry_ms = LONG_RETRY_MS
        await send({"type": "http.response.body", "body": _retry(retry_ms), "more_body": False})

    async def _send_next(self, topic: Topic, stream: Stream, send: Send) -> None:
        if not await stream.wait(self._settings.sse_heartbeat_s):
            return await _send(send, self._catch_up.heartbeat(topic, stream))
        if stream.needs_snapshot:
            stream.needs_snapshot = False
            async for piece in self._catch_up.reset(topic, stream):
                await _send(send, piece)
        return await _send(send, stream.take())


def find_topic(request: Request) -> Topic:
    """What a client wants to watch.

    Raises:
        InvalidParameter: no site, or a site or page that cannot be.
    """
    site, page = request.query_params.get("site", ""), request.query_params.get("page", ALL_PAGES)
    if not is_slug(site):
        raise InvalidParameter("The query has no site, or one that cannot be.", "site", SLUG_MEND)
    if page != ALL_PAGES and not is_slug(page):
        raise InvalidParameter("The query has a page that cannot be.", "page", SLUG_MEND)
    return Topic(site, page)


def _retry(between_ms: tuple[int, int]) -> bytes:
    # Random, so that those who were sent away together do not come back together.
    return b"retry: %d\n\n" % random.randint(*between_ms)  # noqa: S311


async def _turn_away(send: Send, between_ms: tuple[int, int]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": _retry(between_ms)})


async def _send(send: Send, piece: bytes) -> None:
    if piece:
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _end_on_disconnect(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()
