"""Runs Platen as its users do: processes, signals, and the public API."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from services import valkey
from services.client import Api, Message, Target
from services.valkey import wait_for

ROOT = Path(__file__).parent.parent
TOKEN = "token-of-the-tests-0123456789"
# How to run Platen's command line.
PLATEN = [sys.executable, "-m", "services"]
SPRING_SALE = ROOT / "examples" / "spring-sale.json"


def embed(program: str) -> None:
    """Let whoever embeds a server from here on run this program, here and in processes that are started from here."""
    valkey.get_binary_path = lambda: program
    swap = f"from services import valkey; valkey.get_binary_path = lambda: {program!r}"
    PLATEN[1:] = ["-c", f"{swap}; from services.cli import main; main()"]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with no PLATEN_ variables but the given ones."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLATEN_")}
    return {**inherited, **settings}


class Up:
    """A running `platen up`.

    Args:
        data: its data directory.
        arguments: more of its command line.
        settings: PLATEN_ variables.
    """

    def __init__(self, data: Path, *arguments: str, **settings: str) -> None:
        self.data = data
        self.log = data.parent / f"{data.name}.log"
        self._command = [*PLATEN, "up", "--port", "0", "--data", str(data), *arguments]
        self._settings = {"PLATEN_ADMIN_TOKEN": TOKEN, **settings}
        self.process: subprocess.Popen[bytes] | None = None
        self._clients: list[Api] = []

    def start(self) -> Self:
        """Start it and wait until it is ready."""
        (self.data / "run.json").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=environment(**self._settings), cwd=ROOT, stdout=log, stderr=log
            )
        assert wait_for(lambda: self.ready or self.process.poll() is not None, 30), self.output  # type: ignore[union-attr]
        assert self.ready, self.output
        return self

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def run_file(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return found

    @property
    def url(self) -> str:
        return str(self.run_file["url"])

    @property
    def redis_url(self) -> str:
        return str(self.run_file["redis_url"])

    @property
    def ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/-/readyz", trust_env=False).status_code == 200
        except (OSError, httpx2.TransportError, ValueError):
            return False

    @property
    def api(self) -> Api:
        """A client of this start; closed with it."""
        target = Target(self.url, TOKEN)
        if not self._clients or self._clients[-1].target != target:
            self._clients.append(Api(target))
        return self._clients[-1]

    def kill(self) -> None:
        """End it as a crash would, its children left to themselves."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to stop.

        Returns:
            its exit code.
        """
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def __enter__(self) -> Self:
        return self if self.process and self.process.poll() is None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        if self.process is not None:
            self.stop()


def run_cli(*arguments: str, data: Path | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the CLI to its end."""
    command = [*PLATEN, *arguments, *(["--data", str(data)] if data else [])]
    return subprocess.run(
        command, env=environment(**settings), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def end_of(api: Api, site: str, page: str, seq: int, longest_s: float = 20) -> dict[str, Any]:
    """Wait for the end of a publication and return it."""
    deadline = time.monotonic() + longest_s
    for publication in _polled(api, site, page, seq):
        if publication["state"] in {"live", "failed", "superseded", "cancelled"}:
            return publication
        assert time.monotonic() < deadline, publication
    raise AssertionError("unreachable")


def collect(messages: Iterator[Message], until: str) -> list[Message]:
    """Messages up to and with the first of a name."""
    found = []
    for message in messages:
        found.append(message)
        if message.event == until:
            break
    return found


def _polled(api: Api, site: str, page: str, seq: int) -> Iterator[dict[str, Any]]:
    while True:
        yield api.get(f"sites/{site}/pages/{page}/publications/{seq}")
        wait_for(lambda: False, 0.02)
