"""Every operation, every role, one's own site and another's: answered as the table of roles says."""

from typing import Any

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette

from services.api.app import ENDPOINTS
from services.api.endpoint import Endpoint
from shared import keys
from shared.auth import digest
from shared.connection import Client
from shared.roles import EVERYWHERE, ROLES, permits
from tests.integration.api.conftest import CONFIG, IDS, TOKEN, V1, everything
from tests.integration.api.people import sign_in_as

OPERATIONS = [endpoint for endpoint in ENDPOINTS if endpoint.needs and not endpoint.checks_itself]
OWN, OTHER = "acme", "other"


@pytest.fixture
async def sites(web: httpx2.AsyncClient) -> None:
    """Two sites with a page each."""
    for site in (OWN, OTHER):
        assert (await web.post(f"{V1}/sites", json={"slug": site})).status_code == 201
        saved = await web.post(f"{V1}/sites/{site}/pages/spring/versions", json={"config": CONFIG})
        assert saved.status_code == 201


async def as_somebody(client: Client, roles: dict[str, str], means: str = "token") -> dict[str, str]:
    """Headers of somebody with these roles, who comes with a token or a session."""
    if means == "session":
        return await sign_in_as(client, roles)
    token = "platen_" + "x" * 43
    record = {"id": "somebody", "created_at": 0, "roles": roles}
    await client.hset(keys.TOKENS, digest(token), msgspec.json.encode(record))
    return {"authorization": f"Bearer {token}"}


async def send(web: httpx2.AsyncClient, endpoint: Endpoint, site: str, headers: dict[str, str]) -> httpx2.Response:
    body: dict[str, Any] = {} if endpoint.body is None else {"json": endpoint.body_example}
    return await web.request(endpoint.method, endpoint.path.format(site=site, **IDS), headers=headers, **body)


@pytest.mark.parametrize("means", ["token", "session"])
@pytest.mark.parametrize("site", [OWN, OTHER])
@pytest.mark.parametrize("held_on", [OWN, EVERYWHERE])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("endpoint", OPERATIONS, ids=lambda endpoint: endpoint.name)
@pytest.mark.usefixtures("sites")
async def test_an_operation_is_answered_as_the_table_says(
    web: httpx2.AsyncClient, client: Client, endpoint: Endpoint, role: str, held_on: str, site: str, means: str
) -> None:
    roles = {held_on: role}
    headers = await as_somebody(client, roles, means)
    where = site if endpoint.is_of_site else EVERYWHERE
    before = await everything(client)

    answer = await send(web, endpoint, site, headers)

    if endpoint.is_of_site and not permits(roles, "look", where):
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"There is no site '{site}'."
        assert await everything(client) == before
    elif not permits(roles, endpoint.needs or "look", where):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert answer.json()["errors"][0]["mend"]
        assert await everything(client) == before
    else:
        assert answer.status_code not in {401, 403}
        assert answer.status_code != 404 or "There is no site" not in answer.json()["detail"]


@pytest.mark.usefixtures("sites")
async def test_somebody_sees_their_own_sites_alone(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await as_somebody(client, {OWN: "viewer", "gone": "viewer"})

    listed = (await web.get(f"{V1}/sites", headers=headers)).json()

    assert [site["slug"] for site in listed["items"]] == [OWN]
    assert [site["slug"] for site in (await web.get(f"{V1}/sites")).json()["items"]] == [OWN, OTHER]


@pytest.mark.usefixtures("sites")
async def test_ones_own_sites_come_in_stretches(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await as_somebody(client, {OWN: "viewer", OTHER: "editor"})

    first = (await web.get(f"{V1}/sites?limit=1", headers=headers)).json()
    second = (await web.get(f"{V1}/sites?limit=1&cursor={first['next']}", headers=headers)).json()

    assert [site["slug"] for site in first["items"] + second["items"]] == [OWN, OTHER]
    assert second["next"] is None


async def test_a_site_of_others_answers_just_like_one_that_is_not_there(app: Starlette, client: Client) -> None:
    headers = await as_somebody(client, {})
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.test") as web:
        own = {"authorization": f"Bearer {TOKEN}"}
        assert (await web.post(f"{V1}/sites", json={"slug": OTHER}, headers=own)).status_code == 201

        theirs = await web.get(f"{V1}/sites/{OTHER}", headers=headers)
        nobodys = await web.get(f"{V1}/sites/nobody", headers=headers)

    assert theirs.text.replace(OTHER, "nobody") == nobodys.text
