"""Everything on one machine: an embedded Valkey, the web process (api and server in one), and builders.

What is started first is stopped last. Whatever can refuse (the port, the data directory) is asked before anything
is started, so that a refusal leaves nothing behind.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import shlex
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.text import Text
from starlette.applications import Starlette

from services.api import app as api_app
from services.api.app import origin_of
from services.api.budget import Budget
from services.children import Child, environment_of
from services.client import DEFAULT_DATA, LOST_TOKEN_MEND, RUN_FILE, TOKEN_FILE
from services.server import app as server_app
from services.valkey import Valkey
from shared import keys as names
from shared.accounts.invitations import PATH, InvitationStore
from shared.auth import Tokens
from shared.connection import Client, check_partitions, connect, translated
from shared.console import console_middleware
from shared.credentials import bearer
from shared.durability import warn_of_losses
from shared.errors import Misconfigured, Unauthenticated, Unavailable
from shared.health import health_routes
from shared.http import HANDLERS
from shared.keys import beat
from shared.lifecycle import bind, serve, stop_on_signals
from shared.principal import ADMINISTRATOR
from shared.settings import Settings
from shared.tasks import end
from shared.telemetry import set_up_logging

log = logging.getLogger(__name__)

WATCH_VALKEY_S = 0.25


async def up(settings: Settings, data: Path, *, embedded: bool, builders: int) -> None:
    """Run Platen until a signal ends it.

    Args:
        settings: where to listen; where Redis is, unless embedded.
        data: directory of the embedded Valkey and of what the CLI needs.
        embedded: whether to start a Valkey of our own.
        builders: how many builder processes.

    Raises:
        Misconfigured: the port or the data directory is taken, or Redis is not reached.
    """
    set_up_logging(settings.log_level, "up")
    stop = stop_on_signals()
    with _locked(data), contextlib.closing(bind(settings.host, settings.port)) as bound:
        async with _redis(settings, data, embedded) as redis_url:
            inner = msgspec.structs.replace(settings, redis_url=redis_url, port=bound.getsockname()[1])
            url = _url(inner.host, inner.port)
            token = await _first_token(inner, data)
            web = _Web(inner, await _known_token(inner, data))
            async with _builders(inner, builders), _run_file(data, url, inner):
                announcing = asyncio.create_task(
                    _announce(web, Banner(url, data, token, await _first_link(inner, url), builders))
                )
                await serve(
                    web.app, bound, stop, inner, web.quiet, connection=web.server.connection, clock=web.server.clock
                )
                await end(announcing)


class Banner(NamedTuple):
    """What `up` tells whoever started it.

    Attributes:
        url: origin of everything.
        data: the data directory.
        token: a token made just now, None where there was one.
        link: where the first administrator joins, None where there are accounts.
        builders: how many there are.
    """

    url: str
    data: Path
    token: str | None
    link: str | None
    builders: int


class _Web:
    """The web process: the api's and the server's routes in one app.

    Args:
        settings: for both.
        token: the first administrator's, None where it is not known.
    """

    def __init__(self, settings: Settings, token: str | None) -> None:
        self._settings, self._token = settings, token
        self._client = connect(settings.redis_url)
        self._blocking = connect(settings.redis_url, block_s=2, connections=4)
        registry = CollectorRegistry()
        self.api = api_app.Api(self._client, settings, registry)
        self.server = server_app.Server(self._client, self._blocking, settings)
        registry.register(server_app.Gauges(self.server))
        self.app = Starlette(
            routes=[
                *api_app.routes(self.api),
                *health_routes(self.checks, registry, lambda: api_app.count_dead_letters(self.api)),
                *server_app.routes(self.server),
            ],
            middleware=console_middleware(settings, self.server.hosts.has_version),
            exception_handlers=HANDLERS,
            lifespan=self._lifespan,
        )

    def quiet(self) -> None:
        """End all status streams."""
        self.server.quiet()

    async def checks(self) -> dict[str, str]:
        """What must be well for pages to be published and served: name -> "ok" or a sentence."""
        api, server, builders = await asyncio.gather(
            api_app.check_ready(self.api), server_app.check_ready(self.server), self._check_builders()
        )
        return {**api, **server, "builders": builders}

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self.server.start()
        try:
            async with api_app.keeping_first_token(self.api.tokens, self._token), self.api.running():
                yield
        finally:
            await self.server.stop()
            await self._client.aclose()
            await self._blocking.aclose()

    async def _check_builders(self) -> str:
        try:
            return await Budget().spend(self._find_builders())
        except Unavailable:
            return "unknown while Redis is away"

    async def _find_builders(self) -> str:
        with translated():
            listed = await self._client.hkeys(names.BUILDERS)
            alive = await self._client.exists(*(beat(name.decode()) for name in listed)) if listed else 0
        return "ok" if alive else "no builder is alive"


@contextlib.contextmanager
def _locked(data: Path) -> Iterator[None]:
    """Hold the data directory; the lock goes with the process, however that ends."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        with (data / "lock").open("a+") as lock:
            _lock(lock, data)
            yield
    except OSError as error:
        raise Misconfigured(f"The data directory {data} cannot be used: {error.strerror}.") from error


def _lock(lock: TextIO, data: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        raise Misconfigured(
            f"The data directory {data} is in use by another Platen (process {holder}): stop that one, "
            "or give this one its own with --data."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


@contextlib.asynccontextmanager
async def _redis(settings: Settings, data: Path, embedded: bool) -> AsyncIterator[str]:
    """Address of a Redis that answers: the one given, or an embedded Valkey that is kept alive meanwhile."""
    if not embedded:
        await _check(settings)
        yield settings.redis_url
        return
    valkey = Valkey(data / "valkey")
    await asyncio.to_thread(valkey.start)
    keeping = asyncio.create_task(_keep_alive(valkey))
    try:
        await _check(msgspec.structs.replace(settings, redis_url=valkey.url))
        yield valkey.url
    finally:
        await end(keeping)
        await asyncio.to_thread(valkey.stop)


async def _keep_alive(valkey: Valkey) -> None:
    while True:
        await asyncio.sleep(WATCH_VALKEY_S)
        if valkey.is_running():
            continue
        log.error("the embedded Valkey ended and is started again; its log is %s", valkey.log)
        try:
            await asyncio.to_thread(valkey.start)
        except Misconfigured as error:
            log.error("%s", error)


async def _check(settings: Settings) -> None:
    client = connect(settings.redis_url)
    try:
        await check_partitions(client, settings.partitions)
        await warn_of_losses(client)
    except Unavailable as error:
        raise Misconfigured(f"Redis at {_without_password(settings.redis_url)} is not reached: {error}") from error
    finally:
        await client.aclose()


async def _first_token(settings: Settings, data: Path) -> str | None:
    """See to it that there is a token, and that the CLI finds it.

    Returns:
        a token that was made just now, to be shown once.
    """
    client: Client = connect(settings.redis_url)
    try:
        tokens, now_ms = Tokens(client), int(time.time() * 1000)
        if settings.admin_token:
            await tokens.set_first(settings.admin_token, now_ms)
            _keep_token(data, settings.admin_token)
            return None
        token = await tokens.make_first(now_ms)
        if token:
            _keep_token(data, token)
        elif not (data / TOKEN_FILE).exists():
            log.warning("the first token was made before and is not in %s. %s", data / TOKEN_FILE, LOST_TOKEN_MEND)
        return token
    finally:
        await client.aclose()


async def _first_link(settings: Settings, url: str) -> str | None:
    """Where the first administrator joins, while there is no account."""
    client: Client = connect(settings.redis_url)
    try:
        code = await InvitationStore(client, settings).invite_first()
    finally:
        await client.aclose()
    origin = origin_of(settings) if settings.console_host or settings.public_url else url
    return f"{origin}{PATH}{code}" if code else None


def _keep_token(data: Path, token: str) -> None:
    path = data / TOKEN_FILE
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(token + "\n")


async def _known_token(settings: Settings, data: Path) -> str | None:
    """The token that is kept for the CLI, where it is still the first administrator's."""
    client: Client = connect(settings.redis_url)
    try:
        token = (data / TOKEN_FILE).read_text().strip()
        principal = await Tokens(client).who(bearer(f"Bearer {token}"))
        return token if principal.id == ADMINISTRATOR else None
    except (OSError, Unauthenticated):
        return None
    finally:
        await client.aclose()


@contextlib.asynccontextmanager
async def _builders(settings: Settings, count: int) -> AsyncIterator[None]:
    # Where the children find Redis is all that differs from what this process was given.
    own = {name: value for name, value in os.environ.items() if name.startswith("PLATEN_")}
    own |= {"PLATEN_REDIS_URL": settings.redis_url, "PLATEN_PARTITIONS": str(settings.partitions)}
    for secret in ("PLATEN_ADMIN_TOKEN", "PLATEN_TOKEN"):
        own.pop(secret, None)
    command = [sys.executable, "-m", "services", "builder", "--with-parent"]
    children = [
        Child(f"builder {number}", command, environment_of(own), settings.drain_s) for number in range(1, count + 1)
    ]
    for child in children:
        child.start()
    try:
        yield
    finally:
        await asyncio.gather(*(child.stop() for child in children))


@contextlib.asynccontextmanager
async def _run_file(data: Path, url: str, settings: Settings) -> AsyncIterator[None]:
    """What the CLI needs to find this process."""
    path = data / RUN_FILE
    path.write_bytes(msgspec.json.encode({"url": url, "pid": os.getpid(), "redis_url": settings.redis_url}))
    path.chmod(0o600)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


async def _announce(web: _Web, banner: Banner) -> None:
    """Say where everything is, once it is there."""
    not_expected = {"builders"} if banner.builders == 0 else set()
    while any(  # noqa: ASYNC110 - what is awaited happens in other processes
        state != "ok" for name, state in (await web.checks()).items() if name not in not_expected
    ):
        await asyncio.sleep(0.05)
    _print_banner(banner)


def _print_banner(banner: Banner) -> None:
    # No markup: a data directory may have any name.
    out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    count, url = banner.builders, banner.url
    out.print(
        Text.assemble(("\nPlaten is ready.", "bold"), f" {count} builder{'s' * (count != 1)}, data in {banner.data}\n")
    )
    out.print(f"  pages     {url}/<site>/<page>")
    out.print(f"  editor    {url}/-/editor/")
    out.print(f"  API       {url}/-/api/v1, described at {url}/-/api/openapi.json")
    out.print(f"  status    {url}/-/events?site=<site>&page=<page>")
    if banner.token:
        out.print(f"\n  API token, shown once and kept in {banner.data / TOKEN_FILE}:")
        out.print(f"  {banner.token}", style="bold")
    if banner.link:
        out.print("\n  There is no account yet. Sign in as the first administrator, within a week:")
        out.print(f"  {banner.link}", style="bold")
    command = "platen" if shutil.which("platen") else os.path.relpath(sys.argv[0])
    command += " publish examples/spring-sale.json --page acme/spring --watch"
    if banner.data.resolve() != DEFAULT_DATA.resolve():
        command += f" --data {shlex.quote(str(banner.data))}"
    out.print(Text.assemble("\nTry: ", (command, "bold")))
    out.print("Ctrl-C stops everything.\n")


def _url(host: str, port: int) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}"


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
