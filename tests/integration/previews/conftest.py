"""An api and builders in this process, on a real Redis."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette

from services.api.app import create_app
from services.builder import previews, worker
from services.builder.worker import Worker, new_name
from shared.connection import Client, connect
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.api.conftest import TOKEN, V1, Opener, client_of

StartBuilder = Callable[..., Awaitable[Worker]]


@pytest.fixture
def settings(redis_server: str) -> Settings:
    return Settings(redis_url=redis_server, admin_token=TOKEN, heartbeat_ms=200)


@pytest.fixture
async def app(client: Client, settings: Settings) -> AsyncIterator[Starlette]:
    app = create_app(settings, io.StringIO())
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def web(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with a token, and the site acme."""
    async with client_of(app) as web:
        assert (await web.post(f"{V1}/sites", json={"slug": "acme", "title": "Acme & Söhne"})).status_code == 201
        yield web


@pytest.fixture
def opened(client: Client) -> Opener:
    """Opens a client of an api with other settings."""

    @asynccontextmanager
    async def open_with(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(settings, io.StringIO())
        async with app.router.lifespan_context(app), client_of(app) as web:
            yield web

    return open_with


@pytest.fixture
async def anybody(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of somebody without an account."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://api.test") as web:
        yield web


@pytest.fixture(autouse=True)
def brief_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A builder sees that it is to stop when its wait for work is over; hundreds of tests need not wait that long."""
    for module in (worker, previews):
        monkeypatch.setattr(module, "BLOCK_MS", 100)


@pytest.fixture
async def start_builder(client: Client, settings: Settings) -> AsyncIterator[StartBuilder]:
    """Start builders; all are drained at the end."""
    running: list[tuple[Worker, asyncio.Task[None], list[Client]]] = []

    async def start(settings: Settings = settings) -> Worker:
        own = [connect(settings.redis_url), connect(settings.redis_url, block_s=2, repeats=False)]
        started = Worker(own[0], own[1], settings, new_name())
        await started.queue.ensure_groups()
        running.append((started, asyncio.create_task(started.run()), own))
        return started

    yield start
    for ended, task, own in running:
        ended.stop.set()
        await task
        for one in own:
            await one.aclose()


@pytest.fixture
async def builder(start_builder: StartBuilder, web: httpx2.AsyncClient) -> Worker:
    """A builder that is listed."""
    worker = await start_builder()
    await wait_until_listed(web)
    return worker


async def wait_until_listed(web: httpx2.AsyncClient, builders: int = 1) -> None:
    """Wait until so many builders say that they are alive."""

    async def are_listed() -> bool:
        return len((await web.get(f"{V1}/builders")).json()["items"]) >= builders

    await wait_until(are_listed)
