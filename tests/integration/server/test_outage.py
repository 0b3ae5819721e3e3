"""What visitors and watchers notice while Redis is away, and how everything catches up: visitors nothing."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from services.valkey import Valkey
from shared.connection import connect
from shared.errors import Unavailable
from tests.conftest import wait_until
from tests.integration.server.conftest import Own, Site, StartServer
from tests.integration.server.event_stream import Watcher, assert_whole, happened

PAGES = [f"p{number}" for number in range(20)]
AWAY_S = 3.0
EVERY_S = 0.01

Fault = Callable[[Valkey], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def frozen(valkey: Valkey) -> AsyncIterator[None]:
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(valkey.pid, signal.SIGCONT)


@asynccontextmanager
async def killed(valkey: Valkey) -> AsyncIterator[None]:
    await asyncio.to_thread(valkey.kill)
    yield
    await asyncio.to_thread(valkey.start)


class Visits:
    """Hits on a fixed schedule, on every page of every server in turn, whether or not the ones before were answered."""

    def __init__(self, servers: list[Site]) -> None:
        self._servers, self._is_over = servers, False
        self._under_way: set[asyncio.Task[None]] = set()
        self.count, self.answered, self.failed = 0, 0, list[str]()
        self._task = asyncio.create_task(self._visit())

    async def stop(self) -> None:
        """Wait for the last answers."""
        self._is_over = True
        await self._task
        await asyncio.gather(*self._under_way)

    async def _visit(self) -> None:
        loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        while not self._is_over:
            server, page = self._servers[self.count % len(self._servers)], PAGES[self.count // 2 % len(PAGES)]
            task = asyncio.create_task(self._hit(server, page))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            self.count += 1
            await asyncio.sleep(max(0, began + self.count * EVERY_S - loop.time()))

    async def _hit(self, server: Site, page: str) -> None:
        answer = await server.http.get(f"/acme/{page}")
        self.answered += 1
        if answer.status_code != 200 or answer.content not in {f"old {page}".encode(), f"new {page}".encode()}:
            self.failed.append(f"{page}: {answer.status_code} {answer.content[:40]!r}")


async def publish_until_accepted(own: Own, page: str) -> None:
    while True:
        with contextlib.suppress(Unavailable):
            await own.publisher.publish(f"new {page}".encode(), page)
            return
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("fault", [frozen, killed])
async def test_no_hit_fails_while_redis_is_away_and_everything_catches_up(
    own: Own, start_server: StartServer, fault: Fault
) -> None:
    servers = [await start_server(redis_url=own.valkey.url, fast_path=fast) for fast in (True, False)]
    for page in PAGES:
        await own.publisher.publish(f"old {page}".encode(), page)
        for server in servers:
            assert (await server.http.get(f"/acme/{page}")).content == f"old {page}".encode()
    watchers = [Watcher(server.http, "p0") for server in servers]
    await wait_until(lambda: all(watcher.count("snapshot") for watcher in watchers))
    visits, began = Visits(servers), time.monotonic()

    async with fault(own.valkey):
        publishing = [asyncio.create_task(publish_until_accepted(own, page)) for page in PAGES[:3]]
        await wait_until(lambda: all(watcher.count("paused") for watcher in watchers))
        readiness = [await server.http.get("/-/readyz") for server in servers]
        await wait_until(lambda: time.monotonic() > began + AWAY_S)
        # Every page of each server is asked for once more, and answered while Redis is away.
        enough = visits.count + len(servers) * len(PAGES)
        await wait_until(lambda: visits.answered >= enough)
    await asyncio.gather(*publishing)
    for server in servers:
        await wait_until(lambda server=server: shows(server, "new p0"), what="the new page")  # type: ignore[misc]
    await wait_until(lambda: all(watcher.count("page-built") for watcher in watchers))
    await visits.stop()

    assert visits.failed == []
    assert visits.count > AWAY_S / EVERY_S / 2
    for answer in readiness:
        assert (answer.status_code, answer.json()["checks"]["follower"]) == (503, "not following the events")
    log = connect(own.valkey.url)
    known = await happened(log, "p0")
    await log.aclose()
    for watcher in watchers:
        await watcher.stop()
        told = [block.event for block in watcher.blocks]
        assert told[:3] == ["snapshot", "paused", "resumed"]
        assert_whole(watcher.blocks, known)


async def shows(server: Site, text: str) -> bool:
    return (await server.http.get(f"/acme/{text.split()[1]}")).content == text.encode()
