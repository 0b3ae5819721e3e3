"""The server, composed: page memory, follower, hub, and the routes on top of them."""

import contextlib
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from functools import partial

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from services.server.catch_up import CatchUp
from services.server.follower import Follower
from services.server.heads import Heads
from services.server.hosts import Hosts
from services.server.hub import Hub
from services.server.keeper import Keeper
from services.server.memory import PageMemory
from services.server.messages import Messages
from services.server.pages import Visitors
from services.server.recheck import Recheck
from services.server.repeats import Repeats
from services.server.report import Reporter
from services.server.sending import is_file_quicker
from services.server.snapshots import Snapshots
from services.server.status import Status
from services.server.tally import Counted, Tally
from services.server.versions import Versions
from services.server.warm import WarmStart
from services.server.wellknown import WellKnown
from services.server.wire import Wire
from services.server.witness import Witness
from shared import keys as names
from shared.auth import Tokens
from shared.clock import Clock
from shared.connection import Client, check_partitions, connect
from shared.console import console_middleware
from shared.errors import Unavailable
from shared.event_log import EventLog
from shared.health import health_routes
from shared.heartbeat import Heartbeat
from shared.hostnames import HostnameStore
from shared.http import HANDLERS
from shared.http1 import Connection
from shared.keys import Keys
from shared.pages import PageStore
from shared.publications import PublicationStore
from shared.published import PublishedStore
from shared.route import ReadRoute
from shared.servers import Serving
from shared.settings import Settings
from shared.sites import SiteStore
from shared.versions import VersionStore
from shared.witness import WitnessStore


class Server:
    """The server's parts.

    Args:
        client: for short calls.
        blocking: for blocking reads; its socket timeout lies above the follower's block.
        settings: bounds.
    """

    def __init__(self, client: Client, blocking: Client, settings: Settings) -> None:
        keys = Keys(settings.partitions)
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        sites, pages = SiteStore(client, keys, settings), PageStore(client, keys)
        published, self.versions = PublishedStore(client, keys), VersionStore(client, keys)
        self._repeats = Repeats()
        self.clock = Clock()
        is_filed = is_file_quicker() if settings.sendfile == "auto" else settings.sendfile == "on"
        self._messages = Messages(is_filed=is_filed)
        self.clock.on_tick(self._repeats.forget)
        self.clock.on_tick(self._messages.forget)
        self.memory = PageMemory(
            published.read, settings.page_memory_bytes, on_change=self._repeats.forget, on_page=self.clock.reach
        )
        self.hub = Hub()
        events = EventLog(client, blocking, keys, range(settings.partitions))
        self.witness = Witness(client, WitnessStore(client, keys, settings), self.memory, keys)
        self.hosts = Hosts(HostnameStore(client, keys, settings), self._repeats.forget)
        self._reporter = Reporter(client, keys, settings, self.name)
        self.follower = Follower(
            events, self.memory, self.hub, self.witness, self.hosts, on_applied=self._reporter.note
        )
        self.recheck = Recheck(
            published, events, self.memory, self.follower, self.witness, settings.recheck_pages_per_s
        )
        bounds = {"most_pages": settings.warm_pages, "most_bytes": settings.page_memory_bytes}
        self._warm_start = WarmStart(sites, pages, events, self.memory, **bounds)
        well_known = WellKnown(published, self.versions, self.hosts, settings.public_url)
        self.visitors = Visitors(self.memory, self.hosts, well_known)
        snapshots = Snapshots(sites, pages, PublicationStore(client, keys), events, keys)
        catch_up = CatchUp(snapshots, self.follower, keys)
        tokens = Tokens(client)
        self.keeper = Keeper(catch_up.beat, tokens, settings.sse_heartbeat_s)
        self.status = Status(catch_up, self.hub, self.keeper, tokens, settings)
        self.tally, self._heads = Tally(settings.access_log_every), Heads()
        self._is_fast = settings.fast_path
        self._heartbeat = Heartbeat(client, names.SERVERS, self.name, settings.heartbeat_ms, self._describe)
        self._started_at = int(time.time() * 1000)

    async def start(self) -> None:
        """Begin to count, to follow the events, to fill and check the memory, and to say that it is alive."""
        await self._reporter.start()
        self.follower.start()
        self.keeper.start()
        self._warm_start.start()
        self.recheck.start()
        await self._heartbeat.__aenter__()

    async def stop(self) -> None:
        """Stop following, no longer count, and take the heartbeat away."""
        await self.recheck.stop()
        await self._warm_start.stop()
        await self.follower.stop()
        await self._reporter.stop()
        await self.keeper.stop()
        await self.status.stop()
        self._messages.forget()
        await self._heartbeat.__aexit__(None, None, None)

    @property
    def connection(self) -> Callable[..., Connection]:
        """Makes a connection."""
        if not self._is_fast:
            return Connection
        return partial(
            Wire,
            visitors=self.visitors,
            heads=self._heads,
            repeats=self._repeats,
            messages=self._messages,
            tally=self.tally,
        )

    def quiet(self) -> None:
        """End all status streams."""
        self.hub.quiet()

    def _describe(self) -> bytes:
        is_well = self.follower.is_following
        doing = Serving(
            server=self.name,
            pid=os.getpid(),
            host=socket.gethostname(),
            state="quiet" if self.hub.is_quiet else "following" if is_well else "paused",
            pages=len(self.memory),
            page_bytes=self.memory.size_bytes,
            streams=self.hub.count,
            started_at=self._started_at,
            applied={str(partition): position for partition, position in self.follower.applied.items()},
        )
        return msgspec.json.encode(doing)


class Gauges(Collector):
    """The server's numbers for Prometheus, read when they are asked for."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def collect(self) -> list[Metric]:
        server = self._server
        return [
            GaugeMetricFamily("platen_server_pages", "Pages held in memory.", len(server.memory)),
            GaugeMetricFamily("platen_server_page_bytes", "Bytes of pages held.", server.memory.size_bytes),
            GaugeMetricFamily("platen_server_hostnames", "Hostnames of sites known.", len(server.hosts)),
            GaugeMetricFamily("platen_server_streams", "Status streams open.", server.hub.count),
            GaugeMetricFamily("platen_server_following", "1 while events arrive.", server.follower.is_following),
            CounterMetricFamily(
                "platen_server_pages_restored",
                "Pages written back to a Redis that had forgotten them.",
                server.witness.restored,
            ),
            CounterMetricFamily(
                "platen_server_pages_corrected",
                "Pages that were another page in Redis than here although no event said so.",
                server.recheck.found,
            ),
            _answers(server.tally),
        ]


def _answers(tally: Tally) -> Metric:
    counted = CounterMetricFamily(
        "platen_server_answers",
        "Answers to visitors, by status and by way: beneath ASGI or by the routes.",
        labels=["status", "way"],
    )
    for (way, status), count in tally.answers.items():
        counted.add_metric([str(status), way], count)
    return counted


def routes(server: Server) -> list[BaseRoute]:
    """Addresses of the server but for health: status streams, versions, and everything that visitors own."""
    versions = Versions(server.versions, server.memory, server.clock.reach)
    return [
        ReadRoute("/-/events", server.status, methods=["GET"]),
        ReadRoute("/-/v/{site}/{page}/{version}", versions, methods=["GET"]),
        Mount("/", Counted(server.visitors, server.tally)),
    ]


async def check_ready(server: Server) -> dict[str, str]:
    """What must be well for pages to be served: name -> "ok" or a sentence."""
    return {"follower": "ok" if server.follower.is_following else "not following the events"}


def create_app(settings: Settings) -> Starlette:
    """The server alone, with connections of its own.

    Args:
        settings: bounds, and where Redis is.
    """
    client, blocking = connect(settings.redis_url), connect(settings.redis_url, block_s=2, connections=4)
    server, registry = Server(client, blocking, settings), CollectorRegistry()
    registry.register(Gauges(server))

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        # Redis may be away at the start: what can be served then is nothing, and readyz says so.
        with contextlib.suppress(Unavailable):
            await check_partitions(client, settings.partitions)
        try:
            await server.start()
            yield
            await server.stop()
        finally:
            await client.aclose()
            await blocking.aclose()

    own = health_routes(lambda: check_ready(server), registry)
    app = Starlette(
        routes=[*own, *routes(server)],
        middleware=console_middleware(settings, server.hosts.has_version),
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.quiet, app.state.connection, app.state.clock = server.quiet, server.connection, server.clock
    return app
