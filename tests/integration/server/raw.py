"""A client that sends bytes as they are and looks at those that come back: no HTTP library stands in between."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

from shared.http1 import Connection
from tests.conftest import wait_until
from tests.integration.server.conftest import Site

# Sent behind a request to learn whether the connection goes on, and where the next request begins.
PROBE = b"GET /-/healthz HTTP/1.1\r\nHost: probe.test\r\n\r\n"
PROBED = b'{"alive":true}'
HOST = b"Host: pages.test\r\n"


def request(target: bytes, *lines: bytes, method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    """A request without a body, with a Host.

    Args:
        lines: of its head, without their ends.
    """
    head = b"".join(line + b"\r\n" for line in lines)
    return b"%b %b %b\r\n" % (method, target, version) + HOST + head + b"\r\n"


class Answer(NamedTuple):
    """One answer.

    Attributes:
        status: HTTP status.
        headers: by name in lower case; an answer has none twice.
        body: without the framing of chunks.
    """

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Raw:
    """One connection.

    Args:
        reader, writer: of it.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)

    def hang_up(self) -> None:
        """Say that nothing more will be asked."""
        self.writer.write_eof()

    def reset(self) -> None:
        """Go away without a word."""
        self.writer.transport.abort()

    async def head(self) -> tuple[int, dict[bytes, bytes]]:
        first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n").split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        assert len(headers) == len(lines)
        return int(first.split()[1]), headers

    async def answer(self, method: bytes = b"GET") -> Answer:
        """The next answer, whole."""
        status, headers = await self.head()
        if method == b"HEAD" or status in {204, 304}:
            return Answer(status, headers, b"")
        if headers.get(b"transfer-encoding") == b"chunked":
            return Answer(status, headers, b"".join([chunk async for chunk in self.chunks()]))
        if b"content-length" in headers:
            return Answer(status, headers, await self.reader.readexactly(int(headers[b"content-length"])))
        return Answer(status, headers, await self.rest())

    async def chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            chunk = await self.reader.readexactly(size + 2)
            assert chunk.endswith(b"\r\n")
            yield chunk[:-2]
        assert await self.reader.readexactly(2) == b"\r\n"

    async def rest(self) -> bytes:
        """All until the connection ends."""
        return await self.reader.read()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Raw]:
    """A connection to a server of this machine."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=64 * 1024 * 1024)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


async def other_end(site: Site, raw: Raw) -> Connection:
    """The server's side of a connection."""
    port, found = raw.writer.get_extra_info("sockname")[1], list[Connection]()

    def is_there() -> bool:
        # A stream that was taken over does not know its client's port.
        found[:] = [known for known in site.connections[0] if isinstance(known, Connection) and known.client[1] == port]
        return bool(found)

    await wait_until(is_there, what="the connection")
    return found[0]


@asynccontextmanager
async def narrow(site: Site) -> AsyncIterator[tuple[Raw, Connection]]:
    """A connection on which little is under way, seen from both ends."""
    ours = socket.socket()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    ours.setblocking(False)
    await asyncio.get_running_loop().sock_connect(ours, ("127.0.0.1", site.port))
    reader, writer = await asyncio.open_connection(sock=ours, limit=4_096)
    raw = Raw(reader, writer)
    try:
        connection = await other_end(site, raw)
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        yield raw, connection
    finally:
        writer.transport.abort()


class _Collector(asyncio.Protocol):
    """Keeps all that comes, also what came before a reset."""

    def __init__(self) -> None:
        self.got = bytearray()
        self.is_over = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.got += data
        if self.got.endswith(PROBED):
            self.is_over.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over.set()


async def exchange(port: int, pieces: Iterable[bytes]) -> bytes:
    """All that is answered to bytes and to a probe behind them, without dates, until the connection ends.

    Args:
        pieces: each is a segment of its own.
    """
    loop = asyncio.get_running_loop()
    transport, collector = await loop.create_connection(_Collector, "127.0.0.1", port)
    for piece in (*pieces, PROBE):
        transport.write(piece)
        # What is written in one turn of the loop would leave as one.
        await asyncio.sleep(0)
    await collector.is_over.wait()
    transport.abort()
    return without_dates(bytes(collector.got))


def without_dates(answered: bytes) -> bytes:
    return re.sub(rb"\r\ndate: [^\r]+", b"\r\ndate: -", answered)


def statuses(answered: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answered)]
