"""A status stream held at its transport: no task, no buffer of its own, a few hundred bytes.

It begins as any other: what comes waits in a Stream until the past is told. From then on what the hub hands it goes
straight to the transport. Where the history behind it is gone, it goes back to the beginning for a moment.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, MutableSet
from typing import Any, NamedTuple

from services.server.hub import Piece, Position, Topic, encode_word, framed
from services.server.stream import MOST_WAITING_BYTES, Stream
from shared.credentials import Credential
from shared.errors import Unavailable
from shared.streams import position

log = logging.getLogger(__name__)

RETRY_MS = 2_000
SHORT_RETRY_MS = (500, 3_000)
LONG_RETRY_MS = (20_000, 40_000)
LIFETIME_S = (540.0, 660.0)
# A stream that has to end gets this long to take what was sent; one that takes nothing is closed as it is.
END_WITHIN_S = 0.8
# How long the past may wait for a client that does not read.
STALLED_S = 30.0

HEAD = (
    b"content-type: text/event-stream\r\ncache-control: no-store\r\nx-accel-buffering: no\r\n"
    b"x-content-type-options: nosniff\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"


class Taken(NamedTuple):
    """A connection that was taken over.

    Attributes:
        transport: to write to.
        connections: all of the server's; its successor is one of them.
        date: the header, with its line end.
    """

    transport: asyncio.Transport
    connections: MutableSet[Any]
    date: bytes


class HeldStream(asyncio.Protocol):
    """One watcher's.

    Args:
        topic: what it watches.
        credential: what whoever watches came with.
        ends_at: when it is ended in any case, in the loop's time.
        on_lost: called once, when the connection is gone.
        on_reset: called where it has to start again from a snapshot.

    Attributes:
        turn: when it is visited.
    """

    __slots__ = (
        "_connections",
        "_drained",
        "_is_behind",
        "_on_lost",
        "_on_reset",
        "_seen",
        "_sent",
        "_stream",
        "_transport",
        "_was_beaten",
        "credential",
        "ends_at",
        "is_ending",
        "topic",
        "turn",
    )

    def __init__(
        self,
        topic: Topic,
        credential: Credential,
        ends_at: float,
        on_lost: Callable[["HeldStream"], None],
        on_reset: Callable[["HeldStream"], None],
    ) -> None:
        self.topic, self.credential, self.ends_at = topic, credential, ends_at
        self._on_lost, self._on_reset = on_lost, on_reset
        self._transport: asyncio.Transport
        self._connections: MutableSet[Any]
        self._stream: Stream | None = None
        # The tuple of whoever made the piece, so it takes no room here.
        self._sent: Position = (0, 0)
        # What it was at the last visit.
        self._seen: Position = (0, 0)
        self._drained: asyncio.Event | None = None
        self.turn, self.is_ending, self._is_behind, self._was_beaten = 0, False, False, False

    @property
    def is_live(self) -> bool:
        """Whether the past is told and nothing waits."""
        return self._stream is None and not self.is_ending

    def begin(self) -> Stream:
        """Let what comes wait until the past is told."""
        self._stream = Stream(self.end)
        return self._stream

    def greet(self, taken: Taken, last: str) -> None:
        """Begin the answer.

        Args:
            taken: the connection.
            last: the client's last id, "" for none.
        """
        self._transport, self._connections = taken.transport, taken.connections
        # Whoever was behind before is not reported again.
        self._is_behind = taken.transport.get_write_buffer_size() > 0
        self.write(b"HTTP/1.1 200 OK\r\n" + taken.date + HEAD + framed(encode_greeting(last)))

    async def tell(self, stream: Stream, past: AsyncIterator[bytes]) -> None:
        """Send the past, then what has waited meanwhile; from then on it is live.

        Args:
            stream: from `begin`; where it began again since, this is left to that.
            past: pieces that move `stream.sent` along.
        """
        try:
            async for piece in past:
                if stream is not self._stream or self.is_ending:
                    return
                await self._write_slowly(piece)
        except Exception as error:
            # One that began again since has another past, which may well be told.
            if stream is self._stream:
                self._give_up(error)
        if stream is self._stream and not self.is_ending:
            self.write(framed(stream.take()))
            self._sent, self._stream = position(stream.sent), None

    def send(self, piece: Piece) -> None:
        """Take a piece."""
        if self.is_ending:
            return None
        if self._stream is not None:
            return self._stream.send(piece)
        first, last = piece.blocks[0].at, piece.blocks[-1].at
        if first is not None and first <= self._sent:
            # What was under way when the past was told is part of it.
            piece = piece.since(self._sent)
        if last is not None and last > self._sent:
            self._sent = last
        # The transport says when a client falls behind, so as a rule there is nothing to ask it.
        return self.write(piece.chunk) if self._is_behind else self._transport.write(piece.chunk)

    def beat(self, at: Position, chunk: bytes) -> None:
        """Move the last id of a client that heard nothing since the last visit, nor in it.

        Visited twice per heartbeat, it hears something at least once. A last id that is further already stays: it
        would be told things twice.

        Args:
            at: up to where everything was handed on.
            chunk: says so.
        """
        is_due = self._sent == self._seen and not self._was_beaten
        self._was_beaten = is_due and at >= self._sent
        if self._was_beaten:
            self._sent = at
            self.write(chunk)
        self._seen = self._sent

    def reset(self) -> None:
        """Start again from a snapshot; what waits is part of it."""
        if not self.is_ending:
            self._on_reset(self)

    def end(self, retry_ms: tuple[int, int] = SHORT_RETRY_MS) -> None:
        """Say goodbye and close.

        Args:
            retry_ms: between which the client waits before it comes back.
        """
        if self.is_ending:
            return
        self.is_ending = True
        self.write(framed(encode_retry(retry_ms)) + LAST_CHUNK)
        self._transport.close()
        asyncio.get_running_loop().call_later(END_WITHIN_S, self._transport.abort)
        self._let_go()

    def write(self, chunk: bytes) -> None:
        """Write a chunk; a client that does not read is cut."""
        transport = self._transport
        if not chunk or transport.is_closing():
            return None
        if transport.get_write_buffer_size() > MOST_WAITING_BYTES:
            log.info("a watcher of %s/%s that takes nothing is cut", *self.topic)
            self.is_ending = True
            return transport.abort()
        return transport.write(chunk)

    def shutdown(self) -> None:
        """The process ends."""
        self.end()

    def data_received(self, data: bytes) -> None:
        """Whatever a watcher says is not for us."""

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_ending = True
        self._connections.discard(self)
        self._let_go()
        self._on_lost(self)

    def pause_writing(self) -> None:
        self._is_behind = True

    def resume_writing(self) -> None:
        self._is_behind = False
        self._let_go()

    def _give_up(self, error: Exception) -> None:
        """End what cannot be told, whatever the reason: left open, it would look as if nothing happened."""
        if isinstance(error, Unavailable):
            # No snapshot to be had: the client comes back, with the id it has.
            self.write(framed(encode_word("paused")))
            return self.end()
        log.error("the state of %s/%s cannot be told", *self.topic, exc_info=error)
        return self.end(LONG_RETRY_MS)

    def _let_go(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    async def _write_slowly(self, piece: bytes) -> None:
        """Write without ever having much more than a piece under way."""
        self.write(framed(piece))
        if self._transport.get_write_buffer_size() <= MOST_WAITING_BYTES // 2:
            return
        # Where it began again meanwhile, the one before waits, too.
        drained = self._drained = self._drained or asyncio.Event()
        try:
            async with asyncio.timeout(STALLED_S):
                await drained.wait()
        except TimeoutError:
            self.is_ending = True
            self._transport.abort()


def encode_greeting(last: str) -> bytes:
    """The block that a stream begins with.

    It gives the client back the last id that it came with. To the letter of the standard a connection begins with none,
    and a block that ends without having met one takes it away: whoever was cut off just then would start anew.

    Args:
        last: a position, "" for none.
    """
    return _encode_id(last) + b"retry: %d\n\n" % RETRY_MS


def encode_retry(between_ms: tuple[int, int], last: str = "") -> bytes:
    """A block that says when to come back.

    Random, so that those who were sent away together do not come back together.

    Args:
        between_ms: how long the client waits, at least and at most.
        last: where the stream begins with it, the client's last id, as in a greeting.
    """
    return _encode_id(last) + b"retry: %d\n\n" % random.randint(*between_ms)  # noqa: S311


def _encode_id(last: str) -> bytes:
    return b"id: %b\n" % last.encode() if last else b""
