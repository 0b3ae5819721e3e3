"""What waits for one watcher, and when its stream ends.

A stream joins the hub before it looks at the past, so that no event falls between the two; events that the past already
contained are dropped by their position. What waits is bounded: a watcher that falls further behind is ended, and comes
back with its last id.
"""

import asyncio
from collections.abc import Callable

from services.server.hub import Piece
from shared.streams import START, position

MOST_WAITING_BYTES = 256 * 1024


class Stream:
    """A watcher with a bounded buffer.

    Args:
        on_end: called once, as soon as the stream has to end.
        most_bytes: bound of what waits.
    """

    def __init__(self, on_end: Callable[[], None], most_bytes: int = MOST_WAITING_BYTES) -> None:
        self._on_end, self._most_bytes = on_end, most_bytes
        self._waiting: list[Piece] = []
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self.sent = START
        self.needs_snapshot = False
        self.is_ending = False

    def send(self, piece: Piece) -> None:
        """Let a piece wait for its turn."""
        if self.is_ending:
            return
        self._waiting.append(piece)
        self._waiting_bytes += len(piece.text)
        if self._waiting_bytes > self._most_bytes:
            self._clear()
            self.end()
        self._wake.set()

    def reset(self) -> None:
        """Start again from a snapshot; what waits is part of it."""
        self._clear()
        self.needs_snapshot = True
        self._wake.set()

    def end(self) -> None:
        """Say goodbye and close."""
        if not self.is_ending:
            self.is_ending = True
            self._on_end()
        self._wake.set()

    async def wait(self, longest_s: float) -> bool:
        """Wait until there is something to do.

        Returns:
            False where it stayed quiet: then nothing waits, and an id sent now overtakes no event.
        """
        try:
            # Not wait_for: before Python 3.12 that can swallow a cancellation which meets the wake-up.
            async with asyncio.timeout(longest_s):
                await self._wake.wait()
        except TimeoutError:
            # An event may have come in after the timer and before this line.
            if not self._wake.is_set():
                return False
        self._wake.clear()
        return True

    def take(self) -> bytes:
        """Everything that waits and was not sent before."""
        sent = position(self.sent)
        blocks = [block for piece in self._waiting for block in piece.since(sent).blocks]
        moved = [block.at for block in blocks if block.at is not None]
        if moved:
            self.sent = "{}-{}".format(*moved[-1])
        self._clear()
        return b"".join([block.text for block in blocks])

    def _clear(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0
