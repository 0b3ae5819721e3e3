"""The newest events of a partition as watchers are told them, held in memory.

Watchers who come back after a restart or a cut ask for what they missed, thousands of them at once, and mostly for the
same: what one of them makes this process read and decode, the others find here. What is held are events that this
process has applied, without a gap, so the position of any of them can be resumed from.
"""

from bisect import bisect_left
from collections.abc import Sequence

from services.server.hub import Position, Told, tell
from services.server.sharing import Sharing
from shared.errors import Undecodable
from shared.event_log import EventLog, Past
from shared.events import decode_event
from shared.streams import START, Entry, position

MOST_HELD = 10_000
MOST_BYTES = 8 * 1024 * 1024
CHUNK = 500
# Room is made for several at once: moving all that stays costs as much as moving it for one.
SLACK = 1.1


class History:
    """Of one partition.

    Args:
        events: where older ones are read.
        partition: whose events.
        most: bound of the events held, and of how far somebody may be behind.
        most_bytes: likewise, of their blocks' bytes.
    """

    def __init__(self, events: EventLog, partition: int, most: int, most_bytes: int) -> None:
        self._events, self._partition, self._most, self._most_bytes = events, partition, most, most_bytes
        self._told: list[Told] = []
        self._size_bytes = 0
        # The events held are all that followed on this position.
        self._follows: Position = (0, 0)
        # Nothing before that is to be had, or there is no room for it.
        self._is_furthest = False
        self._reaching = Sharing(self._reach_back)

    def __len__(self) -> int:
        return len(self._told)

    def start_over(self, at: str) -> None:
        """Forget everything: events follow on this position, and on no earlier one that is known."""
        self._told, self._size_bytes = [], 0
        self._follows, self._is_furthest = position(at), False

    def append(self, told: Sequence[Told]) -> None:
        """Take events that were applied, the ones behind those that are held."""
        self._told += told
        self._size_bytes += _size_bytes(told)
        self._keep_bounds()

    async def since(self, after: str) -> list[Told] | None:
        """Events behind a position, up to what this process has applied.

        Returns:
            None where that position cannot be resumed: it is of another history, or too far back.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away, and the position is none of those that are held.
        """
        wanted = position(after)
        while wanted < self._follows and not self._is_furthest:
            await self._reaching.ask(self._partition)
        if wanted > self._newest:
            # Where another process told of it this one will come to it; then nothing is missing until there.
            return [] if await self._events.is_resumable(self._partition, after) else None
        return self._find(wanted)

    @property
    def _newest(self) -> Position:
        return self._told[-1].at if self._told else self._follows

    def _find(self, wanted: Position) -> list[Told] | None:
        if wanted == self._follows:
            return self._told[:]
        index = bisect_left(self._told, wanted, key=_position_of)
        is_there = index < len(self._told) and self._told[index].at == wanted
        return self._told[index + 1 :] if is_there else None

    async def _reach_back(self, _partition: int) -> None:
        """Take the events that lead up to what is held, some at a time.

        Backwards, so that each is read once at most: positions that are too far back, or that nobody was ever given,
        cost no more than those that are found.
        """
        if self._is_furthest:
            return
        follows = self._follows
        count = min(CHUNK, self._most - len(self._told)) + 1
        past = await self._events.before(self._partition, "{}-{}".format(*follows), count)
        # While it was read, what it was to lead up to may have been forgotten.
        if self._follows is follows:
            self._is_furthest = len(past.entries) < count
            self._prepend(past)

    def _prepend(self, past: Past) -> None:
        earlier = [_tell(entry) for entry in past.entries]
        if past.is_whole:
            self._follows = position(START)
        elif earlier:
            self._follows = earlier.pop(0).at
        self._told[:0] = earlier
        self._size_bytes += _size_bytes(earlier)
        self._keep_bounds()

    def _keep_bounds(self) -> None:
        self._is_furthest = self._is_furthest or len(self._told) >= self._most
        if len(self._told) > self._most * SLACK or self._size_bytes > self._most_bytes * SLACK:
            self._make_room()

    def _make_room(self) -> None:
        dropped = 0
        while len(self._told) - dropped > self._most or self._size_bytes > self._most_bytes:
            self._size_bytes -= len(self._told[dropped].text)
            dropped += 1
        self._follows, self._is_furthest = self._told[dropped - 1].at, True
        del self._told[:dropped]


def histories(events: EventLog) -> dict[int, History]:
    """One for each partition, which share the bounds."""
    count = len(events.partitions)
    return {p: History(events, p, MOST_HELD // count, MOST_BYTES // count) for p in events.partitions}


def _tell(entry: Entry) -> Told:
    try:
        return tell(entry, decode_event(entry.data))
    except Undecodable:
        return tell(entry, None)


def _size_bytes(told: Sequence[Told]) -> int:
    return sum(len(each.text) for each in told)


def _position_of(told: Told) -> Position:
    return told.at
