"""Signing in is tried a few times, not for ever; and nobody is locked out for ever."""

import httpx2
import msgspec
import pytest

from shared.accounts.passwords import Passwords
from shared.connection import Client
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.api.conftest import Opener
from tests.integration.api.people import anonymous, join, sign_in

pytestmark = pytest.mark.redis7

TRIES = 3


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, sign_in_tries=TRIES, sign_in_window_s=60.0, gateways=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that take no time, and are right where they are the one that is."""

    async def make(_self: Passwords, password: str) -> str:
        return f"hash of {password}"

    async def is_right(_self: Passwords, password: str, stored: str) -> bool:
        return stored == f"hash of {password}"

    monkeypatch.setattr(Passwords, "hash", make)
    monkeypatch.setattr(Passwords, "is_right", is_right)
    monkeypatch.setattr(Passwords, "is_outdated", staticmethod(lambda _stored: False))


async def guess(web: httpx2.AsyncClient, name: str, address: str) -> httpx2.Response:
    return await sign_in(web, name, "a wrong guess", x_forwarded_for=address)


async def test_after_some_guesses_even_the_right_password_has_to_wait(web: httpx2.AsyncClient) -> None:
    await join(web)

    guesses = [(await guess(web, "Ada", "192.0.2.1")).status_code for _ in range(TRIES)]
    answer = await sign_in(web, x_forwarded_for="192.0.2.1")

    assert guesses == [401] * TRIES
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-tries")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.json()["errors"][0]["mend"].startswith("wait ")


async def test_another_spelling_of_the_name_is_no_way_around(web: httpx2.AsyncClient) -> None:
    for name in ("ada", "ADA", "\uff21da"):
        await guess(web, name, "192.0.2.1")

    assert (await guess(web, "Ada", "192.0.2.1")).status_code == 429


async def test_an_unknown_name_is_held_off_like_a_known_one(web: httpx2.AsyncClient) -> None:
    await join(web)

    known = [(await guess(web, "Ada", "192.0.2.1")).status_code for _ in range(TRIES + 1)]
    unknown = [(await guess(web, "Nobody", "192.0.2.2")).status_code for _ in range(TRIES + 1)]

    assert known == unknown


async def test_one_name_from_many_addresses_is_held_off(web: httpx2.AsyncClient) -> None:
    statuses = [(await guess(web, "Ada", f"192.0.2.{number}")).status_code for number in range(3 * TRIES + 1)]

    assert statuses == [401] * (3 * TRIES) + [429]


async def test_many_names_from_one_address_are_held_off(web: httpx2.AsyncClient) -> None:
    statuses = [(await guess(web, f"Ada {number}", "192.0.2.1")).status_code for number in range(6 * TRIES + 1)]

    assert statuses == [401] * (6 * TRIES) + [429]


async def test_addresses_of_one_ipv6_network_are_one(web: httpx2.AsyncClient) -> None:
    addresses = [f"2001:db8::{number}" for number in range(TRIES + 1)]

    assert [(await guess(web, "Ada", address)).status_code for address in addresses] == [401] * TRIES + [429]


async def test_an_address_that_somebody_made_up_is_not_believed(web: httpx2.AsyncClient) -> None:
    chains = [f"198.51.100.{number}, 192.0.2.1" for number in range(TRIES + 1)]

    assert [(await guess(web, "Ada", chain)).status_code for chain in chains] == [401] * TRIES + [429]


async def test_without_a_gateway_nothing_forwarded_is_believed(opened: Opener, settings: Settings) -> None:
    async with opened(msgspec.structs.replace(settings, gateways=0)) as web:
        statuses = [(await guess(web, "Ada", f"192.0.2.{number}")).status_code for number in range(TRIES + 1)]

    assert statuses == [401] * TRIES + [429]


async def test_whoever_signed_in_from_somewhere_gets_in_there_while_others_guess(web: httpx2.AsyncClient) -> None:
    await join(web)
    assert (await sign_in(web, x_forwarded_for="203.0.113.7")).status_code == 201
    for number in range(3 * TRIES):
        await guess(web, "Ada", f"192.0.2.{number}")

    assert (await guess(web, "Ada", "192.0.2.99")).status_code == 429
    assert (await sign_in(web, x_forwarded_for="203.0.113.7")).status_code == 201


async def test_tries_that_are_refused_do_not_count(web: httpx2.AsyncClient, client: Client) -> None:
    for _ in range(TRIES + 5):
        await guess(web, "Ada", "192.0.2.1")

    counts = {key.split(b":")[3]: int(await client.get(key)) for key in await client.keys("platen:*:tries:*")}

    assert counts == {b"both": TRIES, b"name": TRIES, b"address": TRIES}
    assert all([0 < await client.pttl(key) <= 60_000 for key in await client.keys("platen:*:tries:*")])


async def test_the_wait_ends(opened: Opener, settings: Settings) -> None:
    async with opened(msgspec.structs.replace(settings, sign_in_window_s=0.3)) as web:
        await join(web)
        for _ in range(TRIES):
            await guess(web, "Ada", "192.0.2.1")

        async def is_let_in() -> bool:
            return (await sign_in(web, x_forwarded_for="192.0.2.1")).status_code == 201

        await wait_until(is_let_in)


async def test_signing_in_forgets_the_wrong_tries_before(web: httpx2.AsyncClient) -> None:
    await join(web)
    for _ in range(2):
        for _ in range(TRIES - 1):
            await guess(web, "Ada", "192.0.2.1")
        assert (await sign_in(web, x_forwarded_for="192.0.2.1")).status_code == 201


async def test_guessing_the_current_password_by_a_stolen_session_is_held_off(web: httpx2.AsyncClient) -> None:
    own = await join(web)
    body = {"current": "a wrong guess", "password": "four quiet otters knitting"}

    answers = [
        await web.put("/-/api/v1/session/password", json=body, headers=own | {"x-forwarded-for": "192.0.2.1"})
        for _ in range(TRIES + 1)
    ]

    assert [answer.status_code for answer in answers] == [422] * TRIES + [429]


async def test_a_name_that_is_none_is_not_looked_up(web: httpx2.AsyncClient, client: Client) -> None:
    answer = await anonymous(web, "POST", "session", {"name": "x" * 65, "password": "p"})

    assert answer.status_code == 422
    assert not await client.keys("platen:*:tries:*")
