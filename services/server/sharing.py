"""Reads that many want at once: after a restart thousands of watchers come back together and ask for the same thing.

Nobody is given what was read before they asked, so a watcher that joined the hub first misses nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")


class Sharing(Generic[Key, Found]):
    """Makes one read at a time for each key; whoever asks while one is under way shares the next.

    Args:
        read: what is shared.
    """

    def __init__(self, read: Callable[[Key], Awaitable[Found]]) -> None:
        self._read = read
        self._under_way: dict[Key, asyncio.Task[Found]] = {}
        self._next: dict[Key, asyncio.Task[Found]] = {}

    async def ask(self, key: Key) -> Found:
        """What is read from here on.

        Raises:
            Exception: whatever the read raises.
        """
        task = self._next.get(key)
        if task is None:
            task = self._next[key] = asyncio.create_task(self._run(key, self._under_way.get(key)))
            task.add_done_callback(_take_note)
        # Shielded: one who leaves must not take it from the others.
        return await asyncio.shield(task)

    async def _run(self, key: Key, before: "asyncio.Task[Found] | None") -> Found:
        if before is not None:
            await asyncio.wait([before])
        task = self._under_way[key] = self._next.pop(key)
        try:
            return await self._read(key)
        finally:
            if self._under_way.get(key) is task:
                del self._under_way[key]


def _take_note(task: "asyncio.Task[Any]") -> None:
    """What a read raises after everybody has left would be told as an error that nobody looked at."""
    if not task.cancelled():
        task.exception()
