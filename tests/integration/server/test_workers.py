"""Several server processes on one port, as their users meet them."""

import asyncio
import io
import os
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.api.app import create_app
from shared.connection import check_partitions, connect
from shared.lifecycle import bind, serve
from shared.settings import Settings
from tests.conftest import wait_until
from tests.harness import TOKEN, run_cli
from tests.integration.server.conftest import Own
from tests.integration.server.processes import Connected, ServerProcess

STREAM = "/-/events?site=acme&page=spring"


class Visitor:
    """One connection, kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        ours, theirs = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
        self.connected = Connected(ours[1], theirs[1])

    async def get(self, path: str) -> tuple[int, bytes]:
        """Ask for something: status and body."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nhost: a.test\r\nauthorization: Bearer {TOKEN}\r\n\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = next((line[15:] for line in head.split(b"\r\n") if line.startswith(b"content-length:")), b"0")
        return int(head[9:12]), await self._reader.readexactly(int(length))

    async def until(self, marker: bytes) -> bytes:
        """Read on to a marker."""
        return await asyncio.wait_for(self._reader.readuntil(marker), 10)

    async def rest(self) -> bytes:
        """Whatever comes until the other side closes."""
        return await asyncio.wait_for(self._reader.read(), 10)

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def visiting(server: ServerProcess) -> AsyncIterator[Visitor]:
    visitor = Visitor(*await asyncio.open_connection("127.0.0.1", server.port))
    try:
        yield visitor
    finally:
        visitor.close()


async def on_each(server: ServerProcess, path: str, is_wanted: Callable[[int, bytes], bool]) -> dict[int, Visitor]:
    """Connect until every process has given the wanted answer, and keep a connection to each."""
    found: dict[int, Visitor] = {}

    async def has_all() -> bool:
        visitor = Visitor(*await asyncio.open_connection("127.0.0.1", server.port))
        answer = await visitor.get(path)
        owner = visitor.connected.owner(server.children)
        if owner in found or not is_wanted(*answer):
            visitor.close()
        else:
            found[owner] = visitor
        return len(found) == len(server.children) == 2

    await wait_until(has_all, what="an answer of each process")
    return found


@asynccontextmanager
async def api_of(own: Own) -> AsyncIterator[str]:
    """An api on the same Redis: its address."""
    settings = Settings(redis_url=own.valkey.url, admin_token=TOKEN)
    app, stop, bound = create_app(settings, io.StringIO()), asyncio.Event(), bind("127.0.0.1", 0)
    running = asyncio.create_task(serve(app, bound, stop, settings, lambda: None))
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    stop.set()
    await running


@pytest.fixture
def server(own: Own, tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path / "server.log", own.valkey.url, "--workers", "2", PLATEN_HEARTBEAT_MS="100")
    server.start()
    yield server
    server.stop()


async def test_every_process_serves_what_is_published_tells_of_it_and_is_listed(
    own: Own, server: ServerProcess
) -> None:
    await own.publisher.publish(b"one")
    watchers = await on_each(server, STREAM, lambda status, _: status == 200)

    await own.publisher.publish(b"two")

    for watcher in watchers.values():
        assert b'"live"' in await watcher.until(b"event: page-served")
    visitors = await on_each(server, "/acme/spring", lambda status, body: (status, body) == (200, b"two"))
    assert set(visitors) == set(watchers) == set(server.children)
    async with api_of(own) as url:
        listed = (await asyncio.to_thread(run_cli, "servers", PLATEN_URL=url, PLATEN_TOKEN=TOKEN)).stdout
    assert all(f"-{pid}-" in listed for pid in server.children), listed
    for visitor in (*visitors.values(), *watchers.values()):
        visitor.close()


async def test_a_process_killed_under_load_costs_its_own_connections_and_is_replaced(
    own: Own, server: ServerProcess
) -> None:
    await own.publisher.publish(b"one")
    before = server.children
    kept = [Visitor(*await asyncio.open_connection("127.0.0.1", server.port)) for _ in range(40)]
    is_over, short = asyncio.Event(), Counter[str]()
    assert {await visitor.get("/acme/spring") for visitor in kept} == {(200, b"one")}
    owners = {visitor: visitor.connected.owner(before) for visitor in kept}
    victim = Counter(owners.values()).most_common(1)[0][0]

    async def stay(visitor: Visitor) -> bool:
        """Whether a connection that is used all the time lasts to the end."""
        try:
            while not is_over.is_set():
                assert await visitor.get("/acme/spring") == (200, b"one")
        except (OSError, asyncio.IncompleteReadError):
            return False
        return True

    async def come_and_go() -> None:
        while not is_over.is_set():
            # A refusal would be an error of this test, not one of those that are counted.
            async with visiting(server) as visitor:
                try:
                    short["answered" if await visitor.get("/acme/spring") == (200, b"one") else "wrong"] += 1
                except (OSError, asyncio.IncompleteReadError):
                    short["cut"] += 1

    staying = {visitor: asyncio.create_task(stay(visitor)) for visitor in kept}
    coming = [asyncio.create_task(come_and_go()) for _ in range(4)]
    await wait_until(lambda: short["answered"] > 20)

    os.kill(victim, signal.SIGKILL)
    replaced = await on_each(server, "/acme/spring", lambda status, _: status == 200)
    is_over.set()
    await asyncio.gather(*coming)

    assert {visitor for visitor, lasted in staying.items() if not await lasted} == {
        visitor for visitor, owner in owners.items() if owner == victim
    }
    assert short["wrong"] == 0
    assert short["cut"] <= len(coming)
    assert victim not in replaced
    assert len(set(before) & set(replaced)) == 1
    assert "ended with -9 and is started again in 0.0 s" in server.output
    for visitor in (*kept, *replaced.values()):
        visitor.close()


async def test_a_signal_ends_every_stream_cleanly_and_every_process(own: Own, server: ServerProcess) -> None:
    await own.publisher.publish(b"one")
    children = server.children
    watchers = await on_each(server, STREAM, lambda status, _: status == 200)
    for watcher in watchers.values():
        await watcher.until(b"event: snapshot")

    stopping = asyncio.create_task(asyncio.to_thread(server.stop))
    ends = [await watcher.rest() for watcher in watchers.values()]
    for watcher in watchers.values():
        watcher.close()

    assert await stopping == 0
    assert not any(map(is_alive, children))
    for end in ends:
        # A goodbye that says when to come back, and the end of the chunked answer.
        assert b"\nretry: " in end
        assert end.endswith(b"\r\n0\r\n\r\n")
    assert "is killed" not in server.output
    assert "Traceback" not in server.output


async def test_the_processes_go_when_their_parent_is_killed(server: ServerProcess) -> None:
    children = server.children

    server.kill()

    await wait_until(lambda: not any(map(is_alive, children)), what="the end of the children")
    socket.create_server(("127.0.0.1", server.port)).close()


async def test_what_every_process_would_refuse_is_refused_once(own: Own) -> None:
    client = connect(own.valkey.url)
    await check_partitions(client, 4)
    await client.aclose()

    settings = {"PLATEN_WORKERS": "2", "PLATEN_PORT": "0", "PLATEN_REDIS_URL": own.valkey.url}
    ended = await asyncio.to_thread(run_cli, "server", **settings)

    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "PLATEN_PARTITIONS is 1" in ended.stderr


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        ended = run_cli("server", "--workers", "2", PLATEN_PORT=port, PLATEN_REDIS_URL="redis://127.0.0.1:1/0")

    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert f"Port {port}" in ended.stderr


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
