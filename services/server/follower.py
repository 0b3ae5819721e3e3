"""Follows the events from the position last applied: first pages are made true, then watchers are told.

So when a watcher reads `live`, this process serves that page already. A lost connection costs nothing but delay.
Where the position can no longer be resumed (history trimmed, Redis emptied or restored), every held page is
checked and every watcher starts again from a snapshot; and what is newer here than in Redis is written back.
"""

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from services.server.history import histories
from services.server.hosts import Hosts
from services.server.hub import Hub, Told, tell
from services.server.memory import PageMemory, PageName
from services.server.witness import Witness
from shared.errors import StoreUnavailable, Unavailable, Undecodable
from shared.event_log import EventLog
from shared.events import (
    AnyEvent,
    ConfigPublished,
    HostnamesSet,
    PageBuilt,
    PageMoved,
    PageUnpublished,
    UnknownEvent,
    decode_event,
)
from shared.streams import Entry, position
from shared.tasks import end

log = logging.getLogger(__name__)

BLOCK_MS = 1_000
# A pause that has just begun when Redis is back is time for which visitors get what was replaced meanwhile.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 0.5
# How often it is checked that events follow on the ones applied; reads return at least every BLOCK_MS.
CHECK_S = 1.0
CHUNK = 500

OnApplied = Callable[[Mapping[int, str], Collection[int]], None]


class Follower:
    """One per process.

    Args:
        events: the log.
        memory: pages to keep true.
        hub: whom to tell.
        witness: writes back what Redis has forgotten.
        hosts: the hostnames to keep true.
        on_applied: told where this process is, and in which partitions pages changed, after the watchers were told.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        events: EventLog,
        memory: PageMemory,
        hub: Hub,
        witness: Witness,
        hosts: Hosts,
        *,
        on_applied: OnApplied = lambda _applied, _changed: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._events, self._memory, self._hub, self._witness = events, memory, hub, witness
        self._on_applied, self._clock = on_applied, clock
        self._hosts = hosts
        self._task: asyncio.Task[None] | None = None
        self._is_away = False
        self._checked_at = clock()
        self._moved = asyncio.Event()
        self.applied: dict[int, str] = {}
        self.handed_on: dict[int, str] = {}
        self.histories = histories(events)

    @property
    def is_following(self) -> bool:
        """Whether what is held is known to be true, up to the delay of the stream."""
        return bool(self.applied) and not self._is_away

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop following. Cancelling a plain XREAD loses nothing: it has no effect in Redis."""
        await end(self._task)

    def position_of(self, partition: int, at_least: str) -> str:
        """The newest position whose events have all been handed on.

        Args:
            partition: whose events.
            at_least: a position known to be good, such as a snapshot's.
        """
        handed_on = self.handed_on.get(partition, at_least)
        return max(handed_on, at_least, key=position)

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
        if (not self.applied or was_away) and not await self._is_resumable(self.applied):
            await self._start_over()
        # Redis may answer while the connection that events come over cannot be had. Once it can, that is said at once.
        entries = await self._events.read(self.applied, 1 if self._is_away else BLOCK_MS)
        self._say_resumed()
        # A read from a trimmed position begins in silence at the oldest event, one from the future never ends.
        is_due = not entries or self._clock() - self._checked_at > CHECK_S
        if is_due and not await self._is_resumable(self.applied):
            return await self._start_over()
        if is_due:
            self._checked_at = self._clock()
            await self._hosts.catch_up()
        if entries:
            await self._apply(entries)
        return None

    async def _apply(self, entries: list[Entry]) -> None:
        decoded = [_decode(entry) for entry in entries]
        events = [event for event in decoded if event is not None]
        changed = _changed_pages(events)
        for event in events:
            if isinstance(event, ConfigPublished):
                self._memory.note((event.site, event.page), event.seq, event.version)
        await self._hosts.refresh(event.site for event in events if isinstance(event, HostnamesSet))
        # One from before Redis was emptied or lost its last writes goes on with whatever came later.
        follows_on = {entry.partition: self.applied[entry.partition] for entry in entries}
        if not await self._make_true(changed, follows_on):
            return await self._start_over()
        told = [tell(entry, event) for entry, event in zip(entries, decoded, strict=True)]
        # In one step: whoever joins from here on finds these events in the history, and whoever was there is told.
        plans = self._hub.plan(told)
        self._remember(entries, told)
        self._move_to(self.applied | {entry.partition: entry.id for entry in entries})
        await self._hub.hand_on(plans)
        self.handed_on = self.applied
        self._on_applied(self.applied, {entry.partition for entry in entries} if changed else ())
        return None

    async def _make_true(self, changed: Sequence[PageName], follows_on: Mapping[int, str]) -> bool:
        """Make pages true, and ask meanwhile about the positions that the events follow on.

        Where one of both fails, the other is waited for: an answer that came later would pass for a new one.

        Returns:
            False where Redis went back in time.
        """
        ahead = asyncio.create_task(self._refresh(changed))
        is_same = asyncio.create_task(self._is_resumable(follows_on))
        await asyncio.gather(ahead, is_same, return_exceptions=True)
        return is_same.result() and not ahead.result()

    def _remember(self, entries: Sequence[Entry], told: Sequence[Told]) -> None:
        by_partition: defaultdict[int, list[Told]] = defaultdict(list)
        for entry, each in zip(entries, told, strict=True):
            by_partition[entry.partition].append(each)
        for partition, those in by_partition.items():
            self.histories[partition].append(those)

    async def _refresh(self, names: Sequence[PageName]) -> list[PageName]:
        """Make pages true, in one round trip; where one of them is damaged, each on its own.

        Returns:
            pages of which this process knows more than Redis.
        """
        try:
            return await self._memory.refresh(names)
        except Unavailable:
            raise
        except Exception:
            return [ahead for name in names for ahead in await self._refresh_one(name)]

    async def _refresh_one(self, name: PageName) -> list[PageName]:
        try:
            return await self._memory.refresh([name])
        except Unavailable:
            raise
        except Exception:
            log.exception("%s/%s cannot be read; what is held of it stays", *name)
            return []

    async def _is_resumable(self, applied: Mapping[int, str]) -> bool:
        lost = await self._events.find_lost(applied)
        for partition in lost:
            log.warning("position %s of partition %d cannot be resumed", applied[partition], partition)
        return bool(applied) and not lost

    async def _start_over(self) -> None:
        """Take the newest position, and make true whatever was read before it, here or in Redis.

        Side effects: 1 names known to be missing are forgotten; 2 pages that are newer in Redis are taken from there;
        3 pages that are newer here are written back, which is told by events behind the position taken; 4 the same is
        done with the hostnames; 5 following goes on from that position; 6 every watcher starts again.
        """
        tail = await self._events.tail()
        self._memory.forget_missing()
        names = self._memory.names
        for first in range(0, len(names), CHUNK):
            ahead = await self._refresh(names[first : first + CHUNK])
            await self._witness.testify(ahead, self.applied or tail)
        await self._hosts.start_over()
        was_following = bool(self.applied)
        for partition, history in self.histories.items():
            history.start_over(tail[partition])
        self._move_to(tail)
        self.handed_on = tail
        self._checked_at = self._clock()
        if was_following:
            self._hub.reset()
        self._on_applied(tail, tail)

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


def _decode(entry: Entry) -> AnyEvent | UnknownEvent | None:
    try:
        return decode_event(entry.data)
    except Undecodable as error:
        log.warning("event %s: %s", entry.id, error)
        return None


def _changed_pages(events: list[AnyEvent | UnknownEvent]) -> list[PageName]:
    """Pages to read again. An event of a newer Platen may have changed its page, so that one is read, too."""
    changed: dict[PageName, None] = {}
    for event in events:
        if isinstance(event, PageBuilt | PageUnpublished | PageMoved | UnknownEvent) and event.site:
            old = event.old if isinstance(event, PageMoved) else ()
            changed |= {PageName(event.site, page): None for page in (*old, event.page)}
    return list(changed)
