"""The proxy does to connections what it says, and passes on everything else."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chaos.proxy import Proxy
from tests.conftest import wait_until

REQUEST = b"0123456789" * 10


class Echo:
    """Stands where Redis would: answers what it gets, and keeps it."""

    def __init__(self) -> None:
        self.received = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            self.received += data
            writer.write(data)
        writer.close()


class Connection:
    """A client of the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self) -> bytes:
        """What comes back before the connection ends, or the whole answer."""
        self.writer.write(REQUEST)
        try:
            return await self.reader.readexactly(len(REQUEST))
        except asyncio.IncompleteReadError as error:
            return error.partial
        except ConnectionResetError:
            return b""


@pytest.fixture
async def echo(tmp_path: Path) -> AsyncIterator[Echo]:
    echo = Echo()
    server = await asyncio.start_unix_server(echo.serve, tmp_path / "socket")
    yield echo
    server.close()


@pytest.fixture
async def proxy(echo: Echo, tmp_path: Path) -> AsyncIterator[Proxy]:
    proxy = Proxy(tmp_path / "socket", random.Random(5))
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def connection(proxy: Proxy) -> AsyncIterator[Connection]:
    connection = await connect(proxy)
    yield connection
    connection.writer.close()


async def connect(proxy: Proxy) -> Connection:
    port = int(proxy.url.rpartition(":")[2].partition("/")[0])
    return Connection(*await asyncio.open_connection("127.0.0.1", port))


async def test_bytes_pass_both_ways(connection: Connection, echo: Echo) -> None:
    answer = await connection.ask()

    assert answer == echo.received == REQUEST


async def test_a_request_is_cut_in_the_middle(connection: Connection, echo: Echo, proxy: Proxy) -> None:
    cut = proxy.cut("request")

    answer = await connection.ask()

    assert len(answer) <= len(echo.received) < len(REQUEST)
    assert cut.done()


async def test_a_reply_is_cut_after_its_request_was_done(connection: Connection, echo: Echo, proxy: Proxy) -> None:
    cut = proxy.cut("reply")

    answer = await connection.ask()

    assert echo.received == REQUEST
    assert len(answer) < len(REQUEST)
    assert cut.done()


async def test_only_one_connection_is_cut(connection: Connection, proxy: Proxy) -> None:
    other = await connect(proxy)
    proxy.cut("request")

    answers = [await connection.ask(), await other.ask()]

    assert len(answers[0]) < len(REQUEST)
    assert answers[1] == REQUEST
    other.writer.close()


async def test_a_pause_holds_bytes_back_and_loses_none(connection: Connection, echo: Echo, proxy: Proxy) -> None:
    proxy.pause()
    asking = asyncio.create_task(connection.ask())
    held = await connect(proxy)
    await asyncio.wait({asking}, timeout=0.1)
    before = echo.received

    proxy.heal()

    assert before == b""
    assert await asking == REQUEST
    assert await held.ask() == REQUEST
    held.writer.close()


async def test_a_refusal_breaks_what_is_open_and_closes_what_comes(connection: Connection, proxy: Proxy) -> None:
    await connection.ask()

    proxy.refuse()
    new = await connect(proxy)

    assert await connection.ask() == b""
    assert await new.ask() == b""
    proxy.heal()
    healed = await connect(proxy)
    assert await healed.ask() == REQUEST
    healed.writer.close()


async def test_a_request_with_a_marker_is_held_and_can_be_lost(
    connection: Connection, echo: Echo, proxy: Proxy
) -> None:
    held = proxy.hold_at(b"567")
    asking = asyncio.create_task(connection.ask())
    await held

    proxy.refuse()
    proxy.heal()

    assert await asking == b""
    assert echo.received == b""


async def test_it_forgets_a_cut_that_did_not_happen(connection: Connection, proxy: Proxy) -> None:
    cut = proxy.cut("request")

    proxy.heal()

    assert cut.cancelled()
    assert await connection.ask() == REQUEST


async def test_a_client_that_leaves_takes_its_connection_to_redis_along(connection: Connection, proxy: Proxy) -> None:
    await connection.ask()
    assert proxy._writers

    connection.writer.close()

    await wait_until(lambda: not proxy._writers, what="the proxy to let go")
