"""Publications over HTTP: going forth, going back, taking off, and seeing how it went."""

import httpx2
import pytest

from shared.connection import Client
from shared.keys import Keys
from tests.integration.api.building import build_all
from tests.integration.api.conftest import CONFIG, PAGE, everything, publish

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]


async def test_a_saved_version_is_published(web: httpx2.AsyncClient) -> None:
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})

    answer = await web.post(f"{PAGE}/publications", json={"version": 1})

    assert answer.status_code == 202
    assert answer.headers["location"] == f"{PAGE}/publications/1"
    assert answer.json()["state"] == "queued"
    assert (await web.get(answer.headers["location"])).json() == answer.json()


async def test_going_back_is_live_with_the_answer(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    for _ in range(2):
        await publish(web)
        await build_all(client, keys)

    answer = await web.post(f"{PAGE}/publications", json={"version": 1})

    publication = answer.json()
    assert (publication["seq"], publication["cause"], publication["state"]) == (3, "rollback", "live")
    assert (await web.get(PAGE)).json()["live"]["version"] == 1


async def test_a_version_that_does_not_exist_is_not_published(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})

    answer = await web.post(f"{PAGE}/publications", json={"version": 9})

    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no version '9'."
    assert answer.json()["errors"][0]["pointer"] == "/version"
    assert await client.xlen(keys.builds(0)) == 0


async def test_a_page_that_does_not_exist_is_not_published(web: httpx2.AsyncClient) -> None:
    answer = await web.post(f"{PAGE}/publications", json={"version": 1})

    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no page 'acme/spring'."
    assert "pointer" not in answer.json()["errors"][0]


async def test_a_page_is_taken_off(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await publish(web)
    await build_all(client, keys)

    answer = await web.delete(f"{PAGE}/publications/live")

    assert answer.status_code == 202
    publication = answer.json()
    assert (publication["seq"], publication["version"], publication["cause"]) == (2, 0, "unpublish")
    assert answer.headers["location"] == f"{PAGE}/publications/2"


async def test_a_page_of_which_nothing_is_live_cannot_be_taken_off(web: httpx2.AsyncClient) -> None:
    await publish(web)

    answer = await web.delete(f"{PAGE}/publications/live")

    assert (answer.status_code, answer.json()["errors"][0]["mend"]) == (409, "publish a version first")


async def test_a_page_that_does_not_exist_cannot_be_taken_off(web: httpx2.AsyncClient) -> None:
    assert (await web.delete(f"{PAGE}/publications/live")).status_code == 404


async def test_publications_are_listed_newest_first(web: httpx2.AsyncClient) -> None:
    for _ in range(3):
        await publish(web)

    first = (await web.get(f"{PAGE}/publications", params={"limit": 2})).json()
    second = (await web.get(f"{PAGE}/publications", params={"limit": 2, "cursor": first["next"]})).json()

    assert [publication["seq"] for publication in first["items"]] == [3, 2]
    assert [publication["seq"] for publication in second["items"]] == [1]
    assert second["next"] is None


async def test_a_page_that_was_never_published_has_no_publications(web: httpx2.AsyncClient) -> None:
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})

    assert (await web.get(f"{PAGE}/publications")).json() == {"items": [], "next": None}


async def test_a_publication_that_does_not_exist_is_not_found(web: httpx2.AsyncClient) -> None:
    await publish(web)

    answer = await web.get(f"{PAGE}/publications/9")

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["mend"] == "list them with GET …/publications"


async def test_after_going_back_the_next_publish_goes_live_and_the_way_forth_is_open(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    for _ in range(2):
        await publish(web)
        await build_all(client, keys)
    await web.post(f"{PAGE}/publications", json={"version": 1})

    forth = await web.post(f"{PAGE}/publications", json={"version": 2})
    again = await publish(web)
    await build_all(client, keys)

    assert (forth.json()["state"], forth.json()["cause"]) == ("live", "publish")
    assert again["publication"] is not None
    assert (await web.get(PAGE)).json()["live"]["version"] == 3


async def test_going_back_leaves_what_somebody_is_writing_alone(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    for _ in range(2):
        await publish(web)
        await build_all(client, keys)
    await client.hset(keys.head("acme", "spring"), "draft_at", "7")
    before = {key: value for key, value in (await everything(client)).items() if b"version" in key or b"draft" in key}

    await web.post(f"{PAGE}/publications", json={"version": 1})

    after = await everything(client)
    assert {key: after[key] for key in before} == before
    assert await client.hget(keys.head("acme", "spring"), "draft_at") == b"7"
