"""A status stream written by a task, over plain ASGI: where the connection cannot be taken over.

It says the same as a stream held at its transport, and serves as its oracle.
"""

import asyncio
import logging
import random

from starlette.types import Receive, Send

from services.server.catch_up import CatchUp
from services.server.held import (
    END_WITHIN_S,
    LIFETIME_S,
    LONG_RETRY_MS,
    SHORT_RETRY_MS,
    encode_greeting,
    encode_retry,
)
from services.server.hub import Hub, Topic, encode_word
from services.server.keeper import Keeper
from services.server.stream import Stream
from shared.credentials import Credential
from shared.errors import Unavailable

log = logging.getLogger(__name__)

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class Written:
    """Writes streams.

    Args:
        catch_up: what comes before live events.
        hub: where those come from.
        keeper: ends the streams of those who may no longer watch.
        heartbeat_s: how often a quiet stream gets a block with only an id.
    """

    def __init__(self, catch_up: CatchUp, hub: Hub, keeper: Keeper, heartbeat_s: float) -> None:
        self._catch_up, self._hub, self._keeper, self._heartbeat_s = catch_up, hub, keeper, heartbeat_s

    async def hold(self, topic: Topic, last: str, credential: Credential, receive: Receive, send: Send) -> None:
        """Keep a stream open until either side ends it.

        Args:
            topic: what is watched.
            last: the client's last id, "" for none.
            credential: what whoever watches came with.
        """
        loop = asyncio.get_running_loop()
        deadline = asyncio.timeout(None)
        stream = Stream(on_end=lambda: deadline.reschedule(loop.time() + END_WITHIN_S))
        leaving = asyncio.create_task(_end_on_disconnect(receive, stream))
        try:
            async with deadline:
                self._hub.join(topic, stream)
                self._keeper.watch(credential, stream, topic)
                try:
                    await self._write(topic, last, stream, send)
                finally:
                    self._hub.leave(topic, stream)
                    self._keeper.forget(credential, stream, topic)
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
        await _send(send, encode_greeting(last))
        retry_ms = SHORT_RETRY_MS
        try:
            async for piece in self._catch_up.begin(topic, last, stream):
                await _send(send, piece)
            while not stream.is_ending and loop.time() < ends_at:
                await self._send_next(topic, stream, send)
        except Unavailable:
            # No snapshot to be had: the client comes back, with the id it has.
            await _send(send, encode_word("paused"))
        except Exception:
            # Whatever it is: a stream that breaks off is come back to at once.
            log.exception("the state of %s/%s cannot be told", *topic)
            retry_ms = LONG_RETRY_MS
        await send({"type": "http.response.body", "body": encode_retry(retry_ms), "more_body": False})

    async def _send_next(self, topic: Topic, stream: Stream, send: Send) -> None:
        if not await stream.wait(self._heartbeat_s):
            return await _send(send, self._catch_up.heartbeat(topic, stream))
        if stream.needs_snapshot:
            stream.needs_snapshot = False
            async for piece in self._catch_up.reset(topic, stream):
                await _send(send, piece)
        return await _send(send, stream.take())


async def _send(send: Send, piece: bytes) -> None:
    if piece:
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _end_on_disconnect(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()
