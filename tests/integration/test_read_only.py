"""Redis becomes a replica of nowhere and a master again: api and builder go on by themselves."""

import asyncio
import io
from collections.abc import AsyncIterator

import httpx2
import pytest

from services.api.app import create_app
from services.builder.worker import run_builder
from shared.connection import Client
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.api.conftest import CONFIG, PAGE, TOKEN, V1, client_of

pytestmark = pytest.mark.redis7


@pytest.fixture
def settings(redis_server: str) -> Settings:
    return Settings(redis_url=redis_server, admin_token=TOKEN, heartbeat_ms=50)


@pytest.fixture
async def web(client: Client, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an api beside which a builder runs."""
    stop, app = asyncio.Event(), create_app(settings, io.StringIO())
    async with app.router.lifespan_context(app), client_of(app) as web:
        building = asyncio.create_task(run_builder(settings, stop))
        yield web
        stop.set()
        await building
    assert await client.ping()


async def publish(web: httpx2.AsyncClient, key: str) -> httpx2.Response:
    return await web.post(
        f"{PAGE}/versions", json={"config": CONFIG, "publish": True}, headers={"idempotency-key": key}
    )


async def is_live(web: httpx2.AsyncClient, version: int) -> bool:
    live = (await web.get(PAGE)).json()["live"]
    return bool(live) and live["version"] == version


async def test_after_a_time_as_a_replica_pages_are_published_and_built_again(
    web: httpx2.AsyncClient, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    await web.post(f"{V1}/sites", json={"slug": "acme"})
    await publish(web, "before")
    await wait_until(lambda: is_live(web, 1))
    caplog.clear()

    await client.replicaof("127.0.0.1", "1")
    try:
        refused = await publish(web, "during")
        ready = await web.get("/-/readyz")
        await wait_until(lambda: "Redis is away" in caplog.text, what="the builder to notice")
    finally:
        await client.replicaof("NO", "ONE")
    again = await publish(web, "during")

    assert (refused.status_code, refused.json()["code"]) == (503, "store-unavailable")
    assert ready.status_code == 503
    assert (again.status_code, again.json()["version"]["number"]) == (201, 2)
    assert "idempotency-replayed" not in again.headers
    await wait_until(lambda: is_live(web, 2))
