"""What new pages of a site begin with."""

from typing import Any

import httpx2
import pytest

from shared.connection import Client
from tests.integration.api.conftest import CONFIG, PAGE, V1, everything

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]

DEFAULTS = f"{V1}/sites/acme/defaults"


async def set_defaults(web: httpx2.AsyncClient, config: Any, key: str = "") -> httpx2.Response:
    headers = {"idempotency-key": key} if key else {}
    return await web.put(DEFAULTS, json={"config": config}, headers=headers)


async def test_a_site_has_no_defaults_at_first(web: httpx2.AsyncClient) -> None:
    assert (await web.get(DEFAULTS)).json() == {"config": {}}


async def test_a_new_page_begins_with_the_defaults(web: httpx2.AsyncClient) -> None:
    answer = await set_defaults(web, {"lang": "de", "background": "white", "widgets": CONFIG["widgets"]})

    assert answer.status_code == 200
    assert answer.json() == (await web.get(DEFAULTS)).json()
    draft = (await web.get(f"{PAGE}/draft")).json()
    assert (draft["config"]["lang"], draft["config"]["background"]) == ("de", "#ffffff")
    assert (draft["revision"], draft["is_saved"], draft["base_version"]) == (0, False, 0)
    assert [fault["pointer"] for fault in draft["faults"]] == ["/config/title"]


async def test_a_page_that_is_there_stays_as_it_is(web: httpx2.AsyncClient) -> None:
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})

    await set_defaults(web, {"lang": "de"})

    assert (await web.get(f"{PAGE}/draft")).json()["config"]["lang"] == "en"


async def test_defaults_are_set_as_a_whole(web: httpx2.AsyncClient) -> None:
    await set_defaults(web, {"lang": "de", "title": "Untitled"})
    await set_defaults(web, {"theme": {"font": "serif"}})

    config = (await web.get(DEFAULTS)).json()["config"]
    assert (set(config), config["theme"]["font"]) == ({"theme"}, "serif")


async def test_a_request_sent_again_late_does_not_undo_a_newer_one(web: httpx2.AsyncClient) -> None:
    await set_defaults(web, {"lang": "de"}, key="k")
    await set_defaults(web, {"lang": "fr"})

    again = await set_defaults(web, {"lang": "de"}, key="k")

    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert (await web.get(DEFAULTS)).json()["config"] == {"lang": "fr"}
    assert (await set_defaults(web, {"lang": "it"}, key="k")).json()["code"] == "idempotency-mismatch"


@pytest.mark.parametrize(
    ("config", "pointer"),
    [
        ({"title": ""}, "/config/title"),
        ({"background": "zork"}, "/config/background"),
        ({"widgets": [{"type": "hero"}]}, "/config/widgets/0/title"),
        ({"titel": "A"}, "/config/titel"),
        ([], "/config"),
    ],
)
async def test_defaults_that_no_page_could_have_are_refused(
    web: httpx2.AsyncClient, client: Client, config: Any, pointer: str
) -> None:
    before = await everything(client)

    answer = await set_defaults(web, config)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await everything(client) == before


async def test_a_site_that_is_not_there_has_none(web: httpx2.AsyncClient) -> None:
    nowhere = f"{V1}/sites/nowhere/defaults"

    assert (await web.get(nowhere)).status_code == 404
    assert (await web.put(nowhere, json={"config": {}})).status_code == 404
