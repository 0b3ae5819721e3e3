"""wrk as the load generator: one thread on a core of its own.

Each of its keep-alive connections sends a request as soon as it has its answer, so its latencies are those of a server
that is never idle.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ANSWER_S = 20
_SCRIPT = Path(__file__).with_suffix(".lua")


class Load(NamedTuple):
    """What one run of wrk saw.

    Attributes:
        requests: answered.
        seconds: how long it ran.
        p50_ms, p99_ms: from sending a request to the end of its answer, with all connections always waiting for one.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float


class Varied(NamedTuple):
    """Requests that differ: how many pages they ask for, and how many browsers they say they are."""

    pages: int
    agents: int


def find_wrk() -> str | None:
    """The program, None where it is not installed."""
    return shutil.which("wrk")


def run_wrk(
    port: int,
    headers: Mapping[str, str],
    *,
    connections: int,
    seconds: int,
    core: int,
    varied: Varied | None = None,
) -> Load:
    """Load a server of this machine.

    Args:
        port: on 127.0.0.1.
        headers: sent with each request.
        connections: kept open and busy.
        seconds: how long; wrk knows whole ones only.
        core: where wrk runs.
        varied: for requests that differ, None for /bench/p0 always.

    Raises:
        RuntimeError: a request failed, or was answered with an error.
    """
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(_SCRIPT)]
    # A slow answer is a latency; wrk's own two seconds would make it an error where the machine is busy.
    command += ["--timeout", f"{ANSWER_S}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command += [f"http://127.0.0.1:{port}/bench/p0"]
    command += ["--", "varied", str(varied.pages), str(varied.agents)] if varied else []
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    found = json.loads(said.splitlines()[-1])
    if found["failed"] or not found["requests"]:
        raise RuntimeError(f"{found['failed']} of {found['requests']} requests failed:\n{said}")
    return Load(found["requests"], found["took_us"] / 1e6, found["p50_us"] / 1000, found["p99_us"] / 1000)
