"""What a connection may take: time, bytes, patience. On both ways."""

import asyncio
import time
from functools import partial

import pytest

from shared.connection import Client
from shared.http1 import READ_AT_ONCE
from shared.limits import Limits
from tests.conftest import wait_until
from tests.harness import TOKEN
from tests.integration.server.conftest import Publisher, Site, StartServer
from tests.integration.server.raw import PROBE, PROBED, connected, narrow, other_end, request

PAGE = b"<p>Spring</p>" * 1_000
LARGE_PAGE = b"<p>Spring</p>" * 300_000
SPRING, MISSING, LARGE = b"/acme/spring", b"/acme/nothing", b"/acme/large"


@pytest.fixture(params=[True, False], ids=["wire", "asgi"])
async def start(request: pytest.FixtureRequest, start_server: StartServer, publisher: Publisher) -> StartServer:
    """Starts a server that holds a page, for each way."""
    await publisher.publish(PAGE)
    await publisher.publish(LARGE_PAGE, "large")

    async def start_it(**changes: object) -> Site:
        site = await start_server(fast_path=request.param, **changes)
        for path in (SPRING, LARGE):
            assert (await site.http.get(path.decode())).status_code == 200
        # A client's own connections would be among those that are looked at.
        await site.http.aclose()
        await wait_until(lambda: not site.connections[0], what="no connection")
        return site

    return start_it


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that no setting has, as short as `check` is often."""
    monkeypatch.setattr("shared.lifecycle.Limits", partial(Limits, stalled_s=1.0, linger_s=1.0))


async def test_a_silent_connection_is_closed(start: StartServer) -> None:
    site = await start(keep_alive_s=2.0)
    began = time.monotonic()

    async with connected(site.port) as raw:
        assert await raw.rest() == b""

    assert 0.9 <= time.monotonic() - began < 6


@pytest.mark.parametrize("target", [SPRING, MISSING])
async def test_a_connection_that_is_idle_after_an_answer_is_closed(start: StartServer, target: bytes) -> None:
    site = await start(keep_alive_s=2.0)

    async with connected(site.port) as raw:
        raw.send(request(target))
        await raw.answer()
        began = time.monotonic()
        assert await raw.rest() == b""

    assert 0.9 <= time.monotonic() - began < 6


async def test_a_connection_that_is_used_stays_however_old_it_is(start: StartServer) -> None:
    site = await start(keep_alive_s=2.0)
    began = time.monotonic()

    async with connected(site.port) as raw:
        # One by the routes, which leave a timer, and then none of them for longer than that.
        for target, status in [(SPRING, 200), (MISSING, 404), *[(SPRING, 200)] * 10]:
            raw.send(request(target))
            assert (await raw.answer()).status == status
            last = time.monotonic()
            await wait_until(lambda: time.monotonic() > last + 0.6)  # noqa: B023

    assert time.monotonic() - began > 6


async def test_a_slow_answer_between_quick_ones_may_outlast_the_keep_alive_time(
    start: StartServer, publisher: Publisher, client: Client
) -> None:
    await publisher.publish(b"cold", "cold")
    # Shorter would leave no room for a clock that ticks once a second.
    site = await start(keep_alive_s=1.1)

    async with connected(site.port) as raw:
        await client.execute_command("CLIENT", "PAUSE", "4000", "ALL")
        raw.send(request(SPRING))
        assert (await raw.answer()).body == PAGE
        began = time.monotonic()
        raw.send(request(b"/acme/cold") + request(SPRING))
        answers = [await raw.answer(), await raw.answer()]
        assert time.monotonic() - began > 1.2
        # Redis is not waited for any longer.
        assert [(answer.status, answer.body == PAGE) for answer in answers] == [(503, False), (200, True)]
        raw.send(request(SPRING))
        assert (await raw.answer()).body == PAGE
        await client.execute_command("CLIENT", "UNPAUSE")


async def test_a_head_that_dribbles_is_refused(start: StartServer) -> None:
    site = await start(head_within_s=2.0)
    began = time.monotonic()

    async with connected(site.port) as raw:
        raw.send(request(SPRING))
        assert (await raw.answer()).status == 200
        answering = asyncio.create_task(raw.answer())
        for byte in request(SPRING, b"X: " + b"y" * 1_000):
            raw.send(bytes([byte]))
            if (await asyncio.wait([answering], timeout=0.05))[0]:
                break
        answer = await answering
        assert await raw.rest() == b""

    assert (answer.status, answer.headers[b"connection"]) == (408, b"close")
    assert 0.9 <= time.monotonic() - began < 6


@pytest.mark.parametrize("end", [b"0\r\nX: ", b"0\r\nX", b"1;x="], ids=["trailer", "trailer's name", "extension"])
async def test_what_stands_about_a_body_and_does_not_end_is_refused(
    start: StartServer, publisher: Publisher, end: bytes
) -> None:
    """Each further piece of it would be a copy of all that came before."""
    await publisher.publish(b"cold", "cold")
    site = await start()
    head = request(SPRING, b"Transfer-Encoding: chunked", method=b"POST")

    async with connected(site.port) as answered, connected(site.port) as waiting:
        answered.send(head)
        assert (await answered.answer()).status == 405
        answered.send(end + b"y" * 64 * 1024)
        assert await asyncio.wait_for(answered.rest(), 10) == b""

        waiting.send(request(b"/acme/cold") + head + end + b"y" * 64 * 1024)
        assert [(await waiting.answer()).status for _ in range(2)] == [200, 431]
        assert await asyncio.wait_for(waiting.rest(), 10) == b""


async def test_what_comes_before_a_head_does_not_count_for_it(start: StartServer) -> None:
    site = await start()
    head = request(MISSING, *[b"X-%d: %b" % (number, b"y" * 1_000) for number in range(32)])

    async with connected(site.port) as raw:
        # The next one has begun when this one is answered, and the last one when all between are.
        raw.send(request(MISSING) + b"GET ")
        assert (await raw.answer()).status == 404
        raw.send((request(MISSING) * 40).removeprefix(b"GET ") + head.removesuffix(b"\r\n"))
        assert {(await raw.answer()).status for _ in range(40)} == {404}
        raw.send(b"\r\n")

        assert (await raw.answer()).status == 404


async def test_a_body_may_be_longer_than_a_head(start: StartServer) -> None:
    site, chunk = await start(), b"%x\r\n%b\r\n" % (40_000, b"y" * 40_000)

    async with connected(site.port) as raw:
        raw.send(request(SPRING, b"Content-Length: 200000", method=b"POST") + b"y" * 200_000)
        raw.send(request(SPRING, b"Transfer-Encoding: chunked", method=b"POST") + chunk * 5 + b"0\r\n\r\n" + PROBE)

        assert [(await raw.answer()).status for _ in range(3)] == [405, 405, 200]


@pytest.mark.usefixtures("limits")
async def test_who_was_refused_and_stays_is_cut(start: StartServer) -> None:
    site = await start()

    async with connected(site.port) as raw:
        raw.send(b"no HTTP\r\n\r\n")
        assert (await raw.answer()).status == 400
        assert await raw.rest() == b""
        assert site.connections[0]

        await wait_until(lambda: not site.connections[0], what="the connection to be cut")


@pytest.mark.usefixtures("limits")
async def test_who_hung_up_is_not_told_for_long(start: StartServer) -> None:
    site = await start()

    async with connected(site.port) as raw:
        raw.send(request(b"/-/events", f"Authorization: Bearer {TOKEN}".encode()))
        await raw.reader.readuntil(b"event: snapshot")
        raw.hang_up()
        await wait_until(lambda: not site.connections[0] and site.server.hub.count == 0, what="the stream to end")


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("target", [LARGE, SPRING, MISSING], ids=["large", "held", "missing"])
async def test_who_sends_without_end_and_never_reads_is_bounded_and_cut(start: StartServer, target: bytes) -> None:
    site = await start()
    largest, longest = 0, 0

    async with narrow(site) as (raw, connection):
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        many = request(target) * 5_000

        async def flood() -> None:
            while True:
                raw.send(many)
                await raw.writer.drain()

        flooding = asyncio.create_task(flood())
        async with connected(site.port) as other:
            while connection in site.connections[0]:
                largest = max(largest, connection.transport.get_write_buffer_size() + len(connection._held_back))
                longest = max(longest, len(connection.pipeline))
                other.send(request(SPRING))
                assert (await asyncio.wait_for(other.answer(), 5)).body == PAGE
        with pytest.raises(ConnectionError):
            await flooding

    assert largest < len(LARGE_PAGE) + 2 * 1024 * 1024
    assert longest <= READ_AT_ONCE / len(request(target)) + 1


async def test_others_have_their_turn_while_one_asks_for_thousands(start: StartServer) -> None:
    site = await start()
    sent, most = request(SPRING, method=b"HEAD"), 0

    def count() -> int:
        return sum(site.server.tally.answers.values())

    async with connected(site.port) as raw:
        before = count()
        raw.send(sent * 3_000)
        while (answered := count()) < before + 3_000:
            # One turn of the loop, in which the server has one, too.
            await asyncio.sleep(0)
            most = max(most, count() - answered)
        statuses = [(await raw.head())[0] for _ in range(3_000)]

    assert set(statuses) == {200}
    assert most <= READ_AT_ONCE / len(sent) + 1


@pytest.mark.usefixtures("limits")
async def test_who_reads_slowly_gets_everything(start: StartServer) -> None:
    site = await start()

    async with narrow(site) as (raw, _):
        began, got = time.monotonic(), 0
        raw.send(request(LARGE))
        status, headers = await raw.head()
        length = int(headers[b"content-length"])
        while got < length:
            assert not raw.reader.at_eof(), (got, time.monotonic() - began)
            # Five seconds for the whole.
            await wait_until(lambda: time.monotonic() - began >= 5 * got / length)  # noqa: B023
            got += len(await raw.reader.read(min(65_536, length - got)))
        raw.send(request(b"/-/healthz"))
        assert (await raw.answer()).body == PROBED

    assert (status, length) == (200, len(LARGE_PAGE))
    assert time.monotonic() - began > 4


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("line", [b"Connection: close", b"Connection: keep-alive"])
async def test_who_never_reads_a_small_answer_is_cut(start: StartServer, line: bytes) -> None:
    site = await start(keep_alive_s=1.0)

    async with narrow(site) as (raw, connection):
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        raw.send(request(SPRING, line))
        await wait_until(lambda: connection.transport.get_write_buffer_size() > 0, what="an answer that waits")
        assert connection.transport.get_write_buffer_size() < len(PAGE) + 1_000

        await wait_until(lambda: connection not in site.connections[0], what="the connection to be cut")


async def test_a_connection_that_cannot_be_looked_after_costs_nobody_but_itself(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(site.port) as odd, connected(site.port) as other:
        connection = await other_end(site, odd)

        def fail() -> None:
            raise RuntimeError("it is odd")

        connection.check = fail  # type: ignore[method-assign] # as nothing known does
        date = site.server.clock.date

        assert await asyncio.wait_for(odd.rest(), 10) == b""
        await wait_until(lambda: site.server.clock.date != date, what="the clock to go on")
        other.send(PROBE)
        assert (await other.answer()).body == PROBED
    assert "cannot be looked after" in caplog.text
