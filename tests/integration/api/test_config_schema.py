"""What a form is made from: told to everybody who is somebody."""

import httpx2

from shared.connection import Client
from tests.integration.api.conftest import V1
from tests.integration.api.test_roles import as_somebody


async def test_whoever_has_a_role_anywhere_sees_what_a_config_is_made_of(
    web: httpx2.AsyncClient, client: Client
) -> None:
    answer = await web.get(f"{V1}/config-schema", headers=await as_somebody(client, {"acme": "viewer"}))

    assert answer.status_code == 200
    assert answer.json()["properties"]["title"]["x-kind"] == "title"
    assert "Hero" in answer.json()["$defs"]


async def test_nobody_sees_it(web: httpx2.AsyncClient) -> None:
    answer = await web.get(f"{V1}/config-schema", headers={"authorization": ""})

    assert answer.status_code == 401
