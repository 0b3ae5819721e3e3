"""The commands that run a service: `platen up`, `api`, `server`, `builder`.

What a service is made of is imported by the command that runs it: the other commands need none of it.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
import msgspec

from services.commands.options import data_option
from shared.http1 import Connection
from shared.lifecycle import bind, flag_on_signal, run, serve, stop_on_signals
from shared.settings import MOST_WORKERS, Settings, read_settings
from shared.tasks import end
from shared.telemetry import set_up_logging


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for a free one.  [default: 8000]")
@data_option("Where pages, the API token and Valkey's files are kept; made where it does not exist.")
@click.option("--redis", "redis_url", help="Use this Redis or Valkey instead of an embedded one.")
@click.option("--builders", type=click.IntRange(0, 64), default=1, show_default=True, help="Builder processes.")
def up(host: str | None, port: int | None, data: Path, redis_url: str | None, builders: int) -> None:
    """Start everything on this machine.

    Options win over PLATEN_HOST, PLATEN_PORT and PLATEN_REDIS_URL. PLATEN_ADMIN_TOKEN sets the first API token, which
    is otherwise made and shown once; docs/operations.md lists the rest.
    """
    from services.up import up as start  # noqa: PLC0415 - the client commands need none of what this imports

    settings = _settings()
    given = {"host": host, "port": port, "redis_url": redis_url}
    settings = msgspec.structs.replace(settings, **{k: v for k, v in given.items() if v is not None})
    embedded = redis_url is None and "PLATEN_REDIS_URL" not in os.environ
    run(start(settings, data, embedded=embedded, builders=builders))


@click.command()
def api() -> None:
    """Run the api alone.

    It listens on PLATEN_HOST and PLATEN_PORT and finds Redis at PLATEN_REDIS_URL. PLATEN_ADMIN_TOKEN sets the first
    API token, which is otherwise made and shown once; docs/operations.md lists the rest.
    """
    from services.api.app import create_app  # noqa: PLC0415

    _serve("api", create_app)


@click.command()
@click.option("--workers", type=click.IntRange(1, MOST_WORKERS), help="Processes on the one port.  [default: 1]")
@click.option("--inherited", type=int, hidden=True, help="Serve on this socket; stop when standard input ends.")
def server(workers: int | None, inherited: int | None) -> None:
    """Run the server alone, in one process or several.

    It listens on PLATEN_HOST and PLATEN_PORT and finds Redis at PLATEN_REDIS_URL. PLATEN_PAGE_MEMORY_BYTES and
    PLATEN_SSE_MAX_STREAMS bound each process; docs/operations.md lists the rest. --workers wins over PLATEN_WORKERS.
    """
    settings = _settings()
    count = settings.workers if workers is None else workers
    if inherited is None and count > 1:
        from services.workers import run_workers  # noqa: PLC0415

        return run(run_workers(settings, count))
    from services.server.app import create_app  # noqa: PLC0415

    return _serve("server", create_app, inherited)


@click.command()
@click.option("--with-parent", is_flag=True, hidden=True, help="Stop when standard input ends.")
def builder(with_parent: bool) -> None:
    """Run one builder. SIGTERM drains it; SIGUSR1 makes it take nothing new and stay.

    It finds Redis at PLATEN_REDIS_URL. PLATEN_PUBLIC_URL gives pages their canonical link; PLATEN_BUILD_DEADLINE_S,
    PLATEN_BUILD_MEMORY_MIB and PLATEN_BUILD_ATTEMPTS bound a build; docs/operations.md lists the rest.
    """
    from services.builder.worker import run_builder  # noqa: PLC0415
    from services.children import stop_with_parent  # noqa: PLC0415

    settings = _settings()

    async def main() -> None:
        set_up_logging(settings.log_level, "builder")
        stop, quiet = stop_on_signals(), flag_on_signal(signal.SIGUSR1)
        watching = asyncio.create_task(stop_with_parent(stop)) if with_parent else None
        await run_builder(settings, stop, quiet, warns=not with_parent)
        if watching:
            watching.cancel()

    run(main())


def _settings() -> Settings:
    return read_settings(os.environ)


def _serve(name: str, create_app: Callable[[Settings], Any], inherited: int | None = None) -> None:
    from services.children import stop_with_parent  # noqa: PLC0415

    settings = _settings()

    async def main() -> None:
        set_up_logging(settings.log_level, name)
        stop = stop_on_signals()
        app = create_app(settings)
        with bind(settings.host, settings.port) if inherited is None else socket.socket(fileno=inherited) as bound:
            watching = None if inherited is None else asyncio.create_task(stop_with_parent(stop))
            quiet = getattr(app.state, "quiet", lambda: None)
            connection, clock = getattr(app.state, "connection", Connection), getattr(app.state, "clock", None)
            await serve(app, bound, stop, settings, quiet, connection=connection, clock=clock)
            await end(watching)

    coroutine: Coroutine[Any, Any, None] = main()
    run(coroutine)
