"""What a call to Redis leaves behind when nobody waits for its answer any longer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from shared.connection import Client, connect

pytestmark = pytest.mark.redis7

Ask = Callable[[Client, str], Awaitable[Any]]


@pytest.fixture
async def narrow(redis_server: str) -> AsyncIterator[Client]:
    """A client with one connection, so that the next call gets the one before's."""
    client = connect(redis_server, connections=1)
    yield client
    await client.aclose()


async def _call(client: Client, text: str) -> Any:
    return await client.echo(text)


async def _pipeline(client: Client, text: str) -> Any:
    pipeline = client.pipeline(transaction=False)
    pipeline.echo("first")
    pipeline.echo(text)
    return (await pipeline.execute())[1]


async def _transaction(client: Client, text: str) -> Any:
    pipeline = client.pipeline(transaction=True)
    pipeline.echo("first")
    pipeline.echo(text)
    return (await pipeline.execute())[1]


@pytest.mark.parametrize("ask", [_call, _pipeline, _transaction])
async def test_a_call_cut_off_anywhere_leaves_no_answer_for_the_next(narrow: Client, ask: Ask) -> None:
    for steps in range(1, 100):
        interrupted = asyncio.ensure_future(ask(narrow, f"lost {steps}"))
        for _ in range(steps):
            await asyncio.sleep(0)
        interrupted.cancel()
        await asyncio.gather(interrupted, return_exceptions=True)

        assert await ask(narrow, f"next {steps}") == f"next {steps}".encode()


@pytest.mark.parametrize("ask", [_call, _pipeline, _transaction])
async def test_an_answer_that_comes_after_its_deadline_goes_to_nobody(narrow: Client, client: Client, ask: Ask) -> None:
    await narrow.ping()
    await client.client_pause(300)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await ask(narrow, "late")

    assert await ask(narrow, "next") == b"next"


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
