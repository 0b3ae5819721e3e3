"""Who may: nobody without a token, and the first token is shown once and to nobody else."""

import io
import logging

import httpx2
import msgspec
import pytest

from services.api.app import ENDPOINTS, create_app
from services.api.endpoint import Endpoint
from shared.auth import PREFIX
from shared.connection import Client
from shared.settings import Settings
from tests.integration.api.conftest import IDS, TOKEN, V1, everything

OPERATIONS = [endpoint for endpoint in ENDPOINTS if endpoint.needs]
NO_TOKENS = ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN]


@pytest.mark.redis7
@pytest.mark.parametrize("endpoint", OPERATIONS, ids=lambda endpoint: endpoint.name)
async def test_no_operation_is_possible_without_a_token_that_is_known(
    web: httpx2.AsyncClient, client: Client, endpoint: Endpoint
) -> None:
    before = await everything(client)
    address = endpoint.path.format(site="acme", **IDS)

    for header in NO_TOKENS:
        headers = {"authorization": header}
        answer = await web.request(endpoint.method, address, headers=headers, json=endpoint.body_example or {})

        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), header
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["errors"][0]["mend"]
        assert await everything(client) == before, header


async def test_the_description_needs_no_token(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/-/api/openapi.json", headers={"authorization": ""})

    assert answer.json()["openapi"] == "3.1.0"


async def test_the_first_token_is_shown_once_and_not_logged(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    without = msgspec.structs.replace(settings, admin_token="")
    first, second = io.StringIO(), io.StringIO()

    app = create_app(without, first)
    async with app.router.lifespan_context(app):
        token = first.getvalue().split()[-1]
        transport = httpx2.ASGITransport(app=app)
        headers = {"authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://api.test", headers=headers) as web:
            answer = await web.get(f"{V1}/sites")
    again = create_app(without, second)
    async with again.router.lifespan_context(again):
        pass

    assert answer.status_code == 200
    assert token.startswith(PREFIX)
    assert first.getvalue().count(token) == 1
    assert "token" not in second.getvalue()
    assert token not in caplog.text


async def test_a_token_that_was_given_is_not_shown(client: Client, settings: Settings) -> None:
    out = io.StringIO()

    app = create_app(settings, out)
    async with app.router.lifespan_context(app):
        pass

    assert TOKEN not in out.getvalue()
