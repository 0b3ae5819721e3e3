"""Saving versions over HTTP, publishing them in the same breath, and looking at them."""

import json
from pathlib import Path

import httpx2
import pytest

from shared.connection import Client
from shared.keys import Keys
from tests.integration.api.building import build_all
from tests.integration.api.conftest import CONFIG, PAGE, V1, publish

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]

SPRING_SALE = json.loads((Path(__file__).parents[3] / "examples" / "spring-sale.json").read_text())
TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_a_publish_answers_the_version_and_its_publication(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    answer = await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True, "note": "first"})

    assert answer.status_code == 201
    assert answer.headers["location"] == f"{PAGE}/versions/1"
    version, publication = answer.json()["version"], answer.json()["publication"]
    assert (version["number"], version["author"], version["note"]) == (1, "admin", "first")
    assert (publication["seq"], publication["version"], publication["state"]) == (1, 1, "queued")
    assert await client.xlen(keys.builds(0)) == 1


async def test_a_version_saved_without_publishing_queues_nothing(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    answer = await web.post(f"{PAGE}/versions", json={"config": CONFIG})

    assert answer.status_code == 201
    assert answer.json()["publication"] is None
    assert await client.xlen(keys.builds(0)) == 0


async def test_the_example_of_the_project_can_be_published(web: httpx2.AsyncClient) -> None:
    answer = await web.post(f"{PAGE}/versions", json={"config": SPRING_SALE, "publish": True})

    assert answer.status_code == 201


async def test_a_saved_config_comes_back_with_its_defaults(web: httpx2.AsyncClient) -> None:
    await publish(web)

    version = (await web.get(f"{PAGE}/versions/1")).json()

    assert version["number"] == 1
    assert version["config"]["title"] == CONFIG["title"]
    assert version["config"]["background"] == "#ffffff"
    assert version["config"]["widgets"][0]["type"] == "hero"


async def test_versions_are_listed_newest_first_without_their_configs(web: httpx2.AsyncClient) -> None:
    for number in range(3):
        await publish(web, note=f"change {number}")

    first = (await web.get(f"{PAGE}/versions", params={"limit": 2})).json()
    second = (await web.get(f"{PAGE}/versions", params={"limit": 2, "cursor": first["next"]})).json()

    assert [version["number"] for version in first["items"]] == [3, 2]
    assert [version["number"] for version in second["items"]] == [1]
    assert second["next"] is None
    assert "config" not in first["items"][0]


async def test_versions_are_listed_with_what_is_kept_of_their_pages(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await publish(web)
    await build_all(client, keys)
    await publish(web)
    await build_all(client, keys)
    await publish(web)
    [published] = await client.hmget(keys.page("acme", "spring"), "built_at")
    await client.hdel(keys.artifacts("acme", "spring"), "1", "1:meta")

    items = (await web.get(f"{PAGE}/versions")).json()["items"]

    shown = [(item["number"], item["is_live"], item["is_kept"], item["size"]) for item in items]
    assert shown == [(3, False, False, None), (2, True, True, 6), (1, False, False, None)]
    assert [item["built_at"] for item in items] == [None, int(published), None]


async def test_a_note_that_looks_like_a_config_is_listed_as_it_is(web: httpx2.AsyncClient) -> None:
    note = 'as in ,"config":{"title":"x"}'
    await publish(web, note=note)

    [item] = (await web.get(f"{PAGE}/versions")).json()["items"]

    assert item["note"] == note


async def test_listing_versions_does_not_read_their_configs(web: httpx2.AsyncClient, client: Client) -> None:
    body = "word " * 8_000
    for _ in range(3):
        await publish(web, config={"title": "A", "widgets": [{"type": "text", "body": body}]})
    sent = int((await client.info("stats"))["total_net_output_bytes"])

    await web.get(f"{PAGE}/versions")

    assert int((await client.info("stats"))["total_net_output_bytes"]) - sent < 20_000


async def test_the_callers_trace_is_carried_on(web: httpx2.AsyncClient) -> None:
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}

    answer = await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True}, headers=headers)

    assert answer.json()["publication"]["trace"] == TRACE


async def test_a_version_of_a_site_that_does_not_exist_is_refused(web: httpx2.AsyncClient) -> None:
    answer = await web.post(f"{V1}/sites/nope/pages/spring/versions", json={"config": CONFIG, "publish": True})

    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no site 'nope'."


async def test_a_version_that_does_not_exist_is_not_found(web: httpx2.AsyncClient) -> None:
    await publish(web)

    answer = await web.get(f"{PAGE}/versions/9")

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["mend"]


async def test_the_versions_of_a_page_that_does_not_exist_are_not_found(web: httpx2.AsyncClient) -> None:
    for address in (f"{PAGE}/versions", f"{PAGE}/versions/1"):
        answer = await web.get(address)

        assert answer.status_code == 404
        assert answer.json()["detail"] == "There is no page 'acme/spring'."
