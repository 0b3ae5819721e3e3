"""How many are let in at once, and what becomes of those who wait."""

import asyncio

import pytest

from services.server.gate import Gate
from shared.errors import StoreUnavailable
from tests.conftest import wait_until


class Inside:
    """People who pass a gate and stay until the test lets them go."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.names: list[int] = []
        self.may_go = asyncio.Event()

    async def visit(self, name: int) -> None:
        async with self._gate:
            self.names.append(name)
            await self.may_go.wait()


async def test_so_many_are_inside_at_once_and_the_others_follow_in_order() -> None:
    inside = Inside(Gate(at_once=2))
    visits = [asyncio.create_task(inside.visit(name)) for name in range(5)]
    await wait_until(lambda: len(inside.names) == 2)
    for _ in range(5):
        await asyncio.sleep(0)
    assert inside.names == [0, 1]

    inside.may_go.set()
    await asyncio.gather(*visits)

    assert inside.names == [0, 1, 2, 3, 4]


async def test_whoever_waits_for_too_long_is_told_so_and_whoever_leaves_bars_nobody() -> None:
    inside = Inside(gate := Gate(at_once=1, longest_s=0.05))
    first = asyncio.create_task(inside.visit(0))
    await wait_until(lambda: inside.names == [0])
    leaving = asyncio.create_task(inside.visit(1))

    with pytest.raises(StoreUnavailable):
        await inside.visit(2)
    leaving.cancel()
    inside.may_go.set()
    await asyncio.gather(first, leaving, return_exceptions=True)

    async with gate:
        pass
