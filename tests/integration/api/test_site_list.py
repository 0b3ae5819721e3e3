"""The list of sites: found by slug, title and hostname, by those who see every one and by those who see some."""

from typing import Any

import httpx2
import msgspec
import pytest

from shared import site_list
from shared.connection import Client
from shared.settings import Settings
from tests.integration.api.conftest import V1
from tests.integration.api.people import sign_in_as
from tests.integration.api.searching import SEARCHES, TITLES

pytestmark = pytest.mark.redis7

SITES = f"{V1}/sites"


@pytest.fixture(params=[1, 3], ids=["1-partition", "3-partitions"])
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    return msgspec.structs.replace(settings, partitions=request.param)


async def make(web: httpx2.AsyncClient, slug: str, title: str = "", *hostnames: str) -> None:
    body = {"slug": slug, "title": title or slug, "hostnames": hostnames}
    assert (await web.post(SITES, json=body)).status_code == 201


async def found(web: httpx2.AsyncClient, headers: dict[str, str] | None = None, **query: Any) -> list[str]:
    answer = (await web.get(SITES, params=query, headers=headers)).json()
    assert answer["next"] is None
    return [item["slug"] for item in answer["items"]]


async def walk(web: httpx2.AsyncClient, headers: dict[str, str] | None = None, **query: Any) -> list[list[str]]:
    """The slugs in every stretch of the list."""
    stretches: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = (await web.get(SITES, params={**query, **cursor}, headers=headers)).json()
        stretches.append([item["slug"] for item in answer["items"]])
        if answer["next"] is None:
            return stretches
        assert answer["next"] > cursor.get("cursor", "")
        cursor = {"cursor": answer["next"]}


@pytest.mark.parametrize(("search", "sites"), SEARCHES)
async def test_sites_are_found_by_slug_and_title_whatever_the_case(
    web: httpx2.AsyncClient, search: str, sites: list[str]
) -> None:
    for slug, title in TITLES.items():
        await make(web, slug, title)

    assert await found(web, search=search) == sites


async def test_sites_are_found_by_any_of_their_hostnames(web: httpx2.AsyncClient) -> None:
    await make(web, "one", "One", "www.first.example", "Second.Example")
    await make(web, "two", "Two", "www.third.example")

    searches = ("www.first.", "second.EXAMPLE", "www.", "fourth")
    assert [await found(web, search=text) for text in searches] == [["one"], ["one"], ["one", "two"], []]


async def test_what_is_found_is_listed_with_its_hostnames(web: httpx2.AsyncClient) -> None:
    await make(web, "one", "One", "www.one.example")

    [item] = (await web.get(SITES, params={"search": "one"})).json()["items"]

    assert item == (await web.get(f"{SITES}/one")).json()
    assert item["hostnames"] == ["www.one.example"]


async def test_a_site_is_found_by_the_title_and_the_hostnames_that_it_has_now(web: httpx2.AsyncClient) -> None:
    await make(web, "one", "Before", "before.example")

    await web.put(f"{SITES}/one/title", json={"title": "After"})
    await web.put(f"{SITES}/one/hostnames", json={"hostnames": ["after.example"]})

    assert [await found(web, search=text) for text in ("before", "after")] == [[], ["one"]]


async def test_whoever_sees_some_sites_finds_those_alone(web: httpx2.AsyncClient, client: Client) -> None:
    for slug in ("a", "b", "c", "d"):
        await make(web, slug, f"Globex {slug}", f"www.{slug}.example")
    viewer = await sign_in_as(client, {"b": "viewer", "d": "editor", "gone": "viewer"})

    assert await found(web, viewer) == ["b", "d"]
    assert await found(web, viewer, search="globex") == ["b", "d"]
    assert await found(web, viewer, search="www.d.") == ["d"]
    assert [await found(web, viewer, search=text) for text in ("www.a.", "globex c", "gone")] == [[], [], []]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
@pytest.mark.parametrize("stretch", [1, 2, 100])
async def test_stretch_by_stretch_every_site_is_found_once(
    web: httpx2.AsyncClient, client: Client, monkeypatch: pytest.MonkeyPatch, limit: int, stretch: int
) -> None:
    monkeypatch.setattr(site_list, "STRETCH", stretch)
    monkeypatch.setattr(site_list, "MOST_LOOKED_AT", 3 * stretch)
    for number in range(8):
        await make(web, f"s{number}", "odd" if number % 2 else "even")
    member = await sign_in_as(client, {f"s{number}": "viewer" for number in range(6)})

    for headers, sites in ((None, ["s1", "s3", "s5", "s7"]), (member, ["s1", "s3", "s5"])):
        stretches = await walk(web, headers, search="odd", limit=limit)

        assert [slug for each in stretches for slug in each] == sites
        assert max(map(len, stretches)) <= limit


async def test_a_search_looks_at_a_bounded_number_of_sites_and_says_where_to_go_on(
    web: httpx2.AsyncClient, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_list, "STRETCH", 2)
    monkeypatch.setattr(site_list, "MOST_LOOKED_AT", 4)
    for number in range(5):
        await make(web, f"s{number}")
    member = await sign_in_as(client, {f"s{number}": "viewer" for number in range(5)})

    for headers in (None, member):
        answer = (await web.get(SITES, params={"search": "s4"}, headers=headers)).json()

        assert answer == {"items": [], "next": "s3"}
        assert await found(web, headers, search="s4", cursor="s3") == ["s4"]


async def test_what_is_too_long_to_be_anywhere_is_refused(web: httpx2.AsyncClient) -> None:
    answer = await web.get(SITES, params={"search": "x" * 201})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter")
    assert "search" in str(answer.json()["errors"])
