"""What a server knows and Redis has forgotten: it is written back.

A Redis that was emptied, restored from an older file, or failed over to a replica that lagged behind knows less than
the servers, which hold pages and the numbers given out. The script only lifts (decision 10), so several may testify
at once.
"""

import logging
from collections.abc import Mapping, Sequence

from services.server.memory import PageMemory, PageName
from shared.connection import Client, check_partitions
from shared.errors import Unavailable
from shared.keys import Keys
from shared.telemetry import traceparent_of
from shared.witness import Lifted, Witnessed, WitnessStore

log = logging.getLogger(__name__)

# Bodies travel, so a piece is small enough for the time a call may take.
CHUNK = 20
MOST_NAMED = 5


class Witness:
    """Testifies for the pages in memory.

    Args:
        client: for short calls.
        witnesses: where the pages are written back.
        memory: what is held.
        keys: names.
    """

    def __init__(self, client: Client, witnesses: WitnessStore, memory: PageMemory, keys: Keys) -> None:
        self._client, self._witnesses, self._memory, self._keys = client, witnesses, memory, keys
        self.restored = 0

    async def testify(self, names: Sequence[PageName], followed: Mapping[int, str]) -> None:
        """Write back what Redis no longer knows of some pages that are held.

        Args:
            names: the pages; for one that Redis knows nothing changes.
            followed: the position up to which this process had followed each partition.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away or takes no writes; to be done again.
            Misconfigured: what Redis holds now was set up with another number of partitions.
        """
        if not names:
            return
        await check_partitions(self._client, self._keys.partitions)
        lifted: list[tuple[PageName, Lifted]] = []
        try:
            for first in range(0, len(names), CHUNK):
                lifted += await self._testify(names[first : first + CHUNK], followed)
        finally:
            self._tell(lifted)

    async def _testify(self, names: Sequence[PageName], followed: Mapping[int, str]) -> list[tuple[PageName, Lifted]]:
        held = [(name, page) for name in names if (page := self._memory.look(name)) is not None]
        pages = [
            Witnessed(*name, page.published, page.length, followed[self._keys.partition(name.site)])
            for name, page in held
        ]
        answers = await self._witnesses.lift(pages, traceparent_of(""))
        return [(name, _checked(name, answer)) for (name, _), answer in zip(held, answers, strict=True)]

    def _tell(self, lifted: list[tuple[PageName, Lifted]]) -> None:
        restored = ["/".join(name) for name, answer in lifted if answer in {"live", "newer"}]
        counted = sum(answer == "counted" for _, answer in lifted)
        self.restored += len(restored)
        if restored or counted:
            log.error(
                "Redis went back in time: %d pages were newer here and were written back (%s), of %d more the numbers",
                len(restored),
                ", ".join(restored[:MOST_NAMED]) or "none",
                counted,
            )


def _checked(name: PageName, answer: Lifted | Exception) -> Lifted:
    """What became of a page; one that Redis will never take is told here, and goes on being served.

    Raises:
        StoreUnavailable, StoreUncertain: Redis did not take it, but may later.
    """
    if isinstance(answer, Unavailable):
        raise answer
    if isinstance(answer, Exception) or answer == "damaged":
        log.error("%s/%s cannot be written back, and goes on being served from memory: %s", *name, answer)
        return "damaged"
    return answer
