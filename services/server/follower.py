"""Follows the events from the position last applied: first pages are made true, then watchers are told.

So when a watcher reads `live`, this process serves that page already. A lost connection costs nothing but delay.
Where the position can no longer be resumed (history trimmed, Redis emptied or restored), every held page is
checked and every watcher starts again from a snapshot.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Sequence

from services.server.hub import Hub
from services.server.memory import PageMemory, PageName
from shared.errors import StoreUnavailable, Unavailable, Undecodable
from shared.events import PageBuilt, PageUnpublished, UnknownEvent, decode_event
from shared.streams import Entry, EventLog, position

log = logging.getLogger(__name__)

BLOCK_MS = 1_000
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
# Reads return at least every BLOCK_MS; after a longer silence this process was stopped, and history may have gone.
LATE_S = 5.0
CHUNK = 500


class Follower:
    """One per process.

    Args:
        events: the log.
        memory: pages to keep true.
        hub: whom to tell.
        clock: seconds, monotonic.
    """

    def __init__(
        self, events: EventLog, memory: PageMemory, hub: Hub, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._events, self._memory, self._hub, self._clock = events, memory, hub, clock
        self._task: asyncio.Task[None] | None = None
        self._is_away = False
        self._read_at = clock()
        self._moved = asyncio.Event()
        self.applied: dict[int, str] = {}

    @property
    def is_following(self) -> bool:
        """Whether what is held is known to be true, up to the delay of the stream."""
        return bool(self.applied) and not self._is_away

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop following. Cancelling a plain XREAD loses nothing: it has no effect in Redis."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def position_of(self, partition: int, at_least: str) -> str:
        """The newest position whose events have all been handed on.

        Args:
            partition: whose events.
            at_least: a position known to be good, such as a snapshot's.
        """
        applied = self.applied.get(partition, at_least)
        return max(applied, at_least, key=position)

    async def reach(self, partition: int, at: str, longest_s: float) -> None:
        """Wait until everything up to a position is applied.

        Raises:
            StoreUnavailable: it took too long.
        """
        wanted = position(at)
        try:
            async with asyncio.timeout(longest_s):
                while not self.applied or position(self.applied[partition]) < wanted:
                    await self._moved.wait()
        except TimeoutError:
            raise StoreUnavailable(f"the events up to {at} have not been applied yet") from None

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._turn(was_away=failures > 0)
                failures = 0
            except Exception as error:
                # Whatever it is: stopping would freeze every page of this process.
                failures += 1
                await self._pause(failures, error)

    async def _turn(self, *, was_away: bool) -> None:
        if (not self.applied or was_away) and not await self._is_resumable():
            await self._start_over()
        self._say_resumed()
        entries = await self._events.read(self.applied, BLOCK_MS)
        is_late, self._read_at = self._clock() - self._read_at > LATE_S, self._clock()
        # A read from a trimmed position begins in silence at the oldest event, one from the future never ends.
        if (not entries or is_late) and not await self._is_resumable():
            await self._start_over()
        elif entries:
            await self._apply(entries)

    async def _apply(self, entries: list[Entry]) -> None:
        await self._refresh(_changed_pages(entries))
        self._hub.publish(entries)
        self._move_to(self.applied | {entry.partition: entry.id for entry in entries})

    async def _refresh(self, names: Sequence[PageName]) -> None:
        """Make pages true, in one round trip; where one of them is damaged, each on its own."""
        try:
            await self._memory.refresh(names)
        except Unavailable:
            raise
        except Exception:
            for name in names:
                await self._refresh_one(name)

    async def _refresh_one(self, name: PageName) -> None:
        try:
            await self._memory.refresh([name])
        except Unavailable:
            raise
        except Exception:
            log.exception("%s/%s cannot be read; what is held of it stays", *name)

    async def _is_resumable(self) -> bool:
        for partition, applied in self.applied.items():
            if not await self._events.is_resumable(partition, applied):
                log.warning("position %s of partition %d cannot be resumed", applied, partition)
                return False
        return bool(self.applied)

    async def _start_over(self) -> None:
        """Take the newest position, and make true whatever was read before it."""
        tail = await self._events.tail()
        self._memory.forget_missing()
        names = self._memory.names
        for first in range(0, len(names), CHUNK):
            await self._refresh(names[first : first + CHUNK])
        was_following = bool(self.applied)
        self._move_to(tail)
        if was_following:
            self._hub.reset()

    def _move_to(self, applied: dict[int, str]) -> None:
        self.applied = applied
        self._moved.set()
        self._moved = asyncio.Event()

    async def _pause(self, failures: int, error: Exception) -> None:
        if not isinstance(error, Unavailable):
            log.error("following the events went wrong", exc_info=error)
        if not self._is_away:
            self._is_away = True
            log.warning("events do not arrive, pages are served from memory: %s", error)
            self._hub.say("paused")
        await asyncio.sleep(pause_s(failures, random.random()))  # noqa: S311

    def _say_resumed(self) -> None:
        if self._is_away:
            self._is_away = False
            log.warning("events arrive again")
            self._hub.say("resumed")


def pause_s(failures: int, dice: float) -> float:
    """Time before the next attempt: doubling, capped, with jitter over its upper half.

    Args:
        failures: attempts that failed in a row, >= 1.
        dice: a random number, 0 <= dice < 1.
    """
    ceiling = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10))
    return ceiling * (0.5 + dice / 2)


def _changed_pages(entries: list[Entry]) -> list[PageName]:
    """Pages to read again. An event of a newer Platen may have changed its page, so that one is read, too."""
    changed: dict[PageName, None] = {}
    for entry in entries:
        try:
            event = decode_event(entry.data)
        except Undecodable as error:
            log.warning("event %s: %s", entry.id, error)
            continue
        if isinstance(event, PageBuilt | PageUnpublished) or (isinstance(event, UnknownEvent) and event.site):
            changed[PageName(event.site, event.page)] = None
    return list(changed)
