"""How long a request may spend on Redis, in all.

One call is bounded by its own timeout, but a request makes several: it opens a connection, looks up the token, makes
the change, and makes it again where the answer was lost.

Work whose time is over is cancelled and let go, not waited for: up to Python 3.11 `asyncio.wait_for`, through which
redis-py writes, can swallow a cancellation, and the work goes on until its own timeouts end it. A call that is cut off
closes its connection (redis-py does so for whatever interrupts it), so nobody reads an answer meant for another.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from shared.errors import StoreUncertain

# The caller has an answer within two seconds; the rest is for everything that is not Redis.
REDIS_WITHIN_S = 1.6

Outcome = TypeVar("Outcome")

# The event loop itself holds tasks weakly. Each of these ends within its own timeouts.
_let_go: set[asyncio.Task[Any]] = set()


class Budget:
    """The time of one request. It runs while it is spent, but for what is `paused`.

    Args:
        within_s: how much there is.
    """

    def __init__(self, within_s: float = REDIS_WITHIN_S) -> None:
        self._loop = asyncio.get_running_loop()
        self._within_s = self._left_s = within_s
        self._over = self._loop.create_future()
        self._timer: asyncio.Handle | None = None
        self._ends_at = 0.0

    async def spend(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Do work within the time.

        Raises:
            StoreUncertain: the time is over; what was under way may have been done.
        """
        task = asyncio.create_task(work)
        self._start()
        try:
            await asyncio.wait({task, self._over}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise StoreUncertain(f"Redis did not answer within {self._within_s:g} s")
        finally:
            self._stop()
            if not task.done():
                _end(task)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stand still: what happens in here is not Redis's doing."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def _start(self) -> None:
        # Kept here: what uvloop gives for less than a millisecond does not know when it is due.
        self._ends_at = self._loop.time() + self._left_s
        self._timer = self._loop.call_later(self._left_s, self._on_over)

    def _stop(self) -> None:
        if self._timer is not None:
            self._left_s = self._ends_at - self._loop.time()
            self._timer.cancel()
            self._timer = None

    def _on_over(self) -> None:
        if not self._over.done():
            self._over.set_result(None)


def _end(task: asyncio.Task[Any]) -> None:
    _let_go.add(task)
    task.add_done_callback(_on_end)
    task.cancel()


def _on_end(task: asyncio.Task[Any]) -> None:
    _let_go.discard(task)
    if not task.cancelled():
        task.exception()  # nobody is left to be told, and asyncio logs what nobody has looked at
