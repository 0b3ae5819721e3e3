"""The time that one request has for Redis."""

import asyncio

import pytest

from services.api.budget import limited
from shared.errors import StoreUncertain


async def test_what_takes_too_long_is_ended_and_nobody_knows_whether_it_was_done() -> None:
    async def wait() -> None:
        async with limited(0.01):
            await asyncio.Event().wait()

    with pytest.raises(StoreUncertain, match=r"within 0\.01 s"):
        await wait()


async def test_what_is_not_waiting_for_redis_does_not_count() -> None:
    loop = asyncio.get_running_loop()

    async with limited(0.05) as budget:
        with budget.paused():
            await asyncio.wait([loop.create_future()], timeout=0.1)
        went_on = True

    assert went_on


async def test_after_a_pause_the_rest_is_left_and_no_more() -> None:
    async def pause_and_wait() -> None:
        async with limited(0.05) as budget:
            with budget.paused():
                pass
            await asyncio.Event().wait()

    with pytest.raises(StoreUncertain):
        await pause_and_wait()


async def test_a_cancelled_request_is_no_late_one() -> None:
    async def wait() -> None:
        async with limited():
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.wait([task], timeout=0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
