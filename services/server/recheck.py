"""Held pages are compared with Redis, a few at a time, all the time.

The follower makes true what an event names. What changes without one (somebody who writes to Redis by hand, a bug) is
found here, in minutes instead of never. Compared are seq and hash; only what differs is read. A page never goes back:
what is newer here is written back, as when Redis itself went back in time.
"""

import asyncio
import logging
from collections.abc import Sequence

from services.server.follower import Follower
from services.server.memory import PageMemory, PageName
from services.server.witness import Witness
from shared.errors import Unavailable
from shared.event_log import EventLog
from shared.published import Mark, PublishedStore
from shared.tasks import end

log = logging.getLogger(__name__)

PAUSE_S = 1.0
# How long events may be on their way before nothing is compared.
BEHIND_S = 2.0


class Recheck:
    """One per process.

    Args:
        published: what Redis says.
        events: the log.
        memory: what is held.
        follower: says how far the events were followed; without events nothing is compared.
        witness: writes back what Redis has forgotten.
        pages_per_s: how many pages to compare; 0 compares none.
    """

    def __init__(  # noqa: PLR0917 - all that keeps a memory true
        self,
        published: PublishedStore,
        events: EventLog,
        memory: PageMemory,
        follower: Follower,
        witness: Witness,
        pages_per_s: float,
    ) -> None:
        self._published, self._events, self._memory = published, events, memory
        self._follower, self._witness, self._pages_per_s = follower, witness, pages_per_s
        self._task: asyncio.Task[None] | None = None
        self.found = 0

    def start(self) -> None:
        """Begin."""
        if self._pages_per_s:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; what was not compared stays as it is."""
        await end(self._task)

    async def _run(self) -> None:
        count = max(1, round(self._pages_per_s * PAUSE_S))
        while True:
            # A round takes the pages that are held when it begins; an empty one takes a pause, too.
            names = self._memory.names
            for first in range(0, max(1, len(names)), count):
                await asyncio.sleep(count / self._pages_per_s)
                await self._try(names[first : first + count])

    async def _try(self, names: Sequence[PageName]) -> None:
        if not self._follower.is_following:
            return
        try:
            await self.compare(names)
        except Unavailable as error:
            log.debug("held pages cannot be compared just now: %s", error)
        except Exception:
            # Whatever it is: the next pages are looked at.
            log.exception("held pages cannot be compared")

    async def compare(self, names: Sequence[PageName]) -> None:
        """Compare some pages, and make true those that differ, here or in Redis.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; what is held stays as it is.
            Misconfigured: Redis was set up with another number of partitions.
        """
        if not names or not (differing := await self._differing(names)):
            return
        ahead = [name for name in differing if await self._is_ahead(name)]
        if ahead:
            await self._witness.testify(ahead, self._follower.applied)

    async def _differing(self, names: Sequence[PageName]) -> list[PageName]:
        """Pages that differ although everything that had happened by then was applied."""
        marks = await self._published.marks(names)
        marked = zip(names, marks, strict=True)
        found = [(name, self._memory.look(name)) for name, mark in marked if mark and self._differs(name, mark)]
        if found:
            for partition, at in (await self._events.tail()).items():
                await self._follower.reach(partition, at, BEHIND_S)
        # What became another page meanwhile was told of; it may be newer than what Redis said.
        return [name for name, held in found if self._memory.look(name) is held]

    def _differs(self, name: PageName, mark: Mark) -> bool:
        held = self._memory.look(name)
        return held is not None and mark != (held.published.seq, held.published.etag)

    async def _is_ahead(self, name: PageName) -> bool:
        """Take a page as Redis has it now; True where Redis has forgotten it."""
        before = self._memory.look(name)
        try:
            ahead = await self._memory.refresh([name])
        except Unavailable:
            raise
        except Exception as error:
            log.warning("%s/%s cannot be read, what is held of it stays: %s", *name, error)
            return False
        if ahead or self._memory.look(name) is not before:
            self.found += 1
            log.warning("%s/%s was another page in Redis than here, and no event said so", *name)
        return bool(ahead)
