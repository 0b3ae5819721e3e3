"""Entries whose builder died: who is dead, and what it left."""

from shared.connection import Client
from shared.heartbeat import DeathWatch, read_beats
from shared.queue import Queue
from shared.streams import Entry


class Orphans:
    """What dead builders left.

    Args:
        client: for short calls.
        queue: this builder's view of the lanes.
    """

    def __init__(self, client: Client, queue: Queue) -> None:
        self._client, self._queue = client, queue
        self._watch = DeathWatch()
        self._dead: list[str] = []

    @property
    def are_left(self) -> bool:
        """Whether a dead builder may still hold entries."""
        return bool(self._dead)

    async def look(self) -> None:
        """Look who beats. Once per heartbeat, no more often: death is judged by looks.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        others = sorted(await self._queue.consumers() - {self._queue.builder})
        self._dead = self._watch.look(await read_beats(self._client, others)) if others else []

    async def take(self, count: int) -> list[Entry]:
        """Take over some entries; a dead builder that holds none is forgotten.

        Args:
            count: most entries; one that may have killed its builder comes alone.

        Returns:
            entries; none once nothing is left.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        while self._dead:
            entries = await self._queue.claim(self._dead[-1], count)
            if entries:
                return entries
            await self._queue.remove(self._dead.pop())
        return []
