"""Moving pages, over the API."""

import httpx2
import pytest

from shared.connection import Client
from tests.integration.api.conftest import CONFIG, PAGE, V1, everything

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]


@pytest.fixture
async def page(web: httpx2.AsyncClient, site: None) -> None:
    """The page spring, saved and not published."""
    assert (await web.post(f"{PAGE}/versions", json={"config": CONFIG})).status_code == 201


async def move(web: httpx2.AsyncClient, to: str, key: str = "") -> httpx2.Response:
    return await web.post(f"{PAGE}/move", json={"to": to}, headers={"idempotency-key": key} if key else {})


@pytest.mark.usefixtures("page")
async def test_a_page_is_found_at_its_new_address(web: httpx2.AsyncClient) -> None:
    answer = await move(web, "summer")

    moved = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (200, f"{V1}/sites/acme/pages/summer")
    assert (moved["page"], moved["url"]) == ("summer", "/acme/summer")
    assert (moved["publication"]["cause"], moved["publication"]["state"]) == ("move", "live")
    assert (await web.get(answer.headers["location"])).json()["versions"] == 1
    gone = await web.get(PAGE)
    assert (gone.status_code, gone.json()["errors"][0]["mend"]) == (404, "it was moved to acme/summer")
    assert (await web.get(f"{V1}/sites/acme/pages/summer/versions/1")).json()["config"]["title"] == "Spring sale"


@pytest.mark.usefixtures("page")
async def test_a_move_sent_again_is_the_same_move(web: httpx2.AsyncClient, client: Client) -> None:
    first = await move(web, "summer", key="k")
    before = await everything(client)

    again = await move(web, "summer", key="k")

    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert (await move(web, "autumn", key="k")).status_code == 422
    assert await everything(client) == before


@pytest.mark.usefixtures("page")
async def test_what_cannot_be_is_refused_and_changes_nothing(web: httpx2.AsyncClient, client: Client) -> None:
    await web.post(f"{V1}/sites/acme/pages/taken/versions", json={"config": CONFIG})
    await web.post(f"{V1}/sites/acme/pages/busy/versions", json={"config": CONFIG, "publish": True})
    before = await everything(client)

    for to, status, pointer in (("taken", 409, "/to"), ("spring", 409, "/to"), ("A b", 422, "/to"), ("", 422, "/to")):
        answer = await move(web, to)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer), to
    busy = await web.post(f"{V1}/sites/acme/pages/busy/move", json={"to": "free"})
    assert (busy.status_code, busy.json()["errors"][0]["mend"]) == (409, "wait until it has, then move the page")
    missing = await web.post(f"{V1}/sites/acme/pages/nothing/move", json={"to": "free"})
    assert missing.status_code == 404
    assert await everything(client) == before
