"""How long one request waits for Redis, over all its calls: a caller learns within two seconds that Redis is no help.

Each call is bounded by itself already, but a request makes several, may wait for a free connection, and asks again
where an answer was lost. What runs when the time is up is cancelled: redis-py closes the connection of a cancelled
command before it goes back to the pool, so no later request reads an answer meant for this one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from shared.errors import StoreUncertain

# Under the two seconds that are promised: making the answer takes time, too.
REQUEST_BUDGET_S = 1.8


class Budget:
    """What is left of a request's time.

    Args:
        timeout: entered; it ends the request.
    """

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the clock stand: what is waited for is not Redis.

        Raises:
            StoreUncertain: nothing is left.
        """
        now = asyncio.get_running_loop().time
        # A cancellation can get lost in asyncio.wait_for (until Python 3.12); it must not be a crash here.
        if self._timeout.expired():
            raise StoreUncertain("the time of this request was up")
        left_s = (self._timeout.when() or now()) - now()
        self._timeout.reschedule(None)
        try:
            yield
        finally:
            self._timeout.reschedule(now() + left_s)


@asynccontextmanager
async def limited(seconds: float = REQUEST_BUDGET_S) -> AsyncIterator[Budget]:
    """Bound the time that what is inside waits for Redis.

    Raises:
        StoreUncertain: the time is up; whether what was under way is done is unknown.
    """
    timeout = asyncio.timeout(seconds)
    try:
        async with timeout:
            yield Budget(timeout)
    except TimeoutError as error:
        raise StoreUncertain(f"Redis did not answer within {seconds:g} s") from error
