"""Presence, over the API: who else has a page open."""

from typing import Any

import httpx2
import msgspec
import pytest

from shared.connection import Client
from shared.keys import Keys
from shared.presence import KEEP_MS, MOST_TABS
from tests.integration.api.conftest import CONFIG, PAGE, V1
from tests.integration.api.test_roles import as_somebody

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]

KEY = Keys().presence("acme", "spring")


async def beat(web: httpx2.AsyncClient, tab: str, headers: dict[str, str] | None = None, **more: bool) -> Any:
    answer = await web.post(f"{PAGE}/presence", json={"tab": tab, **more}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def grow_old(client: Client, by_ms: int) -> None:
    """Let what is known of all tabs be older."""
    for field, json in (await client.hgetall(KEY)).items():
        known = msgspec.json.decode(json)
        await client.hset(KEY, field, msgspec.json.encode({**known, "seen": known["seen"] - by_ms}))


async def test_whoever_opens_a_page_sees_who_has_it_open(web: httpx2.AsyncClient, client: Client) -> None:
    ada = await as_somebody(client, {"acme": "editor"})
    assert await beat(web, "one", is_editing=True) == {"others": [], "revision": 0}

    seen = await beat(web, "two", ada)

    [other] = seen["others"]
    assert (other["account"], other["tab"], other["is_editing"]) == ({"id": "admin", "name": "admin"}, "one", True)
    assert [(o["account"]["id"], o["is_editing"]) for o in (await beat(web, "one"))["others"]] == [("somebody", False)]


async def test_a_tab_is_there_since_its_first_beat(web: httpx2.AsyncClient, client: Client) -> None:
    await beat(web, "one")
    first = (await beat(web, "two"))["others"][0]["since"]
    await grow_old(client, by_ms=1)

    await beat(web, "one", is_editing=True)

    [other] = (await beat(web, "two"))["others"]
    assert (other["since"], other["is_editing"]) == (first, True)


async def test_the_same_name_of_a_tab_in_two_accounts_is_two_tabs(web: httpx2.AsyncClient, client: Client) -> None:
    ada = await as_somebody(client, {"acme": "editor"})
    await beat(web, "one")

    assert len((await beat(web, "one", ada))["others"]) == 1


async def test_whoever_leaves_is_gone(web: httpx2.AsyncClient, client: Client) -> None:
    await beat(web, "one")
    await beat(web, "two")

    assert len((await beat(web, "one", is_leaving=True))["others"]) == 1

    assert (await beat(web, "two"))["others"] == []
    await beat(web, "two", is_leaving=True)
    assert not await client.exists(KEY)


async def test_whoever_is_not_heard_of_is_forgotten(web: httpx2.AsyncClient, client: Client) -> None:
    await beat(web, "one")
    await grow_old(client, by_ms=KEEP_MS - 5_000)
    assert len((await beat(web, "two"))["others"]) == 1

    await grow_old(client, by_ms=5_000)

    assert (await beat(web, "two"))["others"] == []
    assert await client.hlen(KEY) == 1
    assert 0 < await client.pttl(KEY) <= KEEP_MS


async def test_a_clock_that_was_set_back_keeps_nobody(web: httpx2.AsyncClient, client: Client) -> None:
    await beat(web, "one")

    await grow_old(client, by_ms=-2 * KEEP_MS)

    assert (await beat(web, "two"))["others"] == []


async def test_what_cannot_be_read_is_forgotten(web: httpx2.AsyncClient, client: Client) -> None:
    await client.hset(KEY, mapping={"odd": "{", "list": "[]", "text": '"a"'})

    assert (await beat(web, "one"))["others"] == []
    assert await client.hlen(KEY) == 1


async def test_only_so_many_tabs_are_noted(web: httpx2.AsyncClient, client: Client) -> None:
    for number in range(MOST_TABS + 3):
        seen = await beat(web, f"tab-{number}")

    assert len(seen["others"]) == MOST_TABS
    assert await client.hlen(KEY) == MOST_TABS
    assert len((await beat(web, "tab-0"))["others"]) == MOST_TABS - 1


async def test_a_tab_learns_of_a_newer_draft(web: httpx2.AsyncClient) -> None:
    await web.put(f"{PAGE}/draft", json={"config": CONFIG}, headers={"if-match": '"r0"'})

    assert (await beat(web, "one"))["revision"] == 1


async def test_a_tab_learns_that_its_page_was_moved(web: httpx2.AsyncClient) -> None:
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})
    await web.post(f"{PAGE}/move", json={"to": "summer"})

    answer = await web.post(f"{PAGE}/presence", json={"tab": "one"})

    assert (answer.status_code, answer.json()["errors"][0]["mend"]) == (404, "it was moved to acme/summer")


@pytest.mark.parametrize("tab", ["", "a b", "a" * 65, "a\n", "ü"])
async def test_a_tab_has_a_plain_name(web: httpx2.AsyncClient, tab: str) -> None:
    answer = await web.post(f"{PAGE}/presence", json={"tab": tab})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/tab")


async def test_a_site_that_is_not_there_has_nobody(web: httpx2.AsyncClient) -> None:
    answer = await web.post(f"{V1}/sites/nowhere/pages/spring/presence", json={"tab": "one"})

    assert answer.status_code == 404
