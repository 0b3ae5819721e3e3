"""A builder in this process, on a real Redis."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from services.builder import previews, worker
from services.builder.worker import Worker, new_name
from shared.connection import Client, connect
from shared.idempotency import Request
from shared.keys import Keys
from shared.settings import Settings
from tests.stores import Stores

TERMINAL = {"live", "failed", "superseded", "cancelled"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

StartBuilder = Callable[..., Awaitable[Worker]]
Publish = Callable[..., Awaitable[Any]]


@pytest.fixture(autouse=True)
def brief_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A builder sees that it is to stop when its wait for work is over; hundreds of tests need not wait that long."""
    for module in (worker, previews):
        monkeypatch.setattr(module, "BLOCK_MS", 100)


@pytest.fixture
async def start_builder(client: Client, settings: Settings) -> AsyncIterator[StartBuilder]:
    """Start builders; all are drained at the end."""
    running: list[tuple[Worker, asyncio.Task[None], Client]] = []

    async def start(settings: Settings = settings) -> Worker:
        blocking = connect(settings.redis_url, block_s=2)
        started = Worker(client, blocking, settings, new_name())
        await started.queue.ensure_groups()
        running.append((started, asyncio.create_task(started.run()), blocking))
        return started

    yield start
    for ended, task, blocking in running:
        ended.stop.set()
        await task
        await blocking.aclose()


@pytest.fixture
async def publish(stores: Stores) -> Publish:
    """Save and publish a config of a page of the site `acme`."""
    await stores.sites.create("acme", "Acme", Request("ada", TRACE, "site", "site"))
    keys = iter(range(1_000_000))

    async def save(config: bytes, page: str = "spring") -> Any:
        request = Request("ada", TRACE, f"k{next(keys)}", "f")
        return (await stores.publishing.save("acme", page, config, "", publish=True, request=request)).publication

    return save


def config(title: str) -> bytes:
    return json.dumps({"title": title}).encode()


async def events(client: Client, keys: Keys) -> list[dict[str, Any]]:
    """Everything that happened, oldest first."""
    return [json.loads(fields[b"data"]) for _, fields in await client.xrange(keys.events(0))]


async def count(client: Client, keys: Keys, kind: str, wanted: int) -> bool:
    """Whether events of a type have happened often enough."""
    return sum(event["type"] == kind for event in await events(client, keys)) >= wanted


async def state_of(stores: Stores, seq: int, page: str = "spring") -> str:
    return (await stores.publications.show("acme", page, seq)).state


async def is_in(stores: Stores, seq: int, state: str, page: str = "spring") -> bool:
    """Whether a publication has come to a state; ending in another one fails the test."""
    found = await state_of(stores, seq, page)
    assert found == state or found not in TERMINAL, f"publication {seq} ended {found}, not {state}"
    return found == state
