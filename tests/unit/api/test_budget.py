"""The time that a request has for Redis."""

import asyncio

import pytest
import uvloop

from services.api.budget import Budget
from shared.errors import StoreUncertain

SOON_S = 0.02


async def done_at(event: asyncio.Event) -> str:
    await event.wait()
    return "done"


async def test_work_within_the_time_has_its_outcome() -> None:
    at_once = asyncio.Event()
    at_once.set()

    assert await Budget(SOON_S).spend(done_at(at_once)) == "done"


async def test_work_beyond_the_time_is_cut_off() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(StoreUncertain, match="within"):
        await Budget(SOON_S).spend(work())
    await ended.wait()


async def test_work_that_swallows_its_end_is_not_waited_for() -> None:
    goes_on, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await goes_on.wait()
            ended.set()
            raise ValueError("nobody hears this") from None

    with pytest.raises(StoreUncertain):
        await Budget(SOON_S).spend(work())
    assert not ended.is_set()
    goes_on.set()
    await ended.wait()


async def test_a_pause_costs_nothing() -> None:
    budget, late = Budget(SOON_S), asyncio.Event()
    asyncio.get_running_loop().call_later(5 * SOON_S, late.set)

    async def work() -> str:
        with budget.paused():
            return await done_at(late)

    assert await budget.spend(work()) == "done"


async def test_after_a_pause_the_rest_of_the_time_runs() -> None:
    budget, at_once = Budget(SOON_S), asyncio.Event()
    at_once.set()

    async def work() -> None:
        with budget.paused():
            await done_at(at_once)
        await asyncio.Event().wait()

    with pytest.raises(StoreUncertain):
        await budget.spend(work())


@pytest.mark.parametrize("left_s", [0.0003, 0.0, -0.001])
def test_next_to_nothing_is_left_on_the_loop_that_serves(left_s: float) -> None:
    async def spend() -> None:
        with pytest.raises(StoreUncertain):
            await Budget(left_s).spend(asyncio.Event().wait())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(spend())
