"""The first token: one of those who ask at once gets it, and a crash never bars everybody."""

import asyncio

import pytest

from shared.auth import Tokens
from shared.connection import Client
from shared.credentials import bearer
from shared.errors import Unauthenticated
from shared.scripts import Call, run, script

pytestmark = pytest.mark.redis7


async def test_of_many_processes_that_ask_at_once_one_gets_a_token_that_works(client: Client) -> None:
    made = await asyncio.gather(*(Tokens(client).make_first(number) for number in range(20)))

    [token] = [token for token in made if token]
    assert (await Tokens(client).who(bearer(f"Bearer {token}"))).id == "admin"


async def test_a_request_whose_answer_was_lost_gets_its_token_the_second_time(client: Client) -> None:
    call = Call(script("first_token"), ["platen:tokens"], ["digest", "{}"])

    assert [await run(client, call), await run(client, call)] == [1, 1]
    assert await Tokens(client).make_first(0) is None


async def test_a_first_token_that_an_earlier_start_began_and_never_wrote_is_made_now(client: Client) -> None:
    await client.hset("platen:meta", "first_token", "digest of a token that nobody has")

    assert await Tokens(client).make_first(0)


async def test_a_given_token_takes_the_place_of_the_first(client: Client) -> None:
    tokens = Tokens(client)
    first = await tokens.make_first(0)

    await tokens.set_first("given-token-0123456789", 0)

    assert (await tokens.who(bearer("Bearer given-token-0123456789"))).may("administer")
    with pytest.raises(Unauthenticated):
        await tokens.who(bearer(f"Bearer {first}"))
