"""Status streams at the level of connections: how they begin, what they outlive, and that nothing is left of them."""

import asyncio
import re
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.server.held import HeldStream
from shared.connection import Client
from shared.keys import Keys
from tests.conftest import wait_until
from tests.harness import PLATEN, ROOT, TOKEN, environment
from tests.integration.server.conftest import Publisher, Site, StartServer
from tests.integration.server.raw import Raw, connected, narrow, request
from tests.integration.server.test_streams import append

PAGE = b"<p>Spring</p>" * 1_000
SPRING = request(b"/acme/spring")
AUTHORIZATION = f"Authorization: Bearer {TOKEN}".encode()
EVENTS = b"/-/events?site=acme&page=spring"
STREAM = request(EVENTS, AUTHORIZATION)
FOREVER_AGO = request(EVENTS, AUTHORIZATION, b"Last-Event-ID: 1-0")


@pytest.fixture(params=[True, False], ids=["wire", "asgi"])
async def start(request: pytest.FixtureRequest, start_server: StartServer, publisher: Publisher) -> StartServer:
    """Starts a server that holds a page, for each way."""
    await publisher.publish(PAGE)

    async def start_it(**changes: object) -> Site:
        site = await start_server(fast_path=request.param, **changes)
        assert (await site.http.get("/acme/spring")).status_code == 200
        return site

    return start_it


async def is_left_alone(site: Site) -> bool:
    """Whether nothing is left of any stream."""
    keeper = site.server.keeper
    held = [connection for connection in site.connections[0] if isinstance(connection, HeldStream)]
    watched = any(keeper._turns) or bool(keeper._watchers)
    return site.server.hub.count == 0 and not site.server.hub._watchers and not watched and not held


async def text_until(raw: Raw, end: bytes) -> bytes:
    """Chunks of a stream until one has said something, without their framing."""
    text = b""
    async for chunk in raw.chunks():
        text += chunk
        if end in text:
            break
    return text


async def test_a_page_and_a_stream_in_one_segment_are_both_answered(start: StartServer, publisher: Publisher) -> None:
    site = await start(keep_alive_s=1.0, head_within_s=1.0, sse_heartbeat_s=0.5)
    began = time.monotonic()

    async with connected(site.port) as raw:
        raw.send(SPRING + STREAM + SPRING + b"and so on")
        assert (await raw.answer()).body == PAGE
        status, headers = await raw.head()
        assert (status, headers[b"content-type"]) == (200, b"text/event-stream")
        await text_until(raw, b"event: snapshot")
        while time.monotonic() - began < 3.5:
            assert (await text_until(raw, b"\n\n")).startswith(b"id: ")
            raw.send(b"whatever a watcher says\r\n\r\n" + SPRING)
        await publisher.publish(b"again")
        assert b"event: page-built" in await text_until(raw, b"event: page-built")

    await wait_until(lambda: is_left_alone(site), what="the stream to end")


async def test_a_stream_over_http_1_0_has_no_chunks(start: StartServer, publisher: Publisher) -> None:
    site = await start()

    async with connected(site.port) as raw:
        raw.send(request(EVENTS, AUTHORIZATION, version=b"HTTP/1.0"))
        status, headers = await raw.head()
        await raw.reader.readuntil(b"event: snapshot")
        await publisher.publish(b"again")
        await raw.reader.readuntil(b"event: page-built")
        site.quiet()
        end = await raw.rest()

    assert (status, headers[b"connection"]) == (200, b"close")
    assert not {b"transfer-encoding", b"content-length"} & set(headers)
    assert re.search(rb"\n\nretry: \d+\n\n\Z", end)


async def test_an_answer_without_a_body_over_http_1_0_ends(start: StartServer) -> None:
    site = await start()

    for method in (b"HEAD", b"GET"):
        async with connected(site.port) as raw:
            raw.send(request(b"/-/healthz", method=method, version=b"HTTP/1.0"))
            answer = await raw.answer(method)
            assert await raw.rest() == b""
            assert (answer.status, answer.headers[b"content-length"]) == (200, b"14")


async def test_a_server_that_is_full_sends_clients_away_for_long(start: StartServer) -> None:
    site = await start(sse_max_streams=2)

    async with connected(site.port) as one, connected(site.port) as two, connected(site.port) as three:
        for raw in (one, two):
            raw.send(STREAM)
            await raw.reader.readuntil(b"event: snapshot")
        three.send(STREAM)
        away = await three.answer()
        assert site.server.hub.count == 2

    found = re.fullmatch(rb"retry: (\d+)\n\n", away.body)
    assert away.status == 200
    assert found is not None
    assert int(found[1]) >= 20_000


@asynccontextmanager
async def unread(site: Site, sent: bytes) -> AsyncIterator[Raw]:
    """A watcher that takes nothing but the first head."""
    async with narrow(site) as (raw, _):
        raw.send(sent)
        await raw.head()
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        yield raw


@pytest.mark.parametrize("before", [b"", request(b"/acme/cold")], ids=["at once", "behind a page"])
async def test_a_watcher_that_takes_nothing_is_cut_and_the_others_get_everything(
    start_server: StartServer, publisher: Publisher, client: Client, keys: Keys, before: bytes
) -> None:
    # More than makes a transport ask for a pause, less than is waited for before the past is told.
    await publisher.publish(b"<p>Cold</p>" * 9_000, "cold")
    # A heartbeat would look after it, too, but only then.
    site = await start_server(fast_path=True, sse_heartbeat_s=600)

    async with unread(site, before + STREAM), connected(site.port) as raw:
        raw.send(STREAM)
        await raw.head()
        await text_until(raw, b"event: snapshot")
        await wait_until(lambda: site.server.hub.count == 2, what="both streams")
        told = 0
        while site.server.hub.count == 2:
            await append(client, keys, 500)
            told += 500
            assert told < 50_000
        seen = b""
        async for chunk in raw.chunks():
            seen += chunk
            if seen.count(b"event: build-started") == told:
                break

    ids = [tuple(map(int, found)) for found in re.findall(rb"id: (\d+)-(\d+)\nevent: build-started", seen)]
    assert len(set(ids)) == told
    assert ids == sorted(ids)
    await wait_until(lambda: is_left_alone(site), what="the streams to end")


async def test_a_watcher_may_go_in_the_middle_of_the_past(
    start: StartServer, client: Client, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    await append(client, keys, 9_000)
    site = await start()

    async with unread(site, FOREVER_AGO) as gone, unread(site, FOREVER_AGO) as hung_up, connected(site.port) as reset:
        reset.send(FOREVER_AGO)
        await reset.reader.readuntil(b"event: ")
        for raw in (gone, reset):
            raw.reset()
        hung_up.writer.close()

    await wait_until(lambda: is_left_alone(site), what="the streams to end")
    assert [record.message for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


async def test_nothing_is_left_of_streams_that_were_reset(start: StartServer) -> None:
    site = await start()
    await site.http.aclose()

    async def watch(number: int) -> None:
        async with connected(site.port) as raw:
            raw.send(STREAM if number % 2 else STREAM + SPRING * (number % 3))
            # At any moment: before it is heard, taken over, told, live.
            if number % 4 == 1:
                await raw.head()
            elif number % 4 == 2:
                await raw.reader.readuntil(b"event: snapshot")
            elif number % 4 == 3:
                await wait_until(lambda: bool(site.connections[0]))

    for _ in range(10):
        await asyncio.gather(*[watch(number) for number in range(100)])

    await wait_until(lambda: is_left_alone(site), what="the streams to end")
    await wait_until(lambda: not site.connections[0], what="the connections to end")


async def test_who_is_gone_before_the_stream_begins_is_not_kept(start: StartServer, client: Client) -> None:
    site = await start()
    await site.http.aclose()
    # Who asks is looked up, for the token is not known yet, and Redis takes its time.
    stream = request(EVENTS, b"Authorization: Bearer another-token-0123456789")

    for number in range(4):
        await client.execute_command("CLIENT", "PAUSE", "300", "ALL")
        async with connected(site.port) as raw:
            raw.send((SPRING * (number % 2)) + (STREAM if number < 2 else stream))
            await wait_until(lambda: bool(site.connections[0]), what="the connection")
            raw.reset() if number % 2 else raw.hang_up()

    await wait_until(lambda: is_left_alone(site), what="the streams to end")
    await wait_until(lambda: not site.connections[0], what="the connections to end")


WATCHERS, IDLE = 1_000, 100


class Process:
    """A real `platen server`.

    Args:
        redis_url: its Redis.
        port: its own.
        log: where its output goes.
    """

    def __init__(self, redis_url: str, port: int, log: Path) -> None:
        self._command, self.port, self._log = [*PLATEN, "server"], port, log
        self._settings = {"PLATEN_REDIS_URL": redis_url, "PLATEN_PORT": str(port), "PLATEN_LOG_LEVEL": "info"}
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._spawn()
        await wait_until(self._is_ready, 20, what="the server")

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            settings = environment(**self._settings)
            self.process = subprocess.Popen(self._command, env=settings, cwd=ROOT, stdout=log, stderr=log)

    async def _is_ready(self) -> bool:
        try:
            async with httpx2.AsyncClient(trust_env=False) as http:
                return (await http.get(f"http://127.0.0.1:{self.port}/-/readyz")).status_code == 200
        except httpx2.TransportError:
            return False

    async def end(self) -> int:
        """Ask it to end. Returns: its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, 30)

    @property
    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture
async def process(redis_server: str, tmp_path: Path) -> AsyncIterator[Process]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = Process(redis_server, port, tmp_path / "server.log")
    yield process
    if process.process is not None:
        await process.end()


class Following:
    """A watcher that comes back with its last id.

    Args:
        port: of the server.
        stack: closes its connections.
    """

    def __init__(self, port: int, stack: AsyncExitStack) -> None:
        self._port, self._stack = port, stack
        self.first, self.last, self.seen = b"", b"", list[bytes]()
        self._raw: Raw

    async def come(self, until: bytes) -> None:
        """Read until something was said; a server that is busy may send it away meanwhile."""
        while True:
            self._raw = await self._stack.enter_async_context(connected(self._port))
            last = [b"Last-Event-ID: " + self.last] if self.last else []
            self._raw.send(request(EVENTS, AUTHORIZATION, *last))
            assert (await self._raw.head())[0] == 200
            text = await text_until(self._raw, until)
            self._read(text)
            if until in text:
                return

    async def end(self) -> bytes:
        """All that is still said."""
        text = _unchunked(await self._raw.rest())
        self._read(text)
        return text

    def _read(self, text: bytes) -> None:
        for block in text.split(b"\n\n"):
            fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if line)
            self.last = fields.get(b"id", self.last)
            if fields.get(b"event") == b"snapshot":
                assert not self.first
                self.first = self.last
            elif b"event" in fields:
                self.seen.append(self.last)


@pytest.mark.timeout(120)
async def test_a_server_that_is_stopped_ends_everything_and_the_next_goes_on(
    process: Process, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(PAGE)
    await process.start()
    async with AsyncExitStack() as stack:
        idle = [await stack.enter_async_context(connected(process.port)) for _ in range(IDLE)]
        for number, raw in enumerate(idle):
            # Half of them have never asked for anything.
            if number % 2:
                raw.send(SPRING)
                assert (await raw.answer()).body == PAGE
        followings = [Following(process.port, stack) for _ in range(WATCHERS)]
        await at_once(50, [following.come(b"event: snapshot") for following in followings])
        await publisher.publish(b"two")

        ending, began = asyncio.create_task(process.end()), time.monotonic()
        goodbyes = await asyncio.gather(*[following.end() for following in followings])
        silences = await asyncio.gather(*[raw.rest() for raw in idle])
        assert (await ending, time.monotonic() - began < 5) == (0, True)
        assert all(re.search(rb"retry: \d+\n\n\Z", goodbye) for goodbye in goodbyes)
        assert set(silences) == {b""}

        await publisher.publish(b"three")
        await process.start()
        await publisher.publish(b"four")
        [(latest, _)] = await client.xrevrange(keys.events(0), count=1)
        await at_once(50, [following.come(b"id: " + latest) for following in followings])
        assert await process.end() == 0

    happened = [at for at, _ in await client.xrange(keys.events(0), "-", latest)]
    assert len(happened) >= 8
    for following in followings:
        # What happened after the last that is looked for may have come with it.
        seen = [at for at in following.seen if _position(at) <= _position(latest)]
        assert seen == [at for at in happened if _position(at) > _position(following.first)]
    assert not re.search("WARNING|ERROR|Traceback", process.log)


async def at_once(count: int, coroutines: list[Coroutine[Any, Any, None]]) -> None:
    """Run them, so many at a time."""
    for at in range(0, len(coroutines), count):
        await asyncio.gather(*coroutines[at : at + count])


def _position(at: bytes) -> tuple[int, int]:
    milliseconds, _, number = at.partition(b"-")
    return int(milliseconds), int(number)


def _unchunked(framed: bytes) -> bytes:
    """The text of chunks, the last of which has to be there."""
    text, rest = b"", framed
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            assert rest == b"\r\n"
            return text
        text, rest = text + rest[:length], rest[length + 2 :]
