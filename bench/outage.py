"""What visitors feel while Redis is away: nothing, or this says so.

Two servers (one of them within `platen up`) hold 200 pages. Visitors ask for all of them in turn, on a fixed schedule
(open loop), before, while and after Redis is away: first it is frozen (SIGSTOP) and goes on, then, in a round of its
own, killed and started again. A hit fails where it is answered with anything but 200 and the right bytes. Meanwhile
editors publish 50 of the pages and try again, each under its `Idempotency-Key`, until they are told 201.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.latency import Pool
from bench.machine import percentile
from bench.pages import short_config
from bench.running import platen_server, platen_up
from bench.site import publish_pages
from services.valkey import Valkey

PAGES, PUBLISHED = 200, 50
HITS_PER_S = 300
AROUND_S = 5.0
HIT_WITHIN_S = 5.0
TRY_AGAIN_S = (0.1, 0.5)
LOOK_S = 0.05
# What is served later than this after it was replaced counts as old.
OLD_S = 1.0
MARKER = b", take 1."


class Hit(NamedTuple):
    """One answer to a visitor.

    Attributes:
        server: which of them was asked.
        page: its number.
        at: when it was due.
        ms: from then until it was answered.
        take: of the page that was shown; -1 where the hit failed.
        failure: what it got instead, "" where it was right.
    """

    server: int
    page: int
    at: float
    ms: float
    take: int
    failure: str = ""


class Seen(NamedTuple):
    """One publish, in seconds since Redis answered again.

    Attributes:
        accepted: until it was answered 201.
        everywhere: until every server showed it.
    """

    accepted: float
    everywhere: float


class Visitors:
    """Ask for pages in turn, whether or not the hits before were answered.

    Args:
        pools: one for each server.
        bodies: the bytes of each page before anything is published anew.
    """

    def __init__(self, pools: Sequence[Pool], bodies: Sequence[bytes]) -> None:
        self._pools, self._bodies = pools, bodies
        self._newer: dict[int, bytes] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self.hits: list[Hit] = []

    async def visit(self, is_over: asyncio.Event) -> None:
        """Ask until told to stop, and wait for the last answers."""
        began, number = time.perf_counter(), 0
        while not is_over.is_set():
            at = began + number / HITS_PER_S
            await asyncio.sleep(max(0, at - time.perf_counter()))
            page, server = number % PAGES, (number // PAGES) % len(self._pools)
            task = asyncio.create_task(self._hit(server, page, at))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            number += 1
        await asyncio.gather(*self._under_way)

    async def _hit(self, server: int, page: int, at: float) -> None:
        try:
            async with asyncio.timeout(HIT_WITHIN_S):
                status, body = await self._pools[server].send("GET", f"/bench/p{page}")
            take, failure = self._judge(page, status, body)
        except (OSError, EOFError, TimeoutError) as error:
            take, failure = -1, type(error).__name__
        self.hits.append(Hit(server, page, at, (time.perf_counter() - at) * 1000, take, failure))

    def _judge(self, page: int, status: int, body: bytes) -> tuple[int, str]:
        if status != 200:
            return -1, str(status)
        if body == self._bodies[page]:
            return 0, ""
        # All that show the newer page show the same bytes.
        if page < PUBLISHED and MARKER in body and body == self._newer.setdefault(page, body):
            return 1, ""
        return -1, "wrong bytes"


class Round(NamedTuple):
    """What one round found.

    Attributes:
        hits: all of them.
        away, back: when Redis went and answered again, by the clock of the hits.
        readiness: what each server's readyz said meanwhile.
        seen: each publish.
        old: hits that showed a page more than OLD_S after the publish that replaced it was accepted.
        backwards: hits that showed an older page than an earlier one on the same server.
    """

    hits: list[Hit]
    away: float
    back: float
    readiness: list[int]
    seen: list[Seen]
    old: int
    backwards: int


async def _bodies_of(pools: Sequence[Pool]) -> list[bytes]:
    """The bytes of every page, which every server holds from here on."""
    found: list[list[bytes]] = []
    for pool in pools:
        bodies = []
        for page in range(PAGES):
            while (answer := await pool.send("GET", f"/bench/p{page}"))[0] != 200:  # noqa: ASYNC110 - it is built elsewhere
                await asyncio.sleep(LOOK_S)
            bodies.append(answer[1])
        found.append(bodies)
    assert all(bodies == found[0] for bodies in found)
    return found[0]


async def _publish(pools: Sequence[Pool], page: int, delay_s: float) -> tuple[float, float]:
    """Publish until it is accepted, then look until every server shows it: (accepted, everywhere)."""
    await asyncio.sleep(delay_s)
    body = json.dumps({"config": short_config(page, 1), "publish": True}).encode()
    address, key = f"/-/api/v1/sites/bench/pages/p{page}/versions", f"outage-{page}"
    while (await pools[0].send("POST", address, body, key))[0] != 201:  # noqa: ASYNC110 - this is what a client does
        await asyncio.sleep(random.uniform(*TRY_AGAIN_S))
    accepted = time.perf_counter()
    for pool in pools:
        while MARKER not in (await pool.send("GET", f"/bench/p{page}"))[1]:  # noqa: ASYNC110 - polling is the measure
            await asyncio.sleep(LOOK_S)
    return accepted, time.perf_counter()


async def _round(ports: Sequence[int], seconds: float, go: Callable[[], None], come_back: Callable[[], None]) -> Round:
    pools, is_over = [Pool(port) for port in ports], asyncio.Event()
    visitors = Visitors(pools, await _bodies_of(pools))
    visiting = asyncio.create_task(visitors.visit(is_over))
    await asyncio.sleep(AROUND_S)
    away = time.perf_counter()
    await asyncio.to_thread(go)
    delays = [seconds * page / PUBLISHED for page in range(PUBLISHED)]
    publishing = [asyncio.create_task(_publish(pools, page, delay)) for page, delay in enumerate(delays)]
    await asyncio.sleep(away + 0.9 * seconds - time.perf_counter())
    readiness = [(await pool.send("GET", "/-/readyz"))[0] for pool in pools]
    await asyncio.sleep(away + seconds - time.perf_counter())
    await asyncio.to_thread(come_back)
    back = time.perf_counter()
    times = await asyncio.gather(*publishing)
    await asyncio.sleep(AROUND_S)
    is_over.set()
    await visiting
    for pool in pools:
        pool.close()
    seen = [Seen(accepted - back, everywhere - back) for accepted, everywhere in times]
    hits, accepted = visitors.hits, [max(back, accepted) for accepted, _ in times]
    return Round(hits, away, back, readiness, seen, _old(hits, accepted), _backwards(hits))


def _old(hits: Sequence[Hit], accepted: Sequence[float]) -> int:
    return sum(hit.take == 0 and hit.page < PUBLISHED and hit.at > accepted[hit.page] + OLD_S for hit in hits)


def _backwards(hits: Sequence[Hit]) -> int:
    found, newest = 0, dict[tuple[int, int], float]()
    for hit in hits:
        ended = hit.at + hit.ms / 1000
        if hit.take == 1:
            newest[hit.server, hit.page] = min(ended, newest.get((hit.server, hit.page), ended))
    for hit in hits:
        found += hit.take == 0 and hit.at > newest.get((hit.server, hit.page), hit.at)
    return found


def _run(seconds: float, *, is_killed: bool) -> Round:
    with TemporaryDirectory(prefix="platen-bench-") as folder:
        valkey = Valkey(Path(folder) / "valkey")
        valkey.start()
        try:
            with (
                platen_up(builders=1, log_level="error", redis_url=valkey.url) as running,
                platen_server(valkey.url) as served,
            ):
                asyncio.run(publish_pages(running, PAGES))
                freeze, thaw = (partial(os.kill, valkey.pid, number) for number in (signal.SIGSTOP, signal.SIGCONT))
                go, come_back = (valkey.kill, valkey.start) if is_killed else (freeze, thaw)
                return asyncio.run(_round([running.port, served.port], seconds, go, come_back))
        finally:
            valkey.kill()


def _print_hits(name: str, hits: Sequence[Hit]) -> None:
    times = [hit.ms for hit in hits]
    figures = [percentile(times, 0.5), percentile(times, 0.99), max(times)]
    failed = sum(bool(hit.failure) for hit in hits)
    print("{:<10} {:>7,} {:>7} {:>8.2f} {:>8.2f} {:>8.2f}   ms".format(name, len(hits), failed, *figures))


def _print_round(title: str, found: Round) -> None:
    print(f"\n{title}\n{'':<10} {'hits':>7} {'failed':>7} {'p50':>8} {'p99':>8} {'max':>8}")
    _print_hits("before", [hit for hit in found.hits if hit.at < found.away])
    _print_hits("away", [hit for hit in found.hits if found.away <= hit.at < found.back])
    _print_hits("after", [hit for hit in found.hits if hit.at >= found.back])
    failures = Counter(hit.failure for hit in found.hits if hit.failure)
    print(f"failures: {dict(failures) or 'none'}; readyz shortly before the end: {found.readiness}")
    accepted, everywhere = ([getattr(seen, name) for seen in found.seen] for name in Seen._fields)
    soon = sum(time_s <= 1 for time_s in accepted)
    print(f"{len(accepted)} publishes, {soon} accepted within a second of Redis being back; from then, in seconds")
    print(f"  accepted                p50 {percentile(accepted, 0.5):.2f}  max {max(accepted):.2f}")
    print(f"  shown by every server   p50 {percentile(everywhere, 0.5):.2f}  max {max(everywhere):.2f}")
    print(
        f"  shown by every server, from its acceptance   max {max(s.everywhere - s.accepted for s in found.seen):.2f}"
    )
    print(f"hits that showed a page more than {OLD_S:g} s after its successor was accepted: {found.old}")
    print(f"hits that went back to an older page: {found.backwards}")


def main(options: Sequence[str] = ()) -> None:
    """Print what visitors and editors met in each round, and whether a hit failed."""
    parser = argparse.ArgumentParser(prog="bench outage", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for which Redis is away (default 60)")
    seconds = parser.parse_args(options).seconds
    print(f"\nRedis away for {seconds:g} s; {PAGES} pages on 2 servers, {HITS_PER_S} GETs a second in all")
    rounds = []
    for title, is_killed in (("frozen", False), ("killed and started again", True)):
        rounds.append(_run(seconds, is_killed=is_killed))
        _print_round(f"Redis {title}", rounds[-1])
    is_clean = not any(hit.failure for found in rounds for hit in found.hits)
    print(f"\nzero failed hits: {'yes' if is_clean else 'no'}")
