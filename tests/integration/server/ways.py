"""Two servers that hold the same pages, and requests that they answer alike: beneath ASGI, and by the routes alone."""

import asyncio
import random
from typing import NamedTuple

from tests.integration.server.conftest import Publisher, Site, StartServer
from tests.integration.server.raw import exchange, request

SPRING, HOME, GONE, LARGE = b"/acme/spring", b"/acme", b"/acme/gone", b"/acme/large"
PAGE = b"".join(b"<p>Offer %d</p>" % number for number in range(700))
LARGE_PAGE = b"<p>" + random.Random(7).randbytes(300_000)


def post(*lines: bytes, body: bytes = b"", target: bytes = SPRING) -> bytes:
    return request(target, *lines, method=b"POST") + body


PIECES = {
    "held": request(SPRING),
    "home": request(HOME, b"Accept: text/html"),
    "large": request(LARGE),
    "head": request(SPRING, method=b"HEAD"),
    "conditional": request(SPRING, b"If-None-Match: *"),
    "gone": request(GONE),
    "missing": request(b"/acme/nothing"),
    "version": request(b"/-/v/acme/spring/1"),
    "redirect": request(b"/acme/index"),
    "refused": post(b"Content-Length: 5", body=b"hello"),
    "chunks": post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
    "upgrade": post(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 5", body=b"hello"),
    "metrics' HEAD": request(b"/-/readyz", method=b"HEAD"),
}


class Both(NamedTuple):
    """Two servers on one Redis that hold the same pages.

    Attributes:
        wire: answers them beneath ASGI.
        asgi: by its routes alone.
    """

    wire: Site
    asgi: Site

    async def exchange(self, *pieces: bytes) -> bytes:
        """What both answer; fails where they differ."""
        wire, asgi = await asyncio.gather(exchange(self.wire.port, pieces), exchange(self.asgi.port, pieces))
        assert wire == asgi, pieces
        return wire


async def start_both(start_server: StartServer, publisher: Publisher, sendfile: str = "on") -> Both:
    """Publish the pages and start both servers."""
    await publish(publisher)
    both = Both(await start_server(fast_path=True, sendfile=sendfile), await start_server(fast_path=False))
    for site in both:
        await hold(site)
    return both


async def publish(publisher: Publisher) -> None:
    await publisher.publish(PAGE)
    await publisher.publish(PAGE, "index")
    await publisher.publish(LARGE_PAGE, "large")
    await publisher.publish(PAGE, "gone")
    await publisher.unpublish("gone")


async def hold(site: Site) -> None:
    """Let a server hold the pages."""
    for path in (SPRING, HOME, GONE, LARGE):
        assert (await site.http.get(path.decode())).status_code in {200, 410}
