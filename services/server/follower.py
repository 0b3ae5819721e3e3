"""Follows the events from the position last applied: first pages are made true, then watchers are told.

So when a watcher reads `live`, this process serves that page already. A lost connection costs nothing but delay.
Where the position can no longer be resumed (history trimmed, Redis emptied or restored), every held page is
checked and every watcher starts again from a snapshot.
"""

import asyncio
import contextlib
import logging
import random

from services.server.hub import Hub
from services.server.memory import PageMemory, PageName
from shared.errors import Unavailable, Undecodable
from shared.events import PageBuilt, PageUnpublished, decode_event
from shared.retry import backoff_ms
from shared.streams import Entry, EventLog, position

log = logging.getLogger(__name__)

BLOCK_MS = 1_000
LONGEST_PAUSE_S = 2.0
CHUNK = 500


class Follower:
    """One per process.

    Args:
        events: the log.
        memory: pages to keep true.
        hub: whom to tell.
    """

    def __init__(self, events: EventLog, memory: PageMemory, hub: Hub) -> None:
        self._events, self._memory, self._hub = events, memory, hub
        self._task: asyncio.Task[None] | None = None
        self._is_away = False
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

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._turn(was_away=failures > 0)
                failures = 0
            except Unavailable as error:
                failures += 1
                await self._pause(failures, error)
            except Exception:
                # Stopping would freeze every page of this process; a bug must not do that.
                failures += 1
                log.exception("following the events went wrong")
                await asyncio.sleep(LONGEST_PAUSE_S)

    async def _turn(self, *, was_away: bool) -> None:
        if not self.applied or was_away:
            await self._check_position()
        self._say_resumed()
        entries = await self._events.read(self.applied, BLOCK_MS)
        if entries:
            await self._apply(entries)
        else:
            await self._check_position()

    async def _apply(self, entries: list[Entry]) -> None:
        await self._memory.refresh(_changed_pages(entries))
        self._hub.publish(entries)
        for entry in entries:
            self.applied[entry.partition] = entry.id

    async def _check_position(self) -> None:
        for partition, applied in self.applied.items():
            if not await self._events.is_resumable(partition, applied):
                log.warning("position %s of partition %d cannot be resumed", applied, partition)
                break
        else:
            if self.applied:
                return
        await self._start_over()

    async def _start_over(self) -> None:
        """Take the newest position, and make true whatever was read before it."""
        tail = await self._events.tail()
        self._memory.forget_missing()
        names = self._memory.names
        for first in range(0, len(names), CHUNK):
            await self._memory.refresh(names[first : first + CHUNK])
        was_following = bool(self.applied)
        self.applied = tail
        if was_following:
            self._hub.reset()

    async def _pause(self, failures: int, error: Unavailable) -> None:
        if not self._is_away:
            self._is_away = True
            log.warning("Redis is away, pages are served from memory: %s", error)
            self._hub.say("paused")
        await asyncio.sleep(min(LONGEST_PAUSE_S, backoff_ms(failures, random.random()) / 1000))  # noqa: S311

    def _say_resumed(self) -> None:
        if self._is_away:
            self._is_away = False
            log.warning("Redis is back")
            self._hub.say("resumed")

    def position_of(self, partition: int, at_least: str) -> str:
        """The newest position whose events have all been handed on.

        Args:
            at_least: a position known to be good, such as a snapshot's.
        """
        applied = self.applied.get(partition, at_least)
        return max(applied, at_least, key=position)


def _changed_pages(entries: list[Entry]) -> set[PageName]:
    changed = set()
    for entry in entries:
        try:
            event = decode_event(entry.data)
        except Undecodable as error:
            log.warning("event %s: %s", entry.id, error)
            continue
        if isinstance(event, PageBuilt | PageUnpublished):
            changed.add(PageName(event.site, event.page))
    return changed
