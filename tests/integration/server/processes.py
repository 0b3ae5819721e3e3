"""`platen server` as a process of its own, which a test may kill and start again on the same port."""

import signal
import socket
import subprocess
from pathlib import Path
from typing import Any, NamedTuple, Self

import httpx2

from services.valkey import wait_for
from tests.harness import PLATEN, ROOT, environment


class ServerProcess:
    """One `platen server`, on one port for ever.

    Args:
        log: file that its output is appended to.
        redis_url: whose pages it serves.
        arguments: more of its command line.
        settings: PLATEN_ variables.
    """

    def __init__(self, log: Path, redis_url: str, *arguments: str, **settings: str) -> None:
        self.port, self._log = _free_port(), log
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [*PLATEN, "server", *arguments]
        self._settings = {"PLATEN_REDIS_URL": redis_url, "PLATEN_PORT": str(self.port), **settings}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def children(self) -> list[int]:
        """Process ids of its children."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    def begin(self) -> Self:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=environment(**self._settings), cwd=ROOT, stdout=log, stderr=log
            )
        return self

    def start(self) -> Self:
        """Start it and wait until it is ready."""
        self.begin()
        assert wait_for(lambda: self._process.poll() is not None or self.readiness[0] == 200, 30), self.output  # type: ignore[union-attr]
        assert self._process.poll() is None, self.output  # type: ignore[union-attr]
        return self

    @property
    def readiness(self) -> tuple[int, dict[str, Any]]:
        """What /-/readyz answers: status and body, 0 where nothing answers."""
        try:
            answer = httpx2.get(f"{self.url}/-/readyz", trust_env=False, timeout=5)
        except httpx2.TransportError:
            return 0, {}
        return answer.status_code, answer.json()

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> int:
        """Ask it to stop.

        Returns:
            its exit code.
        """
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)


class Connected(NamedTuple):
    """A connection, told apart from others by the port at our end.

    Attributes:
        port: ours.
        server_port: theirs.
    """

    port: int
    server_port: int

    def owner(self, pids: list[int]) -> int:
        """Which of some processes has the other end, 0 while none of them has taken it."""
        ends = (f":{self.server_port:04X}", f":{self.port:04X}")
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        inodes = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(ends[0]) and row[2].endswith(ends[1])}
        return next((pid for pid in pids if inodes & _open_files(pid)), 0)


def _open_files(pid: int) -> set[str]:
    found = set()
    for file in _entries(Path(f"/proc/{pid}/fd")):
        try:
            found.add(str(file.readlink()))
        except OSError:
            continue
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
