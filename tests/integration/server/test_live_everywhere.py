"""Live on every server, with servers that run: whenever that was told, each of them shows that page or a newer one."""

import asyncio
import random
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from shared.connection import Client, connect
from shared.keys import Keys
from shared.records import Served
from shared.settings import Settings
from tests.conftest import wait_until
from tests.harness import PLATEN, ROOT, environment
from tests.integration.server.conftest import Publisher, StartServer
from tests.stores import Stores

pytestmark = pytest.mark.timeout(120)

BEAT_MS = 100
# A frozen process is counted out after about two seconds, which is long beside what is done meanwhile.
PROCESS_BEAT_MS = 300
LOOKS = ":looks"


async def told_after(client: Client, keys: Keys, at: str) -> AsyncIterator[dict[str, Any]]:
    """The page-served events behind a position, as they come."""
    while True:
        found = await client.xread({keys.events(0): at}, count=100, block=1000)
        for entry, fields in found[0][1] if found else []:
            at = entry.decode()
            if fields[b"type"] == b"page-served":
                yield msgspec.json.decode(fields[b"data"])


async def shown(http: httpx2.AsyncClient, page: str) -> int:
    """The seq of the page that visitors get from a server."""
    answer = await http.get(f"/acme/{page}")
    assert answer.status_code == 200
    return int(answer.headers["x-platen-seq"])


async def are_known(client: Client, keys: Keys, count: int) -> bool:
    """Whether so many servers count, and have counted for long enough to be all that there are."""
    reports = await client.hgetall(keys.applied(0))
    looks = int(reports.pop(LOOKS.encode(), b"0 0").split()[0])
    return looks >= 7 and len(reports) == count and all(said.count(b" ") == 1 for said in reports.values())


async def served(stores: Stores, seq: int, page: str = "spring") -> Served:
    found = (await stores.publications.show("acme", page, seq)).served
    assert found is not None
    return found


@pytest.mark.redis7
async def test_whenever_it_is_told_every_server_shows_that_page_or_a_newer_one(
    start_server: StartServer, publisher: Publisher, client: Client, settings: Settings, keys: Keys
) -> None:
    sites = [await start_server(heartbeat_ms=BEAT_MS) for _ in range(3)]
    pages, dice, seqs = ("spring", "summer", "autumn"), random.Random(5), {}
    for page in pages:
        await publisher.publish(b"0", page)
        assert [await shown(site.http, page) for site in sites] == [1, 1, 1]
    await wait_until(lambda: are_known(client, keys, 3))
    watching, checked = connect(settings.redis_url, block_s=2), 0

    async def write() -> None:
        for number in range(120):
            page = dice.choice(pages)
            seqs[page] = await publisher.publish(b"%d" % number, page)

    writing = asyncio.create_task(write())
    async for event in told_after(watching, keys, "0-0"):
        on = await asyncio.gather(*(shown(site.http, event["page"]) for site in sites))
        assert min(on) >= event["seq"], f"{event} and {on}"
        assert (event["servers"], event["of"]) == (3, 3)
        checked += 1
        if checked == 123:
            break
    await writing
    await watching.aclose()
    assert seqs == {page: await shown(sites[0].http, page) for page in pages}


@pytest.mark.redis7
async def test_a_server_that_stops_does_not_hold_the_word_up(
    start_server: StartServer, publisher: Publisher, stores: Stores, client: Client, keys: Keys
) -> None:
    _, leaving = await start_server(heartbeat_ms=BEAT_MS), await start_server(heartbeat_ms=BEAT_MS)
    await wait_until(lambda: are_known(client, keys, 2))
    first = await publisher.publish(b"one")
    await wait_until(lambda: _is_told(stores, first))

    await leaving.stop()
    second = await publisher.publish(b"two")
    await wait_until(lambda: _is_told(stores, second))

    assert [(await served(stores, seq)).of for seq in (first, second)] == [2, 1]
    assert len(await client.hkeys(keys.applied(0))) == 2


@pytest.mark.redis7
async def test_a_redis_that_was_emptied_waits_for_every_server_again(
    start_server: StartServer, publisher: Publisher, stores: Stores, client: Client, keys: Keys
) -> None:
    sites = [await start_server(heartbeat_ms=BEAT_MS) for _ in range(3)]
    await wait_until(lambda: are_known(client, keys, 3))
    for number in range(1, 4):
        await publisher.publish(b"%d" % number)
    await wait_until(lambda: _is_told(stores, 3))
    assert [await shown(site.http, "spring") for site in sites] == [3, 3, 3]

    await client.flushall()
    await wait_until(lambda: _is_told(stores, 3))

    assert (await served(stores, 3)).servers == 3
    assert [await shown(site.http, "spring") for site in sites] == [3, 3, 3]
    told = [event for event in await _all_told(client, keys) if event["page"] == "spring"]
    assert [event["seq"] for event in told] == [3]


class Running:
    """A `platen server` process.

    Args:
        process: what runs.
        http: a client of it.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", http: httpx2.AsyncClient) -> None:
        self.process, self.http = process, http

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    async def is_ready(self) -> bool:
        try:
            return (await self.http.get("/-/readyz")).status_code == 200
        except httpx2.TransportError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


StartProcess = Callable[[], Running]


@pytest.fixture
async def start_process(settings: Settings, tmp_path: Path) -> AsyncIterator[StartProcess]:
    """Start `platen server` processes; all are ended with the test."""
    running: list[Running] = []

    def start() -> Running:
        port = free_port()
        own = {
            "PLATEN_REDIS_URL": settings.redis_url,
            "PLATEN_PORT": str(port),
            "PLATEN_HEARTBEAT_MS": str(PROCESS_BEAT_MS),
        }
        with (tmp_path / f"server-{port}.log").open("ab") as log:
            process = subprocess.Popen([*PLATEN, "server"], env=environment(**own), cwd=ROOT, stdout=log, stderr=log)
        http = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20)
        running.append(Running(process, http))
        return running[-1]

    yield start
    for one in running:
        await one.http.aclose()
        if one.process.poll() is None:
            one.send(signal.SIGKILL)
        await asyncio.to_thread(one.process.wait, 10)


async def test_a_frozen_server_is_waited_for_and_a_killed_one_counted_out(
    start_process: StartProcess, publisher: Publisher, stores: Stores, client: Client, keys: Keys
) -> None:
    one, frozen, killed = start_process(), start_process(), start_process()
    for server in (one, frozen, killed):
        await wait_until(server.is_ready, 30)
    await wait_until(lambda: are_known(client, keys, 3))
    await publisher.publish(b"one")
    await wait_until(lambda: _is_told(stores, 1))
    assert [await shown(server.http, "spring") for server in (one, frozen, killed)] == [1, 1, 1]

    # Frozen for less than it takes to be counted out: the word waits.
    frozen.send(signal.SIGSTOP)
    seq = await publisher.publish(b"two")
    await wait_until(lambda: _have(stores, seq, 2))
    assert not await _is_told(stores, seq)
    frozen.send(signal.SIGCONT)
    await wait_until(lambda: _is_told(stores, seq))
    assert (await served(stores, seq)).servers == (await served(stores, seq)).of
    assert await shown(frozen.http, "spring") == seq

    # Killed: nobody knows what it would show, and it is not waited for for ever.
    await wait_until(lambda: are_known(client, keys, 3))
    killed.send(signal.SIGKILL)
    seq = await publisher.publish(b"three")
    await wait_until(lambda: _is_told(stores, seq))
    found = await served(stores, seq)
    assert (found.servers, found.of) == (2, 3)
    assert [f"-{killed.process.pid}-" in name for name in found.missing] == [True]
    assert [await shown(server.http, "spring") for server in (one, frozen)] == [seq, seq]

    # Frozen for longer: counted out, and once it goes on it counts again.
    frozen.send(signal.SIGSTOP)
    seq = await publisher.publish(b"four")
    await wait_until(lambda: _is_told(stores, seq))
    assert [f"-{frozen.process.pid}-" in name for name in (await served(stores, seq)).missing] == [True]
    frozen.send(signal.SIGCONT)
    await wait_until(lambda: are_known(client, keys, 2))
    seq = await publisher.publish(b"five")
    await wait_until(lambda: _is_told(stores, seq))
    assert (await served(stores, seq)).servers == 2
    assert [await shown(server.http, "spring") for server in (one, frozen)] == [seq, seq]


async def _all_told(client: Client, keys: Keys) -> list[dict[str, Any]]:
    found = [fields for _, fields in await client.xrange(keys.events(0))]
    return [msgspec.json.decode(fields[b"data"]) for fields in found if fields[b"type"] == b"page-served"]


async def _is_told(stores: Stores, seq: int) -> bool:
    state = await stores.pages.snapshot("acme", "spring")
    if state.head.seq < seq:
        return False
    found = (await stores.publications.show("acme", "spring", seq)).served
    return found is not None and found.at > 0


async def _have(stores: Stores, seq: int, count: int) -> bool:
    return (await served(stores, seq)).servers == count
