"""Ending tasks.

On Python 3.11 `asyncio.wait_for` may swallow a cancellation that comes as what it waits for gets done, and redis-py
writes with it: a task that is cancelled once in the middle of a call may go on for ever.
"""

import asyncio
from typing import Any

AGAIN_S = 0.1


async def end(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancel tasks until they have ended. What they raise is nobody's concern any more.

    Args:
        tasks: those to end; None is passed over.
    """
    running = [task for task in tasks if task is not None]
    while left := [task for task in running if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=AGAIN_S)
    await asyncio.gather(*running, return_exceptions=True)
