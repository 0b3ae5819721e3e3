"""What the kernel says of processes that are measured."""

import os
import subprocess
import sys

from bench.processes import ahead, cores, cpu_s, family, pin, resident_bytes, started, wait_until

SPIN = [sys.executable, "-c", "while True: pass"]
MIB = 1024 * 1024


def test_a_process_runs_on_its_core_and_ends_afterwards() -> None:
    core = cores().server

    with started(SPIN, core) as process:
        wait_until(lambda: cpu_s([process.pid]) > 0, "it has run")
        assert os.sched_getaffinity(process.pid) == {core}

    assert process.poll() is not None


def test_a_running_process_moves_with_all_its_threads() -> None:
    to = cores().client

    with started(SPIN, None) as process:
        pin([process.pid], to)
        assert os.sched_getaffinity(process.pid) == {to}


def test_a_clock_goes_ahead_on_its_core_and_whatever_it_starts_does_not() -> None:
    core, before = cores().client, (os.sched_getaffinity(0), os.sched_getscheduler(0))

    with ahead(core) as may, started(SPIN, None) as process:
        now = os.sched_getaffinity(0), os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
        started_as = os.sched_getscheduler(process.pid)

    assert now == ({core}, os.SCHED_FIFO if may else before[1])
    assert started_as == before[1]
    assert (os.sched_getaffinity(0), os.sched_getscheduler(0)) == before


def test_cpu_time_and_memory_are_those_of_the_process() -> None:
    with started([sys.executable, "-c", "x = bytearray(b'x' * 50_000_000)\nwhile True: pass"], None) as process:
        wait_until(lambda: resident_bytes([process.pid]) > 50 * MIB * 0.9, "it holds its memory")
        before = cpu_s([process.pid])
        wait_until(lambda: cpu_s([process.pid]) > before, "it uses CPU time")


def test_a_family_is_a_process_and_its_children() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in family(os.getpid())
        assert family(child.pid) == [child.pid]
    finally:
        child.communicate(b"\n")
