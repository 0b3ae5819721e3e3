"""Status streams: memory per connection, events delivered, what visitors feel of it, beside nchan and sse-starlette.

The server runs on one core, one process with all the watchers on another. Each round starts each server anew, opens
the watchers, and publishes: at a pace of 10,000 deliveries a second, then with one event and with sixteen in flight.
At last all are cut off, miss a hundred events, and come back with their last id. Without watchers, with idle ones, and
in each of these parts a page is asked for 50 times a second (open loop), by a visitor who shares the watchers' core and
goes ahead of them there: in their turn he would wait for them instead of the server. Every server gets the same events,
made in the same place.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from bench.latency import Pool
from bench.machine import percentile
from bench.processes import Cores, ahead, cores, cpu_s, describe_cores, family, pin, resident_bytes, stop
from bench.running import Running, platen_up
from bench.site import fetch, publish_pages
from bench.status_peers import NCHAN, SPARE_FILES, Peer, Target, find_peers
from bench.watchers import Done, Opened, Plan, Turn, allow_files

PACED_PER_S = 10_000
PROBES_PER_S = 50
MISSED = 100
SETTLED_BYTES = 64 * 1024


class Sample(NamedTuple):
    """One round of one server. Times of visitors in milliseconds.

    Attributes:
        kib: per connection.
        opened: when all were open, and how many only at a further attempt.
        turns: one for each way of publishing.
        per_cpu_s: events delivered per CPU second of the server, for each of them.
        probes: pages asked for without watchers, with idle ones, and in each turn.
        back: when all that came back had what they missed, None where the server does not know it.
        back_cpu_s: what that cost the server.
        back_probes: pages asked for meanwhile.
    """

    kib: float
    opened: Opened
    turns: list[Done]
    per_cpu_s: list[float]
    probes: list[list[float]]
    back: Done | None
    back_cpu_s: float
    back_probes: list[float]


# The measurement


class _Client:
    """The process with the watchers.

    Args:
        plan: what it opens.
        core: where it runs.
    """

    def __init__(self, plan: Plan, core: int) -> None:
        command = ["taskset", "-c", str(core), sys.executable, "-m", "bench.watchers"]
        self._process = subprocess.Popen(
            [*command, msgspec.json.encode(plan).decode()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> "_Client":
        return self

    def __exit__(self, *_: object) -> None:
        stop(self._process)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def opened(self) -> Opened:
        """Wait until all connections are open."""
        return msgspec.json.decode(self._read(), type=Opened)

    def begin(self, turn: Turn) -> None:
        """Begin to publish."""
        assert self._process.stdin
        self._process.stdin.write(msgspec.json.encode(turn) + b"\n")
        self._process.stdin.flush()

    def done(self) -> Done:
        """Wait until everything that was published has arrived."""
        return msgspec.json.decode(self._read(), type=Done)

    def _read(self) -> bytes:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the watchers ended; what they said stands above")
        return line


def _probe(target: Target, seconds: float, core: int) -> list[float]:
    """Ask for a page on a schedule, whether or not the answers before have come.

    Args:
        core: where the visitor is.

    Returns:
        milliseconds from the instant each request was due.
    """
    with ahead(core):
        return asyncio.run(_visit(target, seconds))


async def _visit(target: Target, seconds: float) -> list[float]:
    pool, tasks = Pool(target.port), []
    began = time.perf_counter()
    for number in range(int(seconds * PROBES_PER_S)):
        due = began + number / PROBES_PER_S
        await asyncio.sleep(max(0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(_ask(pool, target.page, due)))
    took = list(await asyncio.gather(*tasks))
    pool.close()
    return took


async def _ask(pool: Pool, page: str, due: float) -> float:
    status, _ = await pool.send("GET", page)
    assert status == 200, status
    return (time.perf_counter() - due) * 1000


def _settled(pids: list[int]) -> int:
    """Memory of processes once it stays the same for a second, or after ten."""
    before, same = resident_bytes(pids), 0
    for _ in range(50):
        time.sleep(0.2)
        now = resident_bytes(pids)
        same = same + 1 if abs(now - before) < SETTLED_BYTES else 0
        before = now
        if same >= 5:
            break
    return before


def _measure(peer: Peer, count: int, seconds: float, core: int) -> Sample:
    with peer() as target:
        alone = _probe(target, seconds, core)
        empty = _settled(target.pids)
        with _Client(target.plan, core) as client:
            opened = client.opened()
            kib = (_settled(target.pids) - empty) / count / 1024
            probes, turns, per_cpu_s = [alone, _probe(target, seconds, core)], [], []
            for turn in _turns(count, seconds).values():
                used = cpu_s(target.pids)
                client.begin(turn)
                probes.append(_probe(target, seconds, core))
                turns.append(client.done())
                per_cpu_s.append(turns[-1].events * count / (cpu_s(target.pids) - used))
            back = _come_back(client, target, seconds, core) if target.plan.resumes else (None, 0.0, [])
    return Sample(kib, opened, turns, per_cpu_s, probes, *back)


def _come_back(client: _Client, target: Target, seconds: float, core: int) -> tuple[Done, float, list[float]]:
    used = cpu_s(target.pids)
    client.begin(Turn(1, seconds, missed=MISSED))
    probes = _probe(target, seconds, core)
    done = client.done()
    return done, cpu_s(target.pids) - used, probes


def _turns(count: int, seconds: float) -> dict[str, Turn]:
    """The ways of publishing, by what they are called."""
    return {
        f"{PACED_PER_S:,}/s": Turn(16, seconds, every_s=count / PACED_PER_S),
        "1 in flight": Turn(1, seconds),
        "16 in flight": Turn(16, seconds),
    }


# What is printed


def _print_samples(found: dict[str, list[Sample]], count: int) -> None:
    _print_idle(found)
    titles = list(_turns(count, 1))
    for at, title in enumerate(titles):
        _print_turn(found, at, count, title)
    _print_back(found, count)
    columns = ["no watchers", "idle", *titles, "coming back"]
    print(f"\n{'a page, p50 / p99 in ms':<24}" + "".join(f"{column:>17}" for column in columns))
    for name, samples in found.items():
        rounds = [[*sample.probes, sample.back_probes] for sample in samples]
        pooled = [[took for probes in rounds for took in probes[at]] for at in range(len(columns))]
        cells = [f"{percentile(times, 0.5):.1f} / {percentile(times, 0.99):.1f}" if times else "-" for times in pooled]
        print(f"{name:<24}" + "".join(f"{cell:>17}" for cell in cells))


def _print_idle(found: dict[str, list[Sample]]) -> None:
    anchor = found.get(NCHAN)
    print(f"\n{'idle':<24} {'KiB each':>9} {'ratio':>6} {'open all, s':>12} {'again':>6}")
    for name, samples in found.items():
        kib = [sample.kib for sample in samples]
        opened = statistics.median(sample.opened.seconds for sample in samples)
        again = sum(sample.opened.again for sample in samples)
        ratio = _ratio(kib, [sample.kib for sample in anchor]) if anchor else "-"
        print(f"{name:<24} {statistics.median(kib):>9.1f} {ratio:>6} {opened:>12.2f} {again:>6}")


def _print_turn(found: dict[str, list[Sample]], at: int, count: int, title: str) -> None:
    heads = (
        f"{'delivered/s':>12} {'per CPU s':>10} {'ratio':>6} {'last client p50':>16} {'p99 ms':>8} {'client core':>12}"
    )
    print(f"\n{title:<24} {heads}")
    anchor = found.get(NCHAN)
    for name, samples in found.items():
        turns = [sample.turns[at] for sample in samples]
        rate = statistics.median(turn.events * count / turn.seconds for turn in turns)
        per_cpu_s = [sample.per_cpu_s[at] for sample in samples]
        ratio = _ratio(per_cpu_s, [sample.per_cpu_s[at] for sample in anchor]) if anchor else "-"
        took, busy = [took for turn in turns for took in turn.took_ms], statistics.median(turn.busy for turn in turns)
        line = f"{name:<24} {rate:>12,.0f} {statistics.median(per_cpu_s):>10,.0f} {ratio:>6}"
        print(f"{line} {percentile(took, 0.5):>16.1f} {percentile(took, 0.99):>8.1f} {busy:>12.0%}")


def _print_back(found: dict[str, list[Sample]], count: int) -> None:
    """What it takes until all who were cut off have what they missed."""
    print(f"\n{f'{MISSED} events missed':<24} {'all told, s':>12} {'CPU ms each':>12} {'ratio':>6}")
    cost = {name: [sample.back_cpu_s / count * 1000 for sample in samples] for name, samples in found.items()}
    anchor = cost.get(NCHAN)
    for name, samples in found.items():
        took = [sample.back.seconds for sample in samples if sample.back]
        if not took:
            print(f"{name:<24} {'cannot':>12}")
            continue
        ratio = _ratio(cost[name], anchor) if anchor else "-"
        print(f"{name:<24} {statistics.median(took):>12.2f} {statistics.median(cost[name]):>12.2f} {ratio:>6}")


def _ratio(values: Sequence[float], anchors: Sequence[float]) -> str:
    return f"{statistics.median(value / anchor for value, anchor in zip(values, anchors, strict=True)):.2f}"


# The program


def _read_options(options: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench status", description=__doc__)
    parser.add_argument("--watchers", type=int, default=2000, help="status streams (default 2000)")
    parser.add_argument("--peers", default="", help="names of those to measure, such as 'platen server,nchan' (all)")
    parser.add_argument("--rounds", type=int, default=3, help="of each server (default 3)")
    parser.add_argument("--seconds", type=float, default=5, help="of each part of a round (default 5)")
    return parser.parse_args(options)


def _run(asked: argparse.Namespace, running: Running, folder: Path, where: Cores) -> dict[str, list[Sample]]:
    peers = find_peers(running, folder, asked.watchers, where.server)
    names = [name for name in peers if not asked.peers or name in asked.peers.split(",")]
    found: dict[str, list[Sample]] = {name: [] for name in names}
    for number in range(asked.rounds):
        turn = number % len(names)
        for name in (*names[turn:], *names[:turn]):
            found[name].append(_measure(peers[name], asked.watchers, asked.seconds, where.client))
    return found


def main(options: Sequence[str] = ()) -> None:
    """Print memory, rates and latencies of each server, and the ratios to nchan."""
    asked, where = _read_options(options), cores()
    count = asked.watchers
    print(f"\nstatus streams, {count:,} watchers, {asked.rounds} rotating rounds, parts of {asked.seconds:g} s")
    print(describe_cores(where))
    with ahead(where.client) as may:
        print("visitor   " + ("goes ahead of the watchers" if may else "waits for the watchers: no CAP_SYS_NICE"))
    if not allow_files(count + SPARE_FILES):
        print(f"left out: all of it, since a process may not open {count + SPARE_FILES:,} files here (ulimit -n)")
        return
    with platen_up(builders=1) as running, TemporaryDirectory(prefix="platen-bench-") as text:
        folder = Path(text)
        asyncio.run(publish_pages(running, 1))
        pin(family(running.pid), where.client)
        (folder / "page").write_bytes(fetch(running.port, "/bench/p0", {}).body)
        _print_samples(_run(asked, running, folder, where), count)
