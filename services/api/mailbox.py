"""Waiting for what builders say: one blocking read per api process, however many wait.

It reads only while somebody does. Where its connection breaks, those who wait are told at once, and ask again.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import StoreUncertain, Unavailable
from shared.previews import Letter, PreviewLane, Ticket

# Below the timeout of a short call, so that no other connection is needed for it.
READ_S = 1.0


class Mailbox:
    """The mailbox of one process.

    Args:
        lane: brings the letters.
    """

    def __init__(self, lane: PreviewLane) -> None:
        self._lane = lane
        self._process = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._waiting: dict[str, asyncio.Future[Letter]] = {}
        self._reading: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def expecting(self) -> "Iterator[tuple[Ticket, asyncio.Future[Letter]]]":
        """Expect an answer meanwhile: where it is to go, and what it will be once somebody waits for it."""
        ticket = Ticket(secrets.token_hex(16), self._process)
        letter = self._waiting[ticket.number] = asyncio.get_running_loop().create_future()
        # Nobody looks at it where the asking failed first.
        letter.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            yield ticket, letter
        finally:
            del self._waiting[ticket.number]
            if not self._waiting and self._reading is not None:
                # What it might still take out is for nobody.
                self._reading.cancel()

    async def wait(self, letter: "asyncio.Future[Letter]", within_s: float) -> Letter:
        """Wait for an answer that was asked for.

        Raises:
            TimeoutError: none came.
            StoreUncertain: Redis went away.
        """
        # An answer that was faster than this lies in the mailbox.
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        return await asyncio.wait_for(letter, within_s)

    async def _read(self) -> None:
        while any(not letter.done() for letter in self._waiting.values()):
            try:
                letter = await self._lane.letters(self._process, READ_S)
            except Unavailable as error:
                return self._fail(error)
            if letter is not None:
                self._hand_over(letter)
        return None

    def _hand_over(self, letter: Letter) -> None:
        waiting = self._waiting.get(letter.ticket)
        if waiting is not None and not waiting.done():
            waiting.set_result(letter)

    def _fail(self, error: Unavailable) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(StoreUncertain(str(error)))
