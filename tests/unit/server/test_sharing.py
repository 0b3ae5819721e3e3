"""Reads that many want at once: who shares which, and what becomes of it when somebody leaves or a read fails."""

import asyncio
import gc
from collections import Counter

import pytest

from services.server.sharing import Sharing
from tests.conftest import wait_until


class Reads:
    """Reads that end when the test says so."""

    def __init__(self) -> None:
        self.begun = Counter[str]()
        self.may_end = asyncio.Event()
        self.failing = 0

    async def __call__(self, key: str) -> int:
        self.begun[key] += 1
        number = self.begun[key]
        await self.may_end.wait()
        if number == self.failing:
            raise LookupError(key)
        return number


@pytest.fixture
def reads() -> Reads:
    return Reads()


async def test_who_asks_while_a_read_is_under_way_shares_the_next(reads: Reads) -> None:
    sharing = Sharing(reads)
    first = [asyncio.create_task(sharing.ask("spring")) for _ in range(3)]
    await wait_until(lambda: reads.begun["spring"] == 1)
    later = [asyncio.create_task(sharing.ask("spring")) for _ in range(1_000)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert reads.begun["spring"] == 1
    reads.may_end.set()

    assert await asyncio.gather(*first) == [1] * 3
    assert await asyncio.gather(*later) == [2] * 1_000
    assert await sharing.ask("spring") == 3
    # Nothing is left behind, however many keys there ever were.
    assert not sharing._under_way
    assert not sharing._next


async def test_nobody_waits_for_another_key(reads: Reads) -> None:
    sharing = Sharing(reads)
    tasks = [asyncio.create_task(sharing.ask(key)) for key in ("spring", "autumn")]
    await wait_until(lambda: reads.begun == {"spring": 1, "autumn": 1})
    reads.may_end.set()

    assert await asyncio.gather(*tasks) == [1, 1]


async def test_who_leaves_takes_it_from_nobody(reads: Reads) -> None:
    sharing = Sharing(reads)
    leaving, staying = (asyncio.create_task(sharing.ask("spring")) for _ in range(2))
    await wait_until(lambda: reads.begun["spring"] == 1)
    leaving.cancel()
    reads.may_end.set()

    assert await staying == 1
    assert leaving.cancelled()


async def test_a_read_that_fails_once_everybody_has_left_is_nobodys_concern(reads: Reads) -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    sharing = Sharing(reads)
    leaving = asyncio.create_task(sharing.ask("spring"))
    await wait_until(lambda: reads.begun["spring"] == 1)
    leaving.cancel()
    await asyncio.wait([leaving])
    # It would keep what it waited for.
    del leaving

    reads.failing = 1
    reads.may_end.set()
    await wait_until(lambda: not sharing._under_way)
    await asyncio.sleep(0)
    gc.collect()

    assert told == []


async def test_a_read_that_fails_fails_for_all_who_share_it_and_for_nobody_else(reads: Reads) -> None:
    sharing = Sharing(reads)
    first = [asyncio.create_task(sharing.ask("spring")) for _ in range(2)]
    await wait_until(lambda: reads.begun["spring"] == 1)
    later = asyncio.create_task(sharing.ask("spring"))
    reads.failing = 1
    reads.may_end.set()
    assert [type(error) for error in await asyncio.gather(*first, return_exceptions=True)] == [LookupError] * 2

    assert await later == 2
