"""Processes that are measured: on one core what is measured, on another what measures it; the kernel tells the cost.

CPU time and memory are read from /proc, so this is for Linux.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

STOP_S = 15.0
START_S = 60.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Cores(NamedTuple):
    """Where processes run.

    Attributes:
        server: for what is measured.
        client: for everything else; the same one where there is only one.
    """

    server: int
    client: int


def cores() -> Cores:
    """Two of the cores this process may use."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[-1])


def describe_cores(chosen: Cores) -> str:
    """Which cores are used, with what makes figures of this machine hard to compare."""
    if chosen.server == chosen.client:
        return f"cores     one core only ({chosen.server}): client and server take it from each other"
    siblings = Path(f"/sys/devices/system/cpu/cpu{chosen.server}/topology/thread_siblings_list")
    shared = siblings.exists() and str(chosen.client) in siblings.read_text().strip().replace("-", ",").split(",")
    note = ", two threads of one core" if shared else ""
    return f"cores     server on {chosen.server}, client on {chosen.client}{note}; load before {os.getloadavg()[0]:.1f}"


@contextlib.contextmanager
def started(
    command: Sequence[str], core: int | None, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process on one core, and end it afterwards.

    Args:
        command: program and arguments.
        core: where it and its children run; None for anywhere.
        environment: the whole of it; None for this process's.
        folder: its working directory; None for this process's.
    """
    # What a process starts inherits its core, and a program is started before it has threads.
    pinned = list(command) if core is None else ["taskset", "-c", str(core), *command]
    process = subprocess.Popen(pinned, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process: asked first, killed where it does not listen."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [pid, *(found for child in children for found in family(child))]


def pin(pids: Sequence[int], core: int) -> None:
    """Move running processes, with all their threads, to a core."""
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})


@contextlib.contextmanager
def ahead(core: int) -> Iterator[bool]:
    """Run this process on one core, ahead of whatever else is busy there: a clock that waits for its turn tells how
    long it waited, not how long the answer took.

    Yields:
        whether it may go ahead; where it may not (it takes CAP_SYS_NICE), it waits for its turn like all others.
    """
    allowed, policy = os.sched_getaffinity(0), os.sched_getscheduler(0)
    os.sched_setaffinity(0, {core})
    try:
        # Whatever it starts meanwhile goes back to waiting for its turn.
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        may = True
    except PermissionError:
        may = False
    try:
        yield may
    finally:
        if may:
            os.sched_setscheduler(0, policy, os.sched_param(0))
        os.sched_setaffinity(0, allowed)


def cpu_s(pids: Sequence[int]) -> float:
    """CPU time that processes have used, in seconds: user and system."""
    return sum(_cpu_ticks(pid) for pid in pids) / _TICKS_PER_S


def resident_bytes(pids: Sequence[int]) -> int:
    """Memory that processes hold, in bytes; what they share counts for each of them."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * _PAGE_BYTES


def available_bytes() -> int:
    """Memory of this machine that can be had without swapping."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) * 1024


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(is_so: Callable[[], bool], what: str, longest_s: float = START_S, every_s: float = 0.05) -> None:
    """Wait for something that happens in another process.

    Raises:
        RuntimeError: it did not happen in time; the text says what.
    """
    deadline = time.monotonic() + longest_s
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {longest_s:g} s in vain: {what}")
        time.sleep(every_s)


def listens(port: int) -> bool:
    """Whether somebody takes connections on a port of 127.0.0.1."""
    with socket.socket() as connection:
        connection.settimeout(1.0)
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _cpu_ticks(pid: int) -> int:
    # The name in parentheses may hold anything, so the fields are counted behind it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
