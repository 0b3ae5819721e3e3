"""`/-/events`: the status of a page or a site as server-sent events.

First a snapshot, then every event; an id is a position in the events stream, so a client that comes back with its
last id misses nothing and sees nothing twice. Where its history is gone it is told so: `reset`, and a snapshot.
Any status but 200 would close an EventSource for good, so "come back later" is a 200 with `retry:` and an end.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from services.server.follower import Follower
from services.server.hub import ALL_PAGES, Hub, encode_block, topics_of
from services.server.pages import is_slug
from services.server.stream import Stream
from shared.auth import Tokens
from shared.config import SLUG_MEND
from shared.errors import InvalidParameter, NotFound, Unavailable
from shared.keys import Keys
from shared.records import Head
from shared.settings import Settings
from shared.store import PageState, Store
from shared.streams import EventLog, parse_position

RETRY_MS = 2_000
CROWDED_RETRY_MS = 30_000
LIFETIME_S = 600.0
MOST_SCANNED = 10_000
CHUNK = 500
MOST_PAGES = 100

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class Topic(NamedTuple):
    """What is watched: a page, or a whole site where `page` is ALL_PAGES."""

    site: str
    page: str


class Status:
    """ASGI app of the status streams.

    Args:
        store, events, hub, follower, tokens: where it looks, listens and asks.
        keys: names.
        settings: bounds.
    """

    def __init__(  # noqa: PLR0917 - everything a stream touches, passed once by the composition
        self,
        store: Store,
        events: EventLog,
        hub: Hub,
        follower: Follower,
        tokens: Tokens,
        keys: Keys,
        settings: Settings,
    ) -> None:
        self._store, self._events, self._hub, self._follower = store, events, hub, follower
        self._tokens, self._keys, self._settings = tokens, keys, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            await self._tokens.who(request.headers.get("authorization", ""))
        except Unavailable:
            return await _turn_away(send, RETRY_MS)
        topic = _topic(request)
        if self._hub.is_quiet or self._hub.count >= self._settings.sse_max_streams:
            return await _turn_away(send, CROWDED_RETRY_MS)
        last = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "")
        await self._hold(topic, last, receive, send)
        return None

    async def _hold(self, topic: Topic, last: str, receive: Receive, send: Send) -> None:
        """Keep a stream open until either side ends it."""
        stream = Stream()
        self._hub.join(topic, stream)
        writing = asyncio.create_task(self._write(topic, last, stream, send))
        leaving = asyncio.create_task(_until_disconnect(receive))
        cut = asyncio.create_task(stream.is_cut.wait())
        try:
            done, _ = await asyncio.wait({writing, leaving, cut}, return_when=asyncio.FIRST_COMPLETED)
            if writing in done:
                writing.result()
        finally:
            self._hub.leave(topic, stream)
            for task in (writing, leaving, cut):
                task.cancel()
            await asyncio.gather(writing, leaving, cut, return_exceptions=True)

    async def _write(self, topic: Topic, last: str, stream: Stream, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        lifetime = LIFETIME_S * random.uniform(0.9, 1.1)  # noqa: S311
        ends_at = asyncio.get_running_loop().time() + lifetime
        try:
            await _send(send, b"retry: %d\n\n" % RETRY_MS)
            async for piece in self._past(topic, last, stream):
                await _send(send, piece)
            while not stream.is_ending and asyncio.get_running_loop().time() < ends_at:
                await self._send_next(topic, stream, send)
        except Unavailable:
            # No snapshot to be had: the client comes back, with the id it has.
            await _send(send, b'event: paused\ndata: {"type":"paused"}\n\n')
        await _send(send, b"retry: %d\n\n" % random.randint(500, 3_000))  # noqa: S311
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_next(self, topic: Topic, stream: Stream, send: Send) -> None:
        if not await stream.wait(self._settings.sse_heartbeat_s):
            return await _send(send, b"id: %b\n\n" % self._heartbeat_position(topic, stream).encode())
        if stream.needs_snapshot:
            stream.needs_snapshot = False
            async for piece in self._reset(topic, stream):
                await _send(send, piece)
        piece = stream.take()
        if piece:
            await _send(send, piece)
        return None

    def _heartbeat_position(self, topic: Topic, stream: Stream) -> str:
        return self._follower.position_of(self._keys.partition(topic.site), stream.sent)

    async def _past(self, topic: Topic, last: str, stream: Stream) -> AsyncIterator[bytes]:
        """What a client has to know before the live events: the history after its last id, or a snapshot."""
        asked = parse_position(last)
        if asked is None:
            yield await self._snapshot(topic, stream)
            return
        partition, after = self._keys.partition(topic.site), f"{asked[0]}-{asked[1]}"
        history = await self._history(partition, after, topic, stream)
        if history is None:
            async for piece in self._reset(topic, stream):
                yield piece
        elif history:
            yield history

    async def _history(self, partition: int, after: str, topic: Topic, stream: Stream) -> bytes | None:
        """The events after a position; None where they are not all there, or too many to read."""
        if not await self._events.is_resumable(partition, after):
            return None
        blocks: list[bytes] = []
        position = after
        for _ in range(MOST_SCANNED // CHUNK):
            entries = await self._events.history(partition, position, CHUNK)
            blocks += [encode_block(entry) for entry in entries if topic in topics_of(entry)]
            position = entries[-1].id if entries else position
            if len(entries) < CHUNK:
                stream.sent = position
                return b"".join(blocks)
        return None

    async def _reset(self, topic: Topic, stream: Stream) -> AsyncIterator[bytes]:
        yield b'event: reset\ndata: {"type":"reset"}\n\n'
        yield await self._snapshot(topic, stream)

    async def _snapshot(self, topic: Topic, stream: Stream) -> bytes:
        if topic.page == ALL_PAGES:
            position, data = await self._site(topic.site)
        else:
            state = await self._store.snapshot(topic.site, topic.page)
            position, data = state.position, _page(topic, state)
        stream.sent = position
        text = msgspec.json.encode({"type": "snapshot", "site": topic.site, **data})
        return b"id: %b\nevent: snapshot\ndata: %b\n\n" % (position.encode(), text)

    async def _site(self, site: str) -> tuple[str, dict[str, Any]]:
        # The position is read first: what happens while the list is read is told again, never left out.
        position = (await self._events.tail())[self._keys.partition(site)]
        try:
            found = await self._store.pages(site, "", MOST_PAGES)
        except NotFound:
            return position, {"pages": [], "more": False}
        pages = [{"page": page, **_wanted_and_live(head)} for page, head in found.items]
        return position, {"pages": pages, "more": bool(found.after)}


def _topic(request: Request) -> Topic:
    site, page = request.query_params.get("site", ""), request.query_params.get("page", ALL_PAGES)
    if not is_slug(site):
        raise InvalidParameter("The query has no site, or one that cannot be.", "site", SLUG_MEND)
    if page != ALL_PAGES and not is_slug(page):
        raise InvalidParameter("The query has a page that cannot be.", "page", SLUG_MEND)
    return Topic(site, page)


def _page(topic: Topic, state: PageState) -> dict[str, Any]:
    now = _wanted_and_live(state.head)
    if now["live"]:
        now["live"]["etag"] = state.etag
    return {
        "page": topic.page,
        **now,
        "state": state.wanted.state if state.wanted else "none",
        "publication": state.wanted,
    }


def _wanted_and_live(head: Head) -> dict[str, Any]:
    wanted = {"seq": head.wanted_seq, "version": head.wanted_version} if head.wanted_seq else None
    live = {"seq": head.live_seq, "version": head.live_version} if head.live_version else None
    return {"head": head, "wanted": wanted, "live": live}


async def _turn_away(send: Send, retry_ms: int) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b"retry: %d\n\n" % retry_ms})


async def _send(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
