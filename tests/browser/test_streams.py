"""A status stream in a real browser: EventSource comes back by itself, and misses nothing."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from services.valkey import Valkey
from shared.connection import connect
from shared.keys import Keys
from shared.settings import Settings
from shared.streams import position
from tests.conftest import wait_until
from tests.harness import TOKEN
from tests.integration.server.conftest import Own, make_publisher
from tests.integration.server.processes import ServerProcess
from tests.stores import Stores

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NAMES = ("snapshot", "reset", "config-published", "page-built", "page-served", "paused", "resumed")
LISTEN = """names => {
    window.told = [];
    const source = window.source = new EventSource('/-/events?site=acme&page=spring');
    for (const name of names)
        source.addEventListener(name, event => told.push([name, event.lastEventId, JSON.parse(event.data)]));
}"""


class Door:
    """An origin that lets everybody in: it passes requests on to a server and adds the token, as a gateway might.

    Args:
        port: the server's.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._serving: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[str]:
        """Listen; gives the origin."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        server.close()
        for task in tuple(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            # A server that is away is a connection that ends without an answer.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._pass_on(reader, writer)
        finally:
            self._serving.discard(task)
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        answering = asyncio.create_task(self._answer(from_server, writer))
        asking = asyncio.create_task(self._ask(reader, to_server))
        try:
            await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            to_server.close()
            for task in (asking, answering):
                task.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)

    @staticmethod
    async def _ask(reader: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            to_server.write(head[:-2] + f"authorization: Bearer {TOKEN}\r\n\r\n".encode())

    @staticmethod
    async def _answer(from_server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await from_server.read(65_536):
            writer.write(data)
            await writer.drain()


@pytest_asyncio.fixture(loop_scope="session")
async def own(tmp_path: Path) -> AsyncIterator[Own]:
    valkey = Valkey(tmp_path / "own")
    await asyncio.to_thread(valkey.start)
    client = connect(valkey.url)
    yield Own(valkey, await make_publisher(client, Keys(), Stores(client, Keys(), Settings())))
    await client.aclose()
    await asyncio.to_thread(valkey.kill)


@pytest_asyncio.fixture(loop_scope="session")
async def server(own: Own, tmp_path: Path) -> AsyncIterator[ServerProcess]:
    server = ServerProcess(tmp_path / "server.log", own.valkey.url, PLATEN_HEARTBEAT_MS="100")
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


async def test_no_event_is_lost_or_doubled_over_a_restart_of_the_server_and_of_redis(
    context: BrowserContext, own: Own, server: ServerProcess
) -> None:
    log, dice = connect(own.valkey.url), random.Random(2)
    async with Door(server.port).opened() as origin:
        page = await context.new_page()
        # A page of the same origin with no policy of its own that would forbid to connect.
        await page.goto(f"{origin}/-/healthz")
        await page.evaluate(LISTEN, list(NAMES))
        await wait_until(lambda: has_told(page, "snapshot"))
        await publish(own, dice.randrange(3, 9))
        await wait_until(lambda: has_told(page, "page-built"))

        await asyncio.to_thread(server.kill)
        await publish(own, dice.randrange(3, 9))
        await asyncio.to_thread(server.start)
        await publish(own, dice.randrange(3, 9))
        await wait_until(lambda: is_all_told(page, log), what="what happened while the server was away")

        await asyncio.to_thread(own.valkey.kill)
        await wait_until(lambda: has_told(page, "paused"))
        await asyncio.to_thread(own.valkey.start)
        await wait_until(lambda: has_told(page, "resumed"))
        await publish(own, dice.randrange(3, 9))
        await wait_until(lambda: is_all_told(page, log), what="what happened after Redis was back")

        told = await told_to(page)
        ids = [id_ for name, id_, _ in told if name not in {"snapshot", "paused", "resumed"}]
        assert [name for name, _, _ in told].count("snapshot") == 1
        assert ids == [id_ for id_ in await happened(log) if position(id_) > position(told[0][1])]
        assert [name for name, _, _ in told if name in {"reset", "paused", "resumed"}] == ["paused", "resumed"]
        await page.close()
    await log.aclose()


async def publish(own: Own, times: int) -> None:
    for number in range(times):
        await own.publisher.publish(b"%d" % number)


async def told_to(page: Page) -> list[Any]:
    """What the browser's EventSource fired: name, last id and data of each event."""
    # It would be 2 where the browser gave up.
    assert await page.evaluate("source.readyState") != 2
    told: list[Any] = await page.evaluate("told")
    return told


async def has_told(page: Page, name: str) -> bool:
    return name in [told for told, _, _ in await told_to(page)]


async def happened(log: Any) -> list[str]:
    """Ids of all events."""
    return [id_.decode() for id_, _ in await log.xrange(Keys().events(0))]


async def is_all_told(page: Page, log: Any) -> bool:
    return bool((await told_to(page))[-1][1] == (await happened(log))[-1])
