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

import msgspec

from bench.processes import free_port, started, wait_until
from shared.settings import Settings

TOKEN = "token-of-the-bench-0123456789"  # noqa: S105 - of a server that lives for this run


class Running(NamedTuple):
    """A Platen that answers.

    Attributes:
        port: on 127.0.0.1.
        redis_url: its Valkey.
        pid: of its web process; builders and Valkey are its children.
    """

    port: int
    redis_url: str
    pid: int


class Served(NamedTuple):
    """A `platen server` that answers.

    Attributes:
        port: on 127.0.0.1.
        pid: its only process.
    """

    port: int
    pid: int


@contextmanager
def platen_up(builders: int, log_level: str = "warning", redis_url: str = "") -> Iterator[Running]:
    """Run `platen up` with its defaults but for the number of builders.

    Args:
        builders: builder processes.
        log_level: what it logs to standard error.
        redis_url: a Redis to use in place of an embedded one, "" for none.
    """
    with TemporaryDirectory(prefix="platen-bench-") as folder:
        data = Path(folder) / "data"
        command = [sys.executable, "-m", "services", "up", "--port", "0", "--data", str(data)]
        command += ["--builders", str(builders), *(["--redis", redis_url] if redis_url else [])]
        environment = _environment(ADMIN_TOKEN=TOKEN, LOG_LEVEL=log_level)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            yield _wait(data / "run.json", builders)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def platen_server(redis_url: str, core: int | None = None, **settings: object) -> Iterator[Served]:
    """Run `platen server` alone.

    Args:
        redis_url: whose pages it serves.
        core: where it runs; None for anywhere.
        settings: by the names of their variables after `PLATEN_`, in capitals.
    """
    port = free_port()
    environment = _environment(LOG_LEVEL="error", REDIS_URL=redis_url, PORT=port, **settings)
    command = [sys.executable, "-m", "services", "server"]
    with started(command, core, environment) as process:
        wait_until(lambda: _is_ready(port, process), "platen server is ready")
        yield Served(port, process.pid)


def has_fast_path() -> bool:
    """Whether this Platen has a way of answering beneath ASGI that can be turned off."""
    return any(field.name == "fast_path" for field in msgspec.structs.fields(Settings))


def _environment(**settings: object) -> dict[str, str]:
    """This process's environment with these settings of Platen and no others."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLATEN_")}
    return own | {f"PLATEN_{name}": str(value) for name, value in settings.items()}


def _is_ready(port: int, process: "subprocess.Popen[bytes]") -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"platen server ended with {process.returncode}")
    try:
        with urlopen(f"http://127.0.0.1:{port}/-/readyz", timeout=2):
            return True
    except OSError:
        return False


def _wait(run_file: Path, builders: int) -> Running:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        time.sleep(0.05)
        try:
            found = json.loads(run_file.read_text())
            path = "readyz" if builders else "healthz"
            with urlopen(f"{found['url']}/-/{path}", timeout=2):  # noqa: S310 - our own server on loopback
                return Running(int(found["url"].rpartition(":")[2]), found["redis_url"], found["pid"])
        except (OSError, ValueError):
            continue
    raise RuntimeError("platen up did not become ready within 30 s")
