"""How a process lives: a socket that is bound first, a flag that a signal sets, and a web server that ends cleanly.

uvicorn waits for open connections before it tells the app to stop, and a status stream never ends by itself; so the
app's `quiet` is called first.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from shared.clock import Clock
from shared.errors import Misconfigured
from shared.http1 import Connection
from shared.limits import Limits
from shared.settings import Settings
from shared.tasks import end

log = logging.getLogger(__name__)

BACKLOG = 2048


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a process's main coroutine to its end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def stop_on_signals() -> asyncio.Event:
    """A flag that SIGINT and SIGTERM set.

    A second signal ends the process at once: whoever sends two has waited long enough.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            raise SystemExit(130)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    return stop


def flag_on_signal(number: signal.Signals) -> asyncio.Event:
    """A flag that a signal sets."""
    flag = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(number, flag.set)
    return flag


def bind(host: str, port: int) -> socket.socket:
    """Take an address before anything else is started, so that a clash costs nothing.

    Args:
        host: name or address, IPv6 as well.
        port: 0 takes a free one.

    Raises:
        Misconfigured: it is taken or not ours to take.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Misconfigured(f"{host!r} is not an address of this machine: {error}.") from error
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
        # Listening is what fails where somebody else listens; nothing is accepted before the server runs.
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise Misconfigured(
            f"Port {port} on {host} cannot be taken ({error.strerror}): use another, such as --port {port + 1}, "
            "or --port 0 for a free one."
        ) from error
    return bound


class _WebServer(uvicorn.Server):
    """uvicorn's server, told to stop by us instead of by signals, and quietening the app before it waits.

    It looks after the connections once a second, so that none of them needs a timer. The date of answers is the clock's
    alone: uvicorn's own may be a second old, and behind what the clock has reached.
    """

    def __init__(self, config: uvicorn.Config, clock: Clock, quiet: Callable[[], None]) -> None:
        super().__init__(config)
        self._clock, self._quiet = clock, quiet
        clock.on_tick(self._set_date)
        self._set_date()

    async def keep_time(self) -> None:
        """Tick as each second begins, until it is cancelled."""
        while True:
            await asyncio.sleep(self._clock.next_s)
            self._clock.tick()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    self._check(connection)

    @staticmethod
    def _check(connection: Connection) -> None:
        """Look after one connection. Whatever is wrong with it, time goes on for the others."""
        try:
            connection.check()
        except Exception:
            log.exception("a connection cannot be looked after, and is given up")
            connection.transport.abort()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second. Returns: whether to end; uvicorn would set its own date."""
        return self.should_exit

    def _set_date(self) -> None:
        # The same list: an answer that waits for its page has it already, and is to say when it is sent.
        self.server_state.default_headers[:] = [(b"date", self._clock.date)]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._quiet()
        await super().shutdown(sockets)


async def serve(
    app: ASGIApp,
    bound: socket.socket,
    stop: asyncio.Event,
    settings: Settings,
    quiet: Callable[[], None],
    *,
    connection: Callable[..., Connection] = Connection,
    clock: Clock | None = None,
) -> None:
    """Serve an app until told to stop, and end every connection cleanly.

    Args:
        app: with a lifespan.
        bound: a socket that listens.
        stop: ends it.
        settings: `drain_s` bounds the end.
        quiet: makes the app end what never ends by itself.
        connection: makes a connection.
        clock: ticks meanwhile; one of its own where none is given.

    Raises:
        Misconfigured: the app did not start.
    """
    clock, limits = clock or Clock(), Limits(settings.keep_alive_s, settings.head_within_s)
    config = uvicorn.Config(
        app,
        http=partial(connection, clock=clock, limits=limits),  # type: ignore[arg-type] # called like the class it stands for
        lifespan="on",
        # Nobody upgrades here, whatever library happens to be installed.
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.drain_s)),
        backlog=BACKLOG,
    )
    server = _WebServer(config, clock, quiet)
    tasks = asyncio.create_task(_pass_on(stop, server)), asyncio.create_task(server.keep_time())
    try:
        await server.serve(sockets=[bound])
    except SystemExit as error:
        raise Misconfigured("The web server did not start; the log says why.") from error
    finally:
        await end(*tasks)


async def _pass_on(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True
