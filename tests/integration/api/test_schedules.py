"""Schedules, over the API."""

import httpx2
import pytest

from services.api.schedules import EXAMPLE
from shared.connection import Client
from shared.keys import Keys
from tests.conftest import wait_until
from tests.integration.api.conftest import CONFIG, PAGE, V1, everything
from tests.integration.schedules import local_time, now_ms

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("page")]


@pytest.fixture
async def page(web: httpx2.AsyncClient, site: None) -> None:
    """The page spring, with two versions that are saved and not published."""
    for _ in range(2):
        assert (await web.post(f"{PAGE}/versions", json={"config": CONFIG})).status_code == 201


@pytest.fixture
async def year(client: Client) -> int:
    """The one to come."""
    return int(local_time(await now_ms(client))[:4]) + 1


async def schedule(web: httpx2.AsyncClient, key: str = "", **body: object) -> httpx2.Response:
    about = {"action": "publish", "zone": "Europe/Berlin", **body}
    return await web.post(f"{PAGE}/schedules", json=about, headers={"idempotency-key": key} if key else {})


async def test_a_publish_is_scheduled_shown_and_listed(web: httpx2.AsyncClient, year: int) -> None:
    answer = await schedule(web, version=1, at=f"{year}-07-01T09:00")

    made = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"{PAGE}/schedules/1")
    assert made.keys() == EXAMPLE.keys()
    assert (made["id"], made["page"], made["action"], made["version"]) == (1, "spring", "publish", 1)
    assert (made["local"], made["instant"]) == (f"{year}-07-01T09:00", f"{year}-07-01T09:00:00+02:00")
    assert (made["state"], made["is_overdue"], made["by"]) == ("scheduled", False, "admin")
    assert (await web.get(answer.headers["location"])).json() == made
    assert (await web.get(f"{PAGE}/schedules")).json() == {"items": [made], "next": None}
    assert (await web.get(f"{V1}/sites/acme/schedules")).json() == {"items": [made], "next": None}


async def test_the_newest_version_is_meant_where_none_is_named_and_an_unpublish_has_none(
    web: httpx2.AsyncClient, year: int
) -> None:
    newest = (await schedule(web, at=f"{year}-07-01T09:00")).json()
    off = (await schedule(web, action="unpublish", at=f"{year}-07-01T18:00")).json()

    assert (newest["version"], off["version"], off["action"]) == (2, 0, "unpublish")


async def test_the_api_fires_without_any_builder(web: httpx2.AsyncClient, client: Client) -> None:
    made = (await schedule(web, at=local_time(await now_ms(client) + 2_000), zone="UTC")).json()

    async def is_done() -> bool:
        return bool((await web.get(f"{PAGE}/schedules/1")).json()["state"] == "done")

    await wait_until(is_done)
    found = (await web.get(f"{PAGE}/schedules/1")).json()
    publication = (await web.get(f"{PAGE}/publications/{found['publication_seq']}")).json()
    assert 0 <= found["late_ms"] < 5_000
    assert found["fired_at"] == made["at"] + found["late_ms"]
    assert (publication["cause"], publication["schedule"], publication["version"]) == ("schedule", 1, 2)


async def test_lists_are_filtered_by_state_and_come_in_stretches(web: httpx2.AsyncClient, year: int) -> None:
    for _ in range(3):
        await schedule(web, at=f"{year}-07-01T09:00")
    await web.delete(f"{PAGE}/schedules/2")

    listed = (await web.get(f"{V1}/sites/acme/schedules?state=scheduled&limit=1")).json()
    rest = (await web.get(f"{V1}/sites/acme/schedules?state=scheduled&cursor={listed['next']}")).json()
    cancelled = (await web.get(f"{V1}/sites/acme/schedules?state=cancelled")).json()

    assert [each["id"] for each in listed["items"] + rest["items"]] == [3, 1]
    assert rest["next"] is None
    assert [each["id"] for each in cancelled["items"]] == [2]
    odd = await web.get(f"{V1}/sites/acme/schedules?state=odd")
    assert (odd.status_code, odd.json()["errors"][0]["mend"]) == (422, "use one of scheduled, done, cancelled, failed")


async def test_a_schedule_is_called_off_and_again_is_the_same(
    web: httpx2.AsyncClient, client: Client, keys: Keys, year: int
) -> None:
    await schedule(web, at=f"{year}-07-01T09:00")

    first = await web.delete(f"{PAGE}/schedules/1")
    again = await web.delete(f"{PAGE}/schedules/1")

    assert (first.status_code, first.json()["state"], first.json()["cancelled_by"]) == (200, "cancelled", "admin")
    assert (again.status_code, again.json()) == (200, first.json())
    assert await client.zcard(keys.scheduled(0)) == 0


async def test_what_fired_or_is_not_there_cannot_be_called_off(web: httpx2.AsyncClient, client: Client) -> None:
    await schedule(web, action="unpublish", at=local_time(await now_ms(client) + 2_000), zone="UTC")

    async def has_ended() -> bool:
        return bool((await web.get(f"{PAGE}/schedules/1")).json()["state"] != "scheduled")

    await wait_until(has_ended)
    found = (await web.get(f"{PAGE}/schedules/1")).json()
    assert (found["state"], found["failure"]["code"]) == ("failed", "not-live")
    assert (await web.delete(f"{PAGE}/schedules/1")).status_code == 409
    await web.post(f"{V1}/sites/acme/pages/other/versions", json={"config": CONFIG})
    for missing in (f"{PAGE}/schedules/9", f"{V1}/sites/acme/pages/other/schedules/1"):
        assert (await web.get(missing)).status_code == (await web.delete(missing)).status_code == 404


async def test_a_schedule_sent_again_is_the_same_one(web: httpx2.AsyncClient, client: Client, year: int) -> None:
    first = await schedule(web, key="k", at=f"{year}-07-01T09:00")
    before = await everything(client)

    again = await schedule(web, key="k", at=f"{year}-07-01T09:00")
    other = await schedule(web, key="k", at=f"{year}-07-01T10:00")

    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, first.json(), "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    assert await everything(client) == before


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ({"at": "2026-03-29T02:30"}, "/at", "use 2026-03-29T01:59 before that, or 2026-03-29T03:00 after it"),
        (
            {"at": "2026-10-25T02:30"},
            "/fold",
            "add fold: 0 for 2026-10-25T02:30:00+02:00, 1 for 2026-10-25T02:30:00+01:00",
        ),
        ({"at": "2026-01-01T00:00"}, "/at", "choose a time to come, or publish now"),
        ({"at": "2999-01-01T00:00"}, "/at", "choose a time within five years"),
        ({"at": "2999-01-01"}, "/at", "write it like 2026-12-24T09:00, as a clock in that zone shows it"),
        ({"at": "x" * 41}, "/at", "write local time such as 2026-12-24T09:00"),
        ({"at": "2999-01-01T00:00", "zone": "Berlin/Europe"}, "/zone", "Use the name of an IANA time zone"),
        ({"at": "2999-01-01T00:00", "action": "publsh"}, "/action", "did you mean publish?"),
        ({"at": "2999-01-01T00:00", "fold": 2}, "/fold", "known here: 0, 1"),
        ({"at": "2999-01-01T00:00", "version": 0}, "/version", "number of a version"),
        ({"at": "2999-01-01T00:00", "action": "unpublish", "version": 1}, "/version", "leave it out"),
        ({}, "/at", "add at: local time such as 2026-12-24T09:00"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_field_and_changes_nothing(
    web: httpx2.AsyncClient, client: Client, body: dict[str, object], pointer: str, said: str
) -> None:
    before = await everything(client)

    answer = await schedule(web, **body)

    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert said in error["mend"]
    assert await everything(client) == before


async def test_a_page_or_a_version_that_is_not_there_is_not_scheduled(web: httpx2.AsyncClient, year: int) -> None:
    about = {"action": "publish", "at": f"{year}-07-01T09:00", "zone": "UTC"}

    missing = await web.post(f"{V1}/sites/acme/pages/none/schedules", json=about)
    version = await schedule(web, version=9, **about)

    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no page 'acme/none'.")
    assert (version.status_code, version.json()["errors"][0]["pointer"]) == (404, "/version")
    assert (await web.get(f"{V1}/sites/acme/pages/none/schedules")).status_code == 404
    assert (await web.get(f"{V1}/sites/none/schedules")).status_code == 404


async def test_a_page_that_moves_takes_its_schedules_along(web: httpx2.AsyncClient, year: int) -> None:
    await schedule(web, at=f"{year}-07-01T09:00")

    await web.post(f"{PAGE}/move", json={"to": "summer"})

    [moved] = (await web.get(f"{V1}/sites/acme/pages/summer/schedules")).json()["items"]
    assert (moved["id"], moved["page"], moved["state"]) == (1, "summer", "scheduled")
    assert (await web.delete(f"{V1}/sites/acme/pages/summer/schedules/1")).json()["state"] == "cancelled"
