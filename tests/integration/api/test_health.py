"""Health and counters of the api alone."""

import asyncio
from pathlib import Path

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette

from services.api.api import Api
from services.api.health import check_ready
from shared.connection import Client, connect
from shared.health import health_routes
from shared.settings import Settings
from tests.integration.api.conftest import PAGE, V1, publish


@pytest.mark.redis7
async def test_an_api_whose_redis_answers_is_ready(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/-/readyz")

    assert (answer.status_code, answer.json()) == (200, {"ready": True, "checks": {"redis": "ok"}})


async def test_an_api_whose_redis_is_away_is_alive_but_not_ready(tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/nobody.sock"
    api = Api(connect(url), Settings(redis_url=url))
    transport = httpx2.ASGITransport(app=Starlette(routes=health_routes(lambda: check_ready(api), api.registry)))

    async with httpx2.AsyncClient(transport=transport, base_url="http://api.test") as web:
        healthy, ready = await asyncio.gather(web.get("/-/healthz"), web.get("/-/readyz"))

    assert healthy.status_code == 200
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert ready.json()["checks"]["redis"] != "ok"


@pytest.mark.redis7
async def test_an_api_on_a_redis_that_takes_no_writes_is_not_ready(client: Client, settings: Settings) -> None:
    api = Api(client, settings)
    await client.config_set("maxmemory", 1)
    try:
        checks = await check_ready(api)
    finally:
        await client.config_set("maxmemory", 0)

    assert checks["redis"] != "ok"


async def test_an_api_with_another_number_of_partitions_is_not_ready(client: Client, settings: Settings) -> None:
    assert await check_ready(Api(client, settings)) == {"redis": "ok"}

    checks = await check_ready(Api(client, msgspec.structs.replace(settings, partitions=16)))

    assert "PLATEN_PARTITIONS" in checks["redis"]


@pytest.mark.usefixtures("site")
async def test_answers_are_counted_by_route_and_publications_by_cause(web: httpx2.AsyncClient) -> None:
    await publish(web)
    for _ in range(2):
        await web.post(f"{PAGE}/publications", json={"version": 1}, headers={"idempotency-key": "same"})
    await web.get(f"{V1}/sites/nope")
    await web.request("BREW", f"{V1}/sites")

    counted = (await web.get("/-/metrics")).text

    route = 'route="/-/api/v1/sites/{site}"'
    assert f'platen_api_requests_total{{method="GET",{route},status="404"}} 1.0' in counted
    assert 'platen_publications_accepted_total{cause="publish"} 2.0' in counted
    assert "BREW" not in counted
    assert "nope" not in counted
