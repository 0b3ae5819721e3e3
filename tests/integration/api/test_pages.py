"""Pages over HTTP: what is wanted, what is live, and how it went."""

import httpx2
import pytest

from shared.connection import Client
from shared.keys import Keys
from tests.integration.api.building import build_all
from tests.integration.api.conftest import CONFIG, PAGE, V1, publish

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]


async def test_a_page_that_was_saved_only_wants_nothing(web: httpx2.AsyncClient) -> None:
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})

    page = (await web.get(PAGE)).json()

    assert (page["site"], page["page"], page["url"], page["versions"]) == ("acme", "spring", "/acme/spring", 1)
    assert [page[name] for name in ("wanted", "live", "publication", "live_publication")] == [None] * 4


async def test_a_published_page_is_wanted_before_it_is_live(web: httpx2.AsyncClient) -> None:
    await publish(web)

    page = (await web.get(PAGE)).json()

    assert page["wanted"] == {"seq": 1, "version": 1}
    assert page["live"] is None
    assert page["publication"]["state"] == "queued"


async def test_a_built_page_is_live_while_the_next_is_wanted(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await publish(web)
    await build_all(client, keys)
    await publish(web)

    page = (await web.get(PAGE)).json()

    assert page["live"] == {"seq": 1, "version": 1, "etag": "etag-1"}
    assert page["live_publication"]["state"] == "live"
    assert page["wanted"] == {"seq": 2, "version": 2}
    assert page["publication"]["state"] == "queued"


async def test_an_unpublished_page_has_nothing_live(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await publish(web)
    await build_all(client, keys)
    await web.delete(f"{PAGE}/publications/live")

    page = (await web.get(PAGE)).json()

    assert page["live"] is None
    assert page["live_publication"] is None
    assert page["wanted"] == {"seq": 2, "version": 0}
    assert page["publication"]["cause"] == "unpublish"


async def test_the_home_page_is_found_at_the_address_of_its_site(web: httpx2.AsyncClient) -> None:
    await web.post(f"{V1}/sites/acme/pages/index/versions", json={"config": CONFIG})

    assert (await web.get(f"{V1}/sites/acme/pages/index")).json()["url"] == "/acme"


async def test_the_pages_of_a_site_are_listed_with_their_heads(web: httpx2.AsyncClient) -> None:
    for page in ("b", "a", "c"):
        await web.post(f"{V1}/sites/acme/pages/{page}/versions", json={"config": CONFIG, "publish": page == "a"})

    first = (await web.get(f"{V1}/sites/acme/pages", params={"limit": 2})).json()
    second = (await web.get(f"{V1}/sites/acme/pages", params={"limit": 2, "cursor": first["next"]})).json()

    assert [item["page"] for item in first["items"]] == ["a", "b"]
    assert [item["head"]["wanted_seq"] for item in first["items"]] == [1, 0]
    assert [item["page"] for item in second["items"]] == ["c"]
    assert second["next"] is None


async def test_a_page_that_does_not_exist_says_how_it_comes_into_being(web: httpx2.AsyncClient) -> None:
    answer = await web.get(PAGE)

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["mend"] == "save a first version of it with POST …/versions"


async def test_a_page_of_a_site_that_does_not_exist_names_the_site(web: httpx2.AsyncClient) -> None:
    for address in ("pages", "pages/spring", "pages/spring/versions", "pages/spring/publications"):
        answer = await web.get(f"{V1}/sites/nope/{address}")

        assert answer.status_code == 404
        assert answer.json()["detail"] == "There is no site 'nope'."
