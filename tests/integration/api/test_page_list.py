"""The pages of a site: found by slug, title and state, in stretches that end."""

from typing import Any

import httpx2
import pytest

from shared import page_list
from shared.connection import Client
from shared.keys import Keys
from tests.integration.api.building import build_all
from tests.integration.api.conftest import CONFIG, V1
from tests.integration.api.entries import fail_for_good, fail_for_now, start, take
from tests.integration.api.people import sign_in_as
from tests.integration.api.searching import SEARCHES, TITLES

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]

PAGES = f"{V1}/sites/acme/pages"


async def save(web: httpx2.AsyncClient, page: str, title: str = "Page", *, publish: bool = False) -> None:
    body = {"config": {**CONFIG, "title": title}, "publish": publish}
    assert (await web.post(f"{PAGES}/{page}/versions", json=body)).status_code == 201


async def draft(web: httpx2.AsyncClient, page: str, config: dict[str, Any], revision: int = 0) -> None:
    saved = await web.put(f"{PAGES}/{page}/draft", json={"config": config}, headers={"if-match": f'"r{revision}"'})
    assert saved.status_code == 200


async def titles(web: httpx2.AsyncClient) -> dict[str, str | None]:
    return {item["page"]: item["title"] for item in (await web.get(PAGES)).json()["items"]}


async def found(web: httpx2.AsyncClient, **query: Any) -> list[str]:
    return [item["page"] for item in (await web.get(PAGES, params=query)).json()["items"]]


async def state(web: httpx2.AsyncClient, page: str) -> str:
    items = (await web.get(PAGES)).json()["items"]
    return str(next(item["state"] for item in items if item["page"] == page))


async def test_a_page_is_listed_with_what_an_editor_looks_for(web: httpx2.AsyncClient) -> None:
    await save(web, "spring", "First")
    await save(web, "spring", "Spring sale")
    version = (await web.get(f"{PAGES}/spring/versions/2")).json()

    [item] = (await web.get(PAGES)).json()["items"]

    assert (item["page"], item["title"], item["url"]) == ("spring", "Spring sale", "/acme/spring")
    assert (item["state"], item["has_draft"], item["changed_at"]) == ("draft", False, version["created_at"])
    assert item["head"]["version"] == 2


@pytest.mark.parametrize(("search", "pages"), SEARCHES)
async def test_pages_are_found_by_slug_and_title_whatever_the_case(
    web: httpx2.AsyncClient, search: str, pages: list[str]
) -> None:
    for page, title in TITLES.items():
        await save(web, page, title)

    assert await found(web, search=search) == pages


async def test_a_page_is_found_by_the_title_of_its_newest_version_alone(web: httpx2.AsyncClient) -> None:
    await save(web, "one", "Über alles")
    await save(web, "one", "Nothing")

    assert await found(web, search="über") == []
    assert await found(web, search="nothing") == ["one"]


async def test_a_page_saved_before_titles_were_kept_is_found_by_its_slug(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await save(web, "old", "Old")
    await client.hdel(keys.head("acme", "old"), "title", "saved_at")

    [item] = (await web.get(PAGES, params={"search": "old"})).json()["items"]

    assert (item["title"], item["changed_at"]) == (None, None)


async def test_a_page_that_is_a_draft_only_has_the_title_of_its_draft(web: httpx2.AsyncClient) -> None:
    await draft(web, "one", {"title": "First"})
    await draft(web, "one", {"title": "Über die Straße"}, revision=1)

    assert await titles(web) == {"one": "Über die Straße"}
    assert await state(web, "one") == "draft"
    assert [await found(web, search=text) for text in ("STRASSE", "über", "first")] == [["one"], ["one"], []]
    await draft(web, "one", {"title": "Plain"}, revision=2)
    assert [await found(web, search=text) for text in ("über", "PLAIN")] == [[], ["one"]]


async def test_whoever_may_not_read_drafts_does_not_learn_their_titles(web: httpx2.AsyncClient, client: Client) -> None:
    await draft(web, "one", {"title": "Merger with Globex"})
    viewer = await sign_in_as(client, {"acme": "viewer"})

    listed = (await web.get(PAGES, headers=viewer)).json()["items"]
    searched = (await web.get(PAGES, params={"search": "globex"}, headers=viewer)).json()["items"]

    assert [(item["page"], item["title"], item["state"]) for item in listed] == [("one", None, "draft")]
    assert searched == []


async def test_a_page_with_versions_has_the_title_of_the_newest_whatever_is_drafted(web: httpx2.AsyncClient) -> None:
    await draft(web, "one", {"title": "Drafted"})
    await save(web, "one", "Saved")
    await draft(web, "one", {"title": "Drafted anew"}, revision=1)

    assert await titles(web) == {"one": "Saved"}
    assert await found(web, search="drafted") == []


@pytest.mark.parametrize(
    ("title", "listed"),
    [
        ("  Two\n\tlines ", "Two lines"),
        ("x" * 500, "x" * 200),
        ("", None),
        (" ", None),
        (None, None),
        (7, None),
        ({"a": 1}, None),
    ],
)
async def test_a_draft_may_have_anything_for_a_title(web: httpx2.AsyncClient, title: Any, listed: str | None) -> None:
    await draft(web, "one", {"title": title})
    await draft(web, "two", {})

    assert await titles(web) == {"one": listed, "two": None}


async def test_the_title_of_a_draft_ends_with_it(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await draft(web, "one", {"title": "Über"})

    await web.delete(f"{PAGES}/one/draft", headers={"if-match": '"r1"'})

    assert await client.hgetall(keys.head("acme", "one")) == {}


async def test_a_draft_saved_before_titles_were_kept_is_found_by_its_slug(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await draft(web, "old", {"title": "Old"})
    await client.hdel(keys.head("acme", "old"), "draft_title")

    [item] = (await web.get(PAGES, params={"search": "old"})).json()["items"]

    assert (item["title"], item["state"]) == (None, "draft")


async def test_a_page_goes_through_its_states(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await save(web, "a")
    seen = [await state(web, "a")]
    await save(web, "a", publish=True)
    seen.append(await state(web, "a"))
    await build_all(client, keys)
    seen.append(await state(web, "a"))
    await save(web, "a", publish=True)
    [entry] = await take(client, keys)
    await start(client, keys, entry)
    await fail_for_now(client, keys, entry)
    seen.append(await state(web, "a"))
    await fail_for_good(client, keys, entry)
    seen.append(await state(web, "a"))
    await web.delete(f"{PAGES}/a/publications/live")
    seen.append(await state(web, "a"))

    assert seen == ["draft", "building", "live", "building", "failed", "unpublished"]


async def test_after_a_publication_was_called_off_its_page_is_what_it_was(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await save(web, "a", publish=True)
    await build_all(client, keys)
    await save(web, "a", publish=True)

    await web.delete(f"{PAGES}/a/publications/2")

    assert await state(web, "a") == "live"


async def test_pages_are_found_by_state_and_text_together(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await save(web, "a", "One", publish=True)
    await build_all(client, keys)
    await save(web, "b", "One")
    await save(web, "c", "Two")

    assert await found(web, state="live") == ["a"]
    assert await found(web, state="draft") == ["b", "c"]
    assert await found(web, state="draft", search="one") == ["b"]
    assert await found(web, state="failed") == []


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
@pytest.mark.parametrize("stretch", [1, 2, 100])
async def test_stretch_by_stretch_every_page_is_found_once(
    web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, limit: int, stretch: int
) -> None:
    monkeypatch.setattr(page_list, "STRETCH", stretch)
    monkeypatch.setattr(page_list, "MOST_LOOKED_AT", 3 * stretch)
    for number in range(7):
        await save(web, f"p{number}", "odd" if number % 2 else "even")

    pages: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(20):
        answer = (await web.get(PAGES, params={"search": "odd", "limit": limit, **cursor})).json()
        pages += [item["page"] for item in answer["items"]]
        assert len(answer["items"]) <= limit
        if answer["next"] is None:
            break
        cursor = {"cursor": answer["next"]}

    assert answer["next"] is None
    assert pages == ["p1", "p3", "p5"]


@pytest.mark.parametrize(("query", "parameter"), [("state=gone", "state"), ("search=" + "x" * 201, "search")])
async def test_what_cannot_be_looked_for_is_refused(web: httpx2.AsyncClient, query: str, parameter: str) -> None:
    answer = await web.get(f"{PAGES}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter")
    assert parameter in str(answer.json()["errors"])
