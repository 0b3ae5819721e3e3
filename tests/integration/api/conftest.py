"""The api on a real Redis, driven over ASGI; every answer is held against the OpenAPI document."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import msgspec
import pytest
from argon2 import PasswordHasher, Type
from starlette.applications import Starlette

from services.api.app import create_app
from shared.connection import Client
from shared.settings import Settings
from tests.integration.api.contract import check_answer

TOKEN = "token-of-the-tests-0123456789"
V1 = "/-/api/v1"
PAGE = f"{V1}/sites/acme/pages/spring"
# Something for every part of an address but the site.
IDS = {
    "page": "spring",
    "number": 1,
    "seq": 1,
    "rebuild": 1,
    "builder": "all",
    "account": "0123456789ab",
    "session": "0123456789abcdef0",
    "token": "0123456789abcdef0",
    "name": "Ada",
    "share": "0" * 32,
    "schedule": 1,
    "letter": "0-1-0",
}
CONFIG = {"title": "Spring sale", "widgets": [{"type": "hero", "title": "Spring is here"}]}

Opener = Callable[[Settings], AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as always, for less: hundreds of tests sign somebody in, and what a hash must cost is tested elsewhere."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
    monkeypatch.setattr("shared.accounts.passwords._HASHER", hasher)
    monkeypatch.setattr("shared.accounts.passwords._NOBODYS", hasher.hash("nobody's"))


@pytest.fixture
def settings(redis_server: str) -> Settings:
    return Settings(redis_url=redis_server, host="127.0.0.1", port=0, admin_token=TOKEN, max_body_bytes=100_000)


@pytest.fixture
async def app(client: Client, settings: Settings) -> AsyncIterator[Starlette]:
    app = create_app(settings, io.StringIO())
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def web(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with a token."""
    async with client_of(app) as web:
        yield web


@pytest.fixture
async def site(web: httpx2.AsyncClient) -> None:
    """The site acme."""
    answer = await web.post(f"{V1}/sites", json={"slug": "acme", "title": "Acme"})
    assert answer.status_code == 201


@pytest.fixture
def opened(client: Client) -> Opener:
    """Opens a client of an api with other settings."""

    @asynccontextmanager
    async def open_with(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(settings, io.StringIO())
        async with app.router.lifespan_context(app), client_of(app) as web:
            yield web

    return open_with


def client_of(app: Starlette) -> httpx2.AsyncClient:
    """A client of an app, with a token."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://api.test",
        headers={"authorization": f"Bearer {TOKEN}"},
        event_hooks={"response": [check_answer]},
    )


async def everything(client: Client) -> dict[bytes, Any]:
    """All that Redis holds but for the audit log, and when who was seen, so that two instants can be compared."""
    noted = (b"platen:{accounts}:audit", b"platen:{accounts}:session:", b"platen:{accounts}:token:")
    keys = [key for key in await client.keys("*") if not key.startswith(noted)]
    kinds, contents = client.pipeline(transaction=False), client.pipeline(transaction=False)
    for key in keys:
        kinds.type(key)
    for key, kind in zip(keys, await kinds.execute(), strict=True):
        # Of what has no order a dump would show one, which changes as it grows.
        {b"hash": contents.hgetall, b"set": contents.smembers}.get(kind, contents.dump)(key)
    return dict(zip(keys, await contents.execute(), strict=True))


async def publish(web: httpx2.AsyncClient, **more: object) -> dict[str, object]:
    """Save a version and publish it."""
    answer = await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = msgspec.json.decode(answer.content)
    return found
