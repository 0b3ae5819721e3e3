"""How many watchers something is read for at once. When thousands come together, the others wait here.

In the queue for a connection to Redis they would stand in front of the follower and of visitors, and most of them would
run out of time there: nobody would be told anything.
"""

import asyncio

from shared.errors import StoreUnavailable

# Streams pass two gates, so a quarter of a process's connections is always left to others.
AT_ONCE = 24
LONGEST_S = 5.0


class Gate:
    """Is passed by `async with`, in the order of coming.

    Args:
        at_once: how many may be inside.
        longest_s: how long somebody may wait.
    """

    def __init__(self, at_once: int = AT_ONCE, longest_s: float = LONGEST_S) -> None:
        self._free, self._longest_s = asyncio.Semaphore(at_once), longest_s

    async def __aenter__(self) -> None:
        """Wait to be let in.

        Raises:
            StoreUnavailable: it took too long.
        """
        try:
            async with asyncio.timeout(self._longest_s):
                await self._free.acquire()
        except TimeoutError:
            raise StoreUnavailable("too many wait to be told something") from None

    async def __aexit__(self, *_error: object) -> None:
        self._free.release()
