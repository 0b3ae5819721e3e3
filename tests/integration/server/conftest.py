"""A server in this process on a real Redis, and pages published by the scripts alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx2
import msgspec
import pytest
import uvloop

from services.server.app import Server, create_app
from services.valkey import Valkey
from shared.auth import Tokens
from shared.codec import compress
from shared.connection import Client, connect
from shared.hostnames import HostnameStore
from shared.http1 import Connection
from shared.idempotency import Request
from shared.keys import GROUP, Keys
from shared.lifecycle import bind, serve
from shared.publishing import Accepted
from shared.scripts import Call, run, script
from shared.settings import Settings
from tests.conftest import wait_until
from tests.harness import TOKEN
from tests.stores import Stores

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What tests here run on, as servers do: what is written at once and what waits differs between loops."""
    return {"uvloop": uvloop.new_event_loop}


class Publisher:
    """Publishes and commits without a builder.

    Args:
        client, keys, stores: of the test.
    """

    def __init__(self, client: Client, keys: Keys, stores: Stores) -> None:
        self._client, self._keys, self.stores = client, keys, stores
        self._number = 0

    async def save(self, page: str = "spring", site: str = "acme", *, publish: bool = False) -> Accepted:
        """Save a version, without a builder that would build it."""
        self._number += 1
        request = Request("ada", TRACE, f"k{self._number}", "f")
        return await self.stores.publishing.save(site, page, b"{}", "", publish=publish, request=request)

    async def publish(self, body: bytes, page: str = "spring", site: str = "acme") -> int:
        """Make bytes live: queued, building, live. Returns the seq."""
        accepted = await self.save(page, site, publish=True)
        assert accepted.publication is not None
        return await self.commit(body, accepted.publication.seq, page, site)

    async def commit(self, body: bytes, seq: int, page: str, site: str) -> int:
        """Make bytes live as a builder does. Returns the seq."""
        names = self._keys
        script_keys = [names.head(site, page), names.publications(site, page), names.page(site, page)]
        script_keys += [
            names.artifacts(site, page),
            names.builds(0),
            names.events(0),
            names.open(0),
            names.rebuilds(site),
            names.unserved(0),
        ]
        about = [site, page, seq, "0-1", GROUP, "b1", TRACE, 3_600_000]
        built = [f"e{self._number}-{seq}", "default-src 'none'", len(body), 1.0, compress(body), 50]
        await run(self._client, Call(script("commit"), script_keys, [*about, *built]))
        return seq

    async def republish(self, version: int, page: str = "spring") -> Accepted:
        """Go back to a version."""
        self._number += 1
        return await self.stores.publishing.republish(
            "acme", page, version, Request("ada", TRACE, f"k{self._number}", "f")
        )

    async def unpublish(self, page: str = "spring") -> None:
        self._number += 1
        await self.stores.publishing.unpublish("acme", page, Request("ada", TRACE, f"k{self._number}", "f"))

    async def name(self, *hostnames: str, site: str = "acme") -> None:
        """Set the hostnames of a site."""
        self._number += 1
        request = Request("ada", TRACE, f"k{self._number}", "f")
        await HostnameStore(self._client, self._keys, Settings()).set(site, hostnames, request)

    async def move(self, page: str, to: str) -> int:
        """Move a page of acme, and build what that queues. Returns the seq that is live then."""
        self._number += 1
        accepted = await self.stores.publishing.move("acme", page, to, Request("ada", TRACE, f"k{self._number}", "f"))
        assert accepted.publication is not None
        seq, version = accepted.publication.seq, accepted.publication.version
        return await self.commit(f"{to} v{version}".encode(), seq + 1, to, "acme") if version else seq


class Site(NamedTuple):
    """A running server.

    Attributes:
        url: its origin.
        http: a client with the token.
        quiet: ends its streams.
        stop: ends it.
        connections: all that it has, filled in by the first.
        server: its parts.
    """

    url: str
    http: httpx2.AsyncClient
    quiet: Callable[[], None]
    stop: Callable[[], Awaitable[None]]
    connections: list[set[Any]]
    server: Server

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


StartServer = Callable[..., Awaitable[Site]]


async def make_publisher(client: Client, keys: Keys, stores: Stores) -> Publisher:
    """A publisher of the site `acme`, on a Redis that knows the tests' token."""
    await Tokens(client).set_first(TOKEN, 0)
    await stores.sites.create("acme", "Acme", Request("ada", TRACE, "site", "site"))
    return Publisher(client, keys, stores)


@pytest.fixture
def settings(redis_server: str, request: pytest.FixtureRequest) -> Settings:
    """Crosswise: the fast path on the embedded Valkey, plain ASGI where a test runs on Debian's Redis, too.

    Pages are sent from a file, whichever way is quicker on this machine; what may differ is tried both ways.
    """
    is_fast = request.node.callspec.params["redis_server"] == "valkey"
    return Settings(redis_url=redis_server, host="127.0.0.1", port=0, fast_path=is_fast, sendfile="on")


@pytest.fixture
async def publisher(client: Client, keys: Keys, stores: Stores) -> Publisher:
    return await make_publisher(client, keys, stores)


class Own(NamedTuple):
    """A Valkey of one test's own, which it may stop.

    Attributes:
        valkey: the server.
        publisher: publishes there.
    """

    valkey: Valkey
    publisher: Publisher


@pytest.fixture
async def own(tmp_path: Path, keys: Keys) -> AsyncIterator[Own]:
    valkey = Valkey(tmp_path / "own")
    await asyncio.to_thread(valkey.start)
    client = connect(valkey.url, block_s=2)
    try:
        yield Own(valkey, await make_publisher(client, keys, Stores(client, keys, Settings())))
    finally:
        await client.aclose()
        await asyncio.to_thread(valkey.kill)


@pytest.fixture
async def start_server(settings: Settings) -> AsyncIterator[StartServer]:
    """Start servers under a real uvicorn; all are stopped at the end.

    No page is read ahead unless a test asks for it: what is not held until a visitor asks is a part of many tests.
    """
    running: list[Site] = []

    async def start(ready: bool = True, **changes: object) -> Site:
        own = msgspec.structs.replace(settings, **{"warm_pages": 0, **changes})
        app, stop, bound = create_app(own), asyncio.Event(), bind("127.0.0.1", 0)
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        connections: list[set[Any]] = []

        def make_connection(**named: Any) -> Connection:
            connections[:] = [named["server_state"].connections]
            return cast(Connection, app.state.connection(**named))

        serving = serve(app, bound, stop, own, app.state.quiet, connection=make_connection, clock=app.state.clock)
        task = asyncio.create_task(serving)
        http = httpx2.AsyncClient(
            base_url=url, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=20
        )

        async def end() -> None:
            await http.aclose()
            stop.set()
            await task

        async def is_ready() -> bool:
            return (await http.get("/-/readyz")).status_code == 200

        running.append(Site(url, http, app.state.quiet, end, connections, app.state.quiet.__self__))
        if ready:
            await wait_until(is_ready)
        return running[-1]

    yield start
    for site in running:
        await site.stop()


@pytest.fixture
async def site(start_server: StartServer, publisher: Publisher) -> Site:
    return await start_server()
