"""Sites over HTTP."""

import httpx2
import pytest

from tests.integration.api.conftest import V1

pytestmark = pytest.mark.redis7


async def test_a_site_is_created_and_found_again(web: httpx2.AsyncClient) -> None:
    created = await web.post(f"{V1}/sites", json={"slug": "acme", "title": "Acme"})

    assert created.status_code == 201
    assert created.headers["location"] == f"{V1}/sites/acme"
    assert (created.json()["slug"], created.json()["title"]) == ("acme", "Acme")
    assert (await web.get(created.headers["location"])).json() == created.json()


async def test_a_site_without_a_title_is_called_by_its_slug(web: httpx2.AsyncClient) -> None:
    created = await web.post(f"{V1}/sites", json={"slug": "acme"})

    assert created.json()["title"] == "acme"


async def test_a_site_that_exists_is_not_created_again(web: httpx2.AsyncClient, site: None) -> None:
    again = await web.post(f"{V1}/sites", json={"slug": "acme", "title": "Other"})

    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert again.json()["errors"][0]["pointer"] == "/slug"
    assert (await web.get(f"{V1}/sites/acme")).json()["title"] == "Acme"


async def test_a_slug_that_is_taken_uses_the_key_up_and_says_so(web: httpx2.AsyncClient, site: None) -> None:
    key = {"idempotency-key": "k"}

    refused = await web.post(f"{V1}/sites", json={"slug": "acme", "title": "Other"}, headers=key)
    same_key = await web.post(f"{V1}/sites", json={"slug": "other"}, headers=key)

    assert "new Idempotency-Key" in refused.json()["errors"][0]["mend"]
    assert (same_key.status_code, same_key.json()["code"]) == (422, "idempotency-mismatch")
    assert "pointer" not in same_key.json()["errors"][0]


async def test_sites_are_listed_stretch_by_stretch(web: httpx2.AsyncClient) -> None:
    for slug in ("b", "a", "c"):
        await web.post(f"{V1}/sites", json={"slug": slug})

    first = (await web.get(f"{V1}/sites", params={"limit": 2})).json()
    second = (await web.get(f"{V1}/sites", params={"limit": 2, "cursor": first["next"]})).json()

    assert [site["slug"] for site in first["items"]] == ["a", "b"]
    assert [site["slug"] for site in second["items"]] == ["c"]
    assert second["next"] is None


async def test_there_are_no_sites_at_first(web: httpx2.AsyncClient) -> None:
    assert (await web.get(f"{V1}/sites")).json() == {"items": [], "next": None}


async def test_a_site_that_does_not_exist_says_how_to_create_it(web: httpx2.AsyncClient) -> None:
    answer = await web.get(f"{V1}/sites/nope")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert answer.json()["errors"][0]["mend"] == "create it with POST /-/api/v1/sites"


async def test_a_head_request_is_answered_as_a_get_without_its_body(web: httpx2.AsyncClient, site: None) -> None:
    answer = await web.head(f"{V1}/sites/acme")

    assert answer.status_code == 200


async def test_a_site_gets_another_title(web: httpx2.AsyncClient, site: None) -> None:
    answer = await web.put(f"{V1}/sites/acme/title", json={"title": "Acme & Sons"})

    assert (answer.status_code, answer.json()["title"]) == (200, "Acme & Sons")
    assert (await web.get(f"{V1}/sites/acme")).json() == answer.json()


async def test_a_title_that_came_twice_is_set_once(web: httpx2.AsyncClient, site: None) -> None:
    key = {"idempotency-key": "k"}
    await web.put(f"{V1}/sites/acme/title", json={"title": "First"}, headers=key)
    await web.put(f"{V1}/sites/acme/title", json={"title": "Second"})

    again = await web.put(f"{V1}/sites/acme/title", json={"title": "First"}, headers=key)
    other = await web.put(f"{V1}/sites/acme/title", json={"title": "Third"}, headers=key)

    assert (again.json()["title"], again.headers["idempotency-replayed"]) == ("Second", "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    assert (await web.get(f"{V1}/sites/acme")).json()["title"] == "Second"


async def test_a_site_that_is_not_there_gets_no_title(web: httpx2.AsyncClient) -> None:
    answer = await web.put(f"{V1}/sites/acme/title", json={"title": "Acme"})

    assert answer.status_code == 404
    assert (await web.get(f"{V1}/sites")).json()["items"] == []


async def test_a_site_keeps_its_title_where_the_new_one_is_none(web: httpx2.AsyncClient, site: None) -> None:
    answer = await web.put(f"{V1}/sites/acme/title", json={"title": "two\nlines"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/title")
    assert (await web.get(f"{V1}/sites/acme")).json()["title"] == "Acme"
