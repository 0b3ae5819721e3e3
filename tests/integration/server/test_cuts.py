"""Status streams of real processes that are killed, behind connections that break in the middle of a block."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx2
import pytest

from shared.connection import Client, connect
from shared.errors import Unavailable
from shared.keys import Keys
from tests.chaos.proxy import Proxy
from tests.conftest import wait_until
from tests.harness import TOKEN
from tests.integration.server.conftest import Own, Publisher, StartServer
from tests.integration.server.event_stream import Watcher, assert_whole, happened
from tests.integration.server.processes import ServerProcess

PAGES = ("spring", "summer", "autumn")
EVENTS = 300
PATHS = pytest.mark.parametrize("fast_path", [True, False], ids=["fast path", "plain ASGI"])


class Watched:
    """A server process behind a proxy that cuts, and a watcher of each page.

    Args:
        process: running.
        proxy: in front of it.
        http: a client that goes over the proxy.
    """

    def __init__(self, process: ServerProcess, proxy: Proxy, http: httpx2.AsyncClient) -> None:
        self.process, self.proxy = process, proxy
        self.watchers = [Watcher(http, page) for page in PAGES]

    async def is_ready(self) -> bool:
        """Whether its process serves and follows."""
        return (await asyncio.to_thread(lambda: self.process.readiness))[0] == 200


@asynccontextmanager
async def watched(own: Own, log: Path, dice: random.Random, **settings: str) -> AsyncIterator[Watched]:
    process = ServerProcess(log, own.valkey.url, PLATEN_HEARTBEAT_MS="100", **settings)
    proxy = Proxy(process.port, random.Random(dice.random()))
    await asyncio.gather(asyncio.to_thread(process.start), proxy.start())
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{proxy.port}",
        headers={"authorization": f"Bearer {TOKEN}"},
        trust_env=False,
        timeout=httpx2.Timeout(20, read=None),
    ) as http:
        server = Watched(process, proxy, http)
        yield server
        await asyncio.gather(*(watcher.stop() for watcher in server.watchers))
    await proxy.stop()
    await asyncio.to_thread(process.stop)


@pytest.fixture
async def both(own: Own, tmp_path: Path) -> AsyncIterator[list[Watched]]:
    """A server on the fast path and one that does all over plain ASGI."""
    dice = random.Random(11)
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(watched(own, tmp_path / f"{fast}.log", dice, PLATEN_FAST_PATH=fast))
            for fast in ("1", "0")
        ]


class Editors:
    """Publish all the time, while connections are cut.

    Args:
        own: where they publish.
        both: whose connections are cut.
        dice: decide which page and which connection.
    """

    def __init__(self, own: Own, both: list[Watched], dice: random.Random) -> None:
        self._own, self._both, self._dice = own, both, dice
        self.log, self._keys = connect(own.valkey.url), Keys()

    async def publish(self, times: int, *, cuts: bool = True) -> None:
        """Publish on any page, cutting connections half of the time."""
        for _ in range(times):
            if cuts and self._dice.random() < 0.5:
                self._dice.choice(self._both).proxy.cut("reply")
            await self._own.publisher.publish(b"text", self._dice.choice(PAGES))

    async def some(self) -> None:
        await self.publish(self._dice.randrange(2, 20))

    async def kill_server(self, server: Watched) -> None:
        """Kill one and start it again, while the others and the editors go on."""
        server.process.kill()
        await self.some()
        server.process.begin()
        await self.some()
        await wait_until(server.is_ready)

    async def kill_redis(self) -> None:
        """Kill Redis in the middle of a publish, and start it again once everybody was told."""
        for server in self._both:
            server.proxy.forget_cuts()
        await wait_until(self.all_is_told, what="all watchers to be live")
        publishing = asyncio.create_task(self.publish(10, cuts=False))
        await asyncio.to_thread(self._own.valkey.kill)
        with pytest.raises(Unavailable):
            await publishing
        await wait_until(lambda: all(watcher.count("paused") for watcher in self.watchers))
        await asyncio.to_thread(self._own.valkey.start)
        await wait_until(lambda: all(watcher.count("resumed") for watcher in self.watchers))

    @property
    def watchers(self) -> list[Watcher]:
        return [watcher for server in self._both for watcher in server.watchers]

    async def events(self) -> int:
        """How many there are."""
        return int(await self.log.xlen(self._keys.events(0)))

    async def all_is_told(self) -> bool:
        """Whether every watcher has had the newest event of its page."""
        newest = {page: (await happened(self.log, page))[-1:] for page in PAGES}
        return all([block.id for block in watcher.blocks[-1:]] == newest[watcher.page] for watcher in self.watchers)


@pytest.mark.timeout(90)
async def test_every_event_comes_once_and_in_order_whatever_breaks(own: Own, both: list[Watched]) -> None:
    dice = random.Random(5)
    editors = Editors(own, both, dice)
    await editors.publish(9)
    faults = [*(partial(editors.kill_server, server) for server in both), editors.kill_redis]
    dice.shuffle(faults)

    for fault in faults:
        await editors.some()
        await fault()
    while await editors.events() < EVENTS:
        await editors.some()
    await wait_until(editors.all_is_told, what="all that happened to be told")

    for watcher in editors.watchers:
        assert_whole(watcher.blocks, await happened(editors.log, watcher.page))
        # Nothing was trimmed or forgotten, so nobody has a reason to start again.
        assert (watcher.count("snapshot"), watcher.count("reset")) == (1, 0)
    assert all(sum(watcher.begun for watcher in server.watchers) > 10 for server in both)
    await editors.log.aclose()


@PATHS
@pytest.mark.parametrize("is_trimmed", [True, False], ids=["trimmed", "from the future"])
async def test_a_last_id_that_is_not_known_is_told_and_following_goes_on(
    start_server: StartServer, publisher: Publisher, client: Client, keys: Keys, fast_path: bool, is_trimmed: bool
) -> None:
    for number in range(5):
        await publisher.publish(b"%d" % number)
    entries = [id_.decode() for id_, _ in await client.xrange(keys.events(0))]
    await client.xtrim(keys.events(0), maxlen=3, approximate=False)
    # A server that was there before remembers what was trimmed.
    site = await start_server(fast_path=fast_path)
    last = entries[1] if is_trimmed else "99999999999999-0"

    watcher = Watcher(site.http, "spring", last)
    await wait_until(lambda: watcher.count("snapshot") == 1)
    await publisher.publish(b"after")
    await wait_until(lambda: watcher.count("page-built") == 1)
    await watcher.stop()

    assert [block.event for block in watcher.blocks[:2]] == ["reset", "snapshot"]
    assert watcher.blocks[1].data["live"]["seq"] == 5
    assert_whole(watcher.blocks, [id_.decode() for id_, _ in await client.xrange(keys.events(0))], last)


@PATHS
async def test_the_first_block_gives_the_last_id_back_whatever_comes_next(
    start_server: StartServer, publisher: Publisher, fast_path: bool
) -> None:
    site = await start_server(fast_path=fast_path, sse_max_streams=1)
    query = {"site": "acme", "page": "spring"}

    async with (
        site.http.stream("GET", "/-/events", params=query, headers={"last-event-id": "07-1"}) as held,
        aclosing(held.aiter_bytes()) as pieces,
    ):
        greeting = await anext(pieces)
        turned_away = await site.http.get("/-/events", params=query, headers={"last-event-id": "7-1"})
        unknown = await site.http.get("/-/events", params=query, headers={"last-event-id": "none"})

    assert greeting.startswith(b"id: 7-1\nretry: 2000\n\n")
    assert turned_away.content.startswith(b"id: 7-1\nretry: ")
    assert unknown.content.startswith(b"retry: ")
