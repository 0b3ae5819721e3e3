"""A builder in this process, on a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from services.builder.worker import Worker, new_name
from shared.connection import Client, connect
from shared.settings import Settings
from shared.store import Request, Store

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

StartBuilder = Callable[..., Awaitable[Worker]]
Publish = Callable[..., Awaitable[Any]]


@pytest.fixture
async def start_builder(client: Client, settings: Settings) -> AsyncIterator[StartBuilder]:
    """Start builders; all are drained at the end."""
    running: list[tuple[Worker, asyncio.Task[None], Client]] = []

    async def start(settings: Settings = settings) -> Worker:
        blocking = connect(settings.redis_url, block_s=2)
        worker = Worker(client, blocking, settings, new_name())
        await worker.queue.ensure_groups()
        running.append((worker, asyncio.create_task(worker.run()), blocking))
        return worker

    yield start
    for worker, task, blocking in running:
        worker.stop.set()
        await task
        await blocking.aclose()


@pytest.fixture
async def publish(store: Store) -> Publish:
    """Save and publish a config of a page of the site `acme`."""
    await store.create_site("acme", "Acme", Request("ada", TRACE, "site", "site"))
    keys = iter(range(1_000_000))

    async def save(config: bytes, page: str = "spring") -> Any:
        request = Request("ada", TRACE, f"k{next(keys)}", "f")
        return (await store.save_version("acme", page, config, "", publish=True, request=request)).publication

    return save
