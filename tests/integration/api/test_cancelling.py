"""Calling a publication off while it waits: it ends, nothing is built, and what was wanted before is wanted again."""

import json

import httpx2
import pytest

from shared.connection import Client
from shared.keys import Keys
from tests.integration.api.building import build_all
from tests.integration.api.conftest import PAGE, V1, everything, publish
from tests.integration.api.entries import fail_for_now, start, take

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]


async def cancel(web: httpx2.AsyncClient, seq: int, key: str = "") -> httpx2.Response:
    return await web.delete(f"{PAGE}/publications/{seq}", headers={"idempotency-key": key} if key else {})


async def test_a_queued_publication_is_called_off(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await publish(web)

    answer = await cancel(web, 1)

    assert (answer.status_code, answer.headers["location"]) == (202, f"{PAGE}/publications/1")
    assert [step["state"] for step in answer.json()["steps"]] == ["queued", "cancelled"]
    assert answer.json()["steps"][1]["by"] == "admin"
    assert (await web.get(f"{PAGE}/publications/1")).json() == answer.json()
    told = [json.loads(fields[b"data"]) for _, fields in await client.xrange(keys.events(0))]
    assert [(event["type"], event["seq"], event["state"]) for event in told] == [
        ("config-published", 1, "queued"),
        ("build-cancelled", 1, "cancelled"),
    ]
    assert await client.zcard(keys.open(0)) == 0


async def test_its_entry_is_settled_when_it_comes_up_and_nothing_is_built(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await publish(web)
    await cancel(web, 1)
    [entry] = await take(client, keys)

    assert await start(client, keys, entry) == b"ended"

    assert await client.xlen(keys.builds(0)) == 0
    assert (await web.get(PAGE)).json()["live"] is None


async def test_a_retrying_publication_is_called_off(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await publish(web)
    [entry] = await take(client, keys)
    await start(client, keys, entry)
    await fail_for_now(client, keys, entry)

    answer = await cancel(web, 1)

    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")


async def test_one_that_is_being_built_is_too_late_to_call_off(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await publish(web)
    [entry] = await take(client, keys)
    await start(client, keys, entry)
    before = await everything(client)

    answer = await cancel(web, 1)

    assert (answer.status_code, answer.json()["detail"]) == (409, "Publication 1 is being built.")
    assert "POST …/publications" in answer.json()["errors"][0]["mend"]
    assert await everything(client) == before


async def test_one_that_has_ended_stays_as_it_ended(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await publish(web)
    await build_all(client, keys)

    answer = await cancel(web, 1)

    assert (answer.status_code, answer.json()["detail"]) == (409, "Publication 1 is live.")
    assert (await web.get(PAGE)).json()["live"]["version"] == 1


async def test_what_is_live_is_wanted_again(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await publish(web)
    await build_all(client, keys)
    await publish(web)

    await cancel(web, 2)

    page = (await web.get(PAGE)).json()
    assert page["wanted"] == {"seq": 1, "version": 1}
    assert (page["live"]["version"], page["publication"]["state"]) == (1, "live")


async def test_an_older_one_that_still_waits_is_wanted_again_and_built(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    for _ in range(3):
        await publish(web)
    await cancel(web, 2)

    await cancel(web, 3)

    assert (await web.get(PAGE)).json()["wanted"] == {"seq": 1, "version": 1}
    [entry, *_] = await take(client, keys)
    assert await start(client, keys, entry) == b"build"


async def test_calling_an_older_one_off_leaves_the_newest_wanted(web: httpx2.AsyncClient) -> None:
    for _ in range(2):
        await publish(web)

    await cancel(web, 1)

    assert (await web.get(PAGE)).json()["wanted"] == {"seq": 2, "version": 2}


async def test_a_page_of_which_nothing_was_ever_live_wants_nothing(web: httpx2.AsyncClient) -> None:
    await publish(web)

    await cancel(web, 1)

    page = (await web.get(PAGE)).json()
    assert (page["wanted"], page["publication"], page["versions"]) == (None, None, 1)


async def test_calling_off_twice_under_one_key_is_once_and_under_another_is_refused(web: httpx2.AsyncClient) -> None:
    await publish(web)

    first, again, other = await cancel(web, 1, "a"), await cancel(web, 1, "a"), await cancel(web, 1, "b")

    assert [answer.status_code for answer in (first, again, other)] == [202, 202, 409]
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()


async def test_the_same_key_for_another_publication_is_refused(web: httpx2.AsyncClient) -> None:
    for _ in range(2):
        await publish(web)
    await cancel(web, 1, "a")

    answer = await cancel(web, 2, "a")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")


async def test_a_publication_that_does_not_exist_is_not_found(web: httpx2.AsyncClient) -> None:
    await publish(web)

    assert (await cancel(web, 9)).json()["detail"] == "There is no publication '9'."
    nowhere = await web.delete(f"{V1}/sites/acme/pages/nowhere/publications/1")
    assert nowhere.json()["detail"] == "There is no page 'acme/nowhere'."


async def test_the_next_publish_goes_its_way_as_if_nothing_had_been(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await publish(web)
    await cancel(web, 1)
    for entry in await take(client, keys):
        await start(client, keys, entry)

    await publish(web)
    await build_all(client, keys)

    assert (await web.get(PAGE)).json()["live"]["seq"] == 2


async def test_a_page_moves_although_an_entry_of_what_was_called_off_is_left(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await publish(web)
    await cancel(web, 1)
    moved = await web.post(f"{PAGE}/move", json={"to": "summer"})
    [entry] = await take(client, keys)

    outcome = await start(client, keys, entry)

    assert (moved.status_code, outcome) == (200, b"ended")
    assert await client.xlen(keys.builds(0)) == 0
