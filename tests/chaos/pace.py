"""When the clients of a run do something: at a steady rate, whatever became of what they did before."""

import asyncio

from tests.chaos.history import now


class Pace:
    """Hands out numbers at a steady rate, late ones at once.

    Args:
        per_s: how many.
    """

    def __init__(self, per_s: float) -> None:
        self._per_s, self._began, self.given, self.is_over = per_s, now(), 0, False

    async def next(self) -> int:
        """The next number, 1, 2, …, when it is due; 0 once it is over."""
        self.given += 1
        number = self.given
        await asyncio.sleep(max(0.0, self._began + number / self._per_s - now()))
        return 0 if self.is_over else number
