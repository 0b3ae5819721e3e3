"""What is read from Redis for many who ask, and kept for a short time: nobody who asks often makes Redis work often."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from shared.errors import Unavailable

Key = TypeVar("Key")
Thing = TypeVar("Thing")


class _Entry(NamedTuple, Generic[Thing]):
    thing: Thing
    cost: int
    read_at: float


class Kept(Generic[Key, Thing]):
    """Things by key, each read at most once within a time, and by one reader.

    Args:
        read: reads one.
        keep_s: for how long it is kept.
        most_bytes: bound of all together; the one not asked for longest goes first.
        cost_of: what one of them takes, in bytes.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        read: Callable[[Key], Awaitable[Thing]],
        keep_s: float,
        most_bytes: int,
        cost_of: Callable[[Thing], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._keep_s, self._most_bytes, self._cost_of, self._clock = (
            read,
            keep_s,
            most_bytes,
            cost_of,
            clock,
        )
        self._entries: OrderedDict[Key, _Entry[Thing]] = OrderedDict()
        self._reading: dict[Key, asyncio.Task[Thing]] = {}
        self._size_bytes = 0

    async def get(self, key: Key) -> Thing:
        """One thing, read anew where it is too old; while Redis is away an old one will do.

        Raises:
            StoreUnavailable, StoreUncertain: it is not kept and Redis is away.
        """
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
            if self._clock() - entry.read_at < self._keep_s:
                return entry.thing
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.create_task(self._renew(key))
        try:
            # Shielded: one visitor who leaves must not take it from the others.
            return await asyncio.shield(reading)
        except Unavailable:
            if entry is None:
                raise
            return entry.thing

    async def _renew(self, key: Key) -> Thing:
        try:
            thing = await self._read(key)
        finally:
            del self._reading[key]
        self._drop(key)
        self._entries[key] = _Entry(thing, self._cost_of(thing), self._clock())
        self._size_bytes += self._entries[key].cost
        while self._size_bytes > self._most_bytes and len(self._entries) > 1:
            self._drop(next(iter(self._entries)))
        return thing

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size_bytes -= entry.cost
