"""Starts what is measured, as its users do: `platen up` in a process of its own, on a fresh data directory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.request import urlopen

TOKEN = "token-of-the-bench-0123456789"  # noqa: S105 - of a server that lives for this run


class Running(NamedTuple):
    """A Platen that answers.

    Attributes:
        port: on 127.0.0.1.
        redis_url: its Valkey.
    """

    port: int
    redis_url: str


@contextmanager
def platen_up(builders: int, log_level: str = "warning") -> Iterator[Running]:
    """Run `platen up` with its defaults but for the number of builders.

    Args:
        builders: builder processes.
        log_level: what it logs to standard error.
    """
    with TemporaryDirectory(prefix="platen-bench-") as folder:
        data = Path(folder) / "data"
        command = [sys.executable, "-m", "services", "up", "--port", "0", "--data", str(data)]
        command += ["--builders", str(builders)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PLATEN_")}
        environment |= {"PLATEN_ADMIN_TOKEN": TOKEN, "PLATEN_LOG_LEVEL": log_level}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            yield _wait(data / "run.json", builders)
        finally:
            process.terminate()
            process.wait(30)


def _wait(run_file: Path, builders: int) -> Running:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        time.sleep(0.05)
        try:
            found = json.loads(run_file.read_text())
            path = "readyz" if builders else "healthz"
            with urlopen(f"{found['url']}/-/{path}", timeout=2):  # noqa: S310 - our own server on loopback
                return Running(int(found["url"].rpartition(":")[2]), found["redis_url"])
        except (OSError, ValueError):
            continue
    raise RuntimeError("platen up did not become ready within 30 s")
