"""Every operation, every role, one's own site and another's: answered as the table of roles says."""

import itertools
from typing import Any, NamedTuple

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
_numbers = itertools.count(1)


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
        return await sign_in_as(client, roles, f"Somebody {next(_numbers)}")
    # Whoever came with a token is remembered for a while, so each has one of their own.
    token = f"platen_{next(_numbers):043}"
    record = {"id": "somebody", "created_at": 0, "roles": roles}
    await client.hset(keys.TOKENS, digest(token), msgspec.json.encode(record))
    return {"authorization": f"Bearer {token}"}


async def send(web: httpx2.AsyncClient, endpoint: Endpoint, site: str, headers: dict[str, str]) -> httpx2.Response:
    body: dict[str, Any] = {} if endpoint.body is None else {"json": endpoint.body_example}
    if endpoint.name == "saveVersion":
        # To publish with it takes more, and has a test of its own.
        body["json"] = {**endpoint.body_example, "publish": False}
    return await web.request(endpoint.method, endpoint.path.format(site=site, **IDS), headers=headers, **body)


class Case(NamedTuple):
    """Somebody who asks for something.

    Attributes:
        roles: what they hold.
        site: what it is about.
    """

    roles: dict[str, str]
    site: str

    def may(self, endpoint: Endpoint) -> bool:
        return permits(self.roles, endpoint.needs or "look", self.place(endpoint))

    def sees(self, endpoint: Endpoint) -> bool:
        return not endpoint.is_of_site or permits(self.roles, "look", self.site)

    def place(self, endpoint: Endpoint) -> str:
        return self.site if endpoint.is_of_site else EVERYWHERE


CASES = [Case({held_on: role}, site) for role in ROLES for held_on in (OWN, EVERYWHERE) for site in (OWN, OTHER)]


@pytest.mark.parametrize("means", ["token", "session"])
@pytest.mark.parametrize("endpoint", OPERATIONS, ids=lambda endpoint: endpoint.name)
@pytest.mark.usefixtures("sites")
async def test_whoever_may_not_is_refused_and_nothing_is_changed(
    web: httpx2.AsyncClient, client: Client, endpoint: Endpoint, means: str
) -> None:
    for case in CASES:
        if case.may(endpoint):
            continue
        headers = await as_somebody(client, case.roles, means)
        before = await everything(client)

        answer = await send(web, endpoint, case.site, headers)

        if case.sees(endpoint):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), case
            assert answer.json()["errors"][0]["mend"]
        else:
            assert answer.status_code == 404, case
            assert answer.json()["detail"] == f"There is no site '{case.site}'."
        assert await everything(client) == before, case


@pytest.mark.parametrize("means", ["token", "session"])
@pytest.mark.parametrize("endpoint", OPERATIONS, ids=lambda endpoint: endpoint.name)
@pytest.mark.usefixtures("sites")
async def test_whoever_may_is_not_refused(
    web: httpx2.AsyncClient, client: Client, endpoint: Endpoint, means: str
) -> None:
    for case in CASES:
        if not case.may(endpoint):
            continue
        headers = await as_somebody(client, case.roles, means)

        answer = await send(web, endpoint, case.site, headers)

        assert answer.status_code not in {401, 403}, case
        assert answer.status_code != 404 or "There is no site" not in answer.json()["detail"], case


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.usefixtures("sites")
async def test_whoever_saves_a_version_may_publish_with_it_only_if_they_may_publish(
    web: httpx2.AsyncClient, client: Client, role: str
) -> None:
    headers = await as_somebody(client, {OWN: role})
    before = await everything(client)

    answer = await web.post(
        f"{V1}/sites/{OWN}/pages/spring/versions", json={"config": CONFIG, "publish": True}, headers=headers
    )

    assert answer.status_code == (201 if permits({OWN: role}, "publish", OWN) else 403)
    assert (await everything(client) == before) == (answer.status_code == 403)


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
