"""What becomes of the connections of commands that were cancelled, as those of a request are whose time is up."""

import asyncio

import pytest

from services.api.budget import limited
from shared.connection import Client, connect
from shared.errors import StoreUncertain

pytestmark = pytest.mark.redis7


async def test_a_cancelled_command_leaves_its_answer_to_nobody(client: Client, redis_server: str) -> None:
    few = connect(redis_server, connections=4)
    await asyncio.gather(*(few.echo(f"warm {i}") for i in range(4)))
    await client.client_pause(300)

    async def late(i: int) -> None:
        async with limited(0.05):
            await few.echo(f"late {i}")

    lost = await asyncio.gather(*(late(i) for i in range(8)), return_exceptions=True)
    answers = [await asyncio.gather(*(few.echo(f"{turn} {i}") for i in range(8))) for turn in range(5)]

    assert all(isinstance(error, StoreUncertain) for error in lost)
    assert answers == [[f"{turn} {i}".encode() for i in range(8)] for turn in range(5)]
    await few.aclose()


async def test_whenever_a_command_is_cancelled_the_next_gets_its_own_answer(redis_server: str) -> None:
    few = connect(redis_server, connections=2)
    cancelled = 0

    for step in range(300):
        try:
            async with limited(step * 10e-6):
                pipeline = few.pipeline(transaction=False)
                for i in range(3):
                    pipeline.echo(f"{step} {i}")
                await few.echo(f"early {step}")
                await pipeline.execute()
        except StoreUncertain:
            cancelled += 1
        assert await asyncio.gather(*(few.echo(f"mine {i}") for i in range(3))) == [b"mine 0", b"mine 1", b"mine 2"]

    assert cancelled
    await few.aclose()


async def test_a_connection_given_back_by_somebody_cancelled_is_not_lost(redis_server: str) -> None:
    one = connect(redis_server, connections=1)
    connection = await one.connection_pool.get_connection()
    async with one.connection_pool._condition:
        giving_back = asyncio.create_task(one.connection_pool.release(connection))
        await asyncio.wait([giving_back], timeout=0)
        giving_back.cancel()

    await asyncio.gather(giving_back, return_exceptions=True)

    assert await one.echo("free") == b"free"
    await one.aclose()
