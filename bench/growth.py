"""Growth: do serving and publishing cost the same with a thousand published pages and with a million?

For each size a `platen up` with two `platen server` beside it, whose page memory is small. The pages are written
straight into Redis, with the keys and fields that the scripts write; each has about 1 KB. All sizes stand side by side
and are measured in turn, in rounds: a *hit* asks for a page that the server holds, a *miss* for one it was never asked
for, *visible* counts from sending a publish of one of these pages until the GETs of both servers show it.
"""

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from bench.latency import Pool
from bench.machine import percentile
from bench.options import numbers
from bench.pages import short_config
from bench.processes import available_bytes, resident_bytes
from bench.running import Running, Served, platen_server, platen_up
from shared.codec import compress
from shared.connection import Client, connect
from shared.keys import Keys

PER_SITE = 1000
CHUNK = 1000
# More than a round publishes, so that no page is published twice in half a second: builders put such bursts off.
PUBLISHED = 500
MIB = 1024 * 1024
# Measured: 1,300 bytes, most of which is there twice while Valkey rewrites its file; generous.
BYTES_PER_PAGE = 4_000
POLL_S = 0.000_5
CSP = "default-src 'none'; style-src 'self'; img-src https: data:; base-uri 'none'; form-action 'none'"


class Stand(NamedTuple):
    """One size, ready to be measured.

    Attributes:
        size: published pages.
        running: the api and a builder.
        servers: two.
        fresh: pages that no server was asked for yet, in random order.
        empty_bytes: memory of the first server before it was asked for anything.
    """

    size: int
    running: Running
    servers: tuple[Served, Served]
    fresh: list[str]
    empty_bytes: int


class Round(NamedTuple):
    """Times of one round, in milliseconds."""

    hits: list[float]
    misses: list[float]
    visible: list[float]


# Filling


async def _fill(client: Client, size: int) -> None:
    """Write published pages, as commit.lua leaves them behind."""
    keys, now_ms = Keys(), int(time.time() * 1000)
    for first in range(0, size, CHUNK):
        pipeline: Any = client.pipeline(transaction=False)
        for number in range(first, min(first + CHUNK, size)):
            _add_page(pipeline, keys, number, now_ms)
        await pipeline.execute()
    # A rewrite of the file takes a core: nothing is measured beside it.
    while (await client.info("persistence"))["aof_rewrite_in_progress"]:  # noqa: ASYNC110
        await asyncio.sleep(0.2)


def _add_page(pipeline: Any, keys: Keys, number: int, now_ms: int) -> None:
    site, page = _name(number)
    if number % PER_SITE == 0:
        pipeline.hset(keys.site(site), mapping={"title": site, "created_at": now_ms})
        pipeline.zadd(keys.sites(keys.partition(site)), {site: 0})
    html = _html(number)
    numbers = {"version": 1, "seq": 1}
    live = {"wanted_seq": 1, "wanted_version": 1, "live_seq": 1, "live_version": 1}
    about = {"etag": sha256(html).hexdigest()[:32], "csp": CSP, "size": len(html), "built_at": now_ms}
    pipeline.zadd(keys.pages(site), {page: 0})
    pipeline.hset(keys.head(site, page), mapping={**numbers, **live})
    pipeline.hset(keys.page(site, page), mapping={**numbers, **about, "body": compress(html)})


def _name(number: int) -> tuple[str, str]:
    return f"s{number // PER_SITE}", f"p{number % PER_SITE}"


def _html(number: int) -> bytes:
    """A page whose bytes are its own and do not compress away."""
    text = random.Random(number).randbytes(500).hex()
    return f"<!doctype html><html lang=en><title>Page {number}</title><p>{text}</html>".encode()


# Measuring


class _Visitor:
    """One keep-alive connection to a server.

    Args:
        server: which.
    """

    def __init__(self, server: Served) -> None:
        self._pool = Pool(server.port)

    async def get(self, path: str) -> tuple[float, bytes]:
        """Ask for a page: (milliseconds, body)."""
        began = time.perf_counter()
        status, body = await self._pool.send("GET", path)
        took = time.perf_counter() - began
        assert status == 200, (path, status)
        return took * 1000, body

    def close(self) -> None:
        self._pool.close()


async def _round(stand: Stand, number: int, asked: argparse.Namespace) -> Round:
    visitor = _Visitor(stand.servers[0])
    paths = [stand.fresh.pop() for _ in range(min(asked.misses, len(stand.fresh)))]
    misses = [(await visitor.get(path))[0] for path in paths]
    held = paths[-20:]
    hits = [(await visitor.get(held[at % len(held)]))[0] for at in range(asked.hits)]
    visitor.close()
    return Round(hits, misses, await _publish(stand, number, asked.publishes))


async def _publish(stand: Stand, number: int, count: int) -> list[float]:
    """Publish pages one after the other: milliseconds until both servers show each."""
    api, visitors = Pool(stand.running.port), [_Visitor(server) for server in stand.servers]
    took = []
    for at in range(count):
        page = (number * count + at) % PUBLISHED
        site, slug = _name(page)
        take = 1 + number * count + at
        body = json.dumps({"config": short_config(page, take), "publish": True}).encode()
        began = time.perf_counter()
        status, answer = await api.send("POST", f"/-/api/v1/sites/{site}/pages/{slug}/versions", body)
        assert status == 201, answer
        await asyncio.gather(*(_see(visitor, f"/{site}/{slug}", f", take {take}.".encode()) for visitor in visitors))
        took.append((time.perf_counter() - began) * 1000)
    api.close()
    for visitor in visitors:
        visitor.close()
    return took


async def _see(visitor: _Visitor, path: str, marker: bytes) -> None:
    while marker not in (await visitor.get(path))[1]:  # noqa: ASYNC110 - polling is the measure
        await asyncio.sleep(POLL_S)


async def _sweep(stand: Stand, most: int) -> int:
    """Ask a server for many pages once: its memory afterwards, in bytes."""
    visitor = _Visitor(stand.servers[0])
    for path in stand.fresh[:most]:
        await visitor.get(path)
    visitor.close()
    return resident_bytes([stand.servers[0].pid])


# The program


@contextlib.contextmanager
def _stand(size: int, page_memory_mib: int) -> Iterator[Stand]:
    bound = page_memory_mib * MIB
    with platen_up(builders=1) as running:
        began = time.perf_counter()
        used = asyncio.run(_filled(running, size))
        print(f"{size:>11,} pages written in {time.perf_counter() - began:.0f} s, Valkey holds {used / MIB:,.0f} MiB")
        with contextlib.ExitStack() as stack:
            first, second = (
                stack.enter_context(platen_server(running.redis_url, PAGE_MEMORY_BYTES=bound, WARM_PAGES=0))
                for _ in range(2)
            )
            # The pages that are published are left out, for they come into memory that way.
            names = ["/".join(("", *_name(number))) for number in range(PUBLISHED, size)]
            random.Random(size).shuffle(names)
            yield Stand(size, running, (first, second), names, resident_bytes([first.pid]))


async def _filled(running: Running, size: int) -> int:
    client = connect(running.redis_url)
    await _fill(client, size)
    used = int((await client.info("memory"))["used_memory"])
    await client.aclose()
    return used


def _fitting(sizes: Sequence[int]) -> list[int]:
    """Those sizes that fit into the memory that is free, the others named."""
    fitting: list[int] = []
    free = available_bytes()
    for size in sorted(sizes):
        if (sum(fitting) + size) * BYTES_PER_PAGE > free:
            print(f"left out: {size:,} pages, which do not fit into {free / MIB:,.0f} MiB of free memory")
        else:
            fitting.append(size)
    return fitting


def _print_rounds(stands: Sequence[Stand], found: dict[int, list[Round]]) -> None:
    heads = "".join(f"{kind + ' p50':>13} {'p99':>7} {'ratio':>6}" for kind in Round._fields)
    print(f"\n{'pages':>11}{heads}   ms, medians of the rounds")
    anchor = found[stands[0].size]
    for stand in stands:
        cells = [_cell(found[stand.size], anchor, at) for at in range(len(Round._fields))]
        print(f"{stand.size:>11,}" + "".join(cells))


def _cell(rounds: Sequence[Round], anchor: Sequence[Round], at: int) -> str:
    p50, p99 = ([percentile(one[at], share) for one in rounds] for share in (0.5, 0.99))
    ratio = statistics.median(mine / percentile(other[at], 0.5) for mine, other in zip(p50, anchor, strict=True))
    return f"{statistics.median(p50):>13.2f} {statistics.median(p99):>7.2f} {ratio:>6.2f}"


def _read_options(options: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench growth", description=__doc__)
    parser.add_argument("--sizes", type=numbers, default=[1000, 100_000], help="such as 1000,100000 (default)")
    parser.add_argument("--rounds", type=int, default=3, help="of each size (default 3)")
    parser.add_argument("--hits", type=int, default=2000, help="per round (default 2000)")
    parser.add_argument("--misses", type=int, default=200, help="per round (default 200)")
    parser.add_argument("--publishes", type=int, default=50, help="per round (default 50)")
    parser.add_argument("--page-memory-mib", type=int, default=64, help="of each server (default 64)")
    parser.add_argument("--sweep", type=int, default=30_000, help="pages asked for once in the end (default 30000)")
    return parser.parse_args(options)


async def _measure(stands: Sequence[Stand], asked: argparse.Namespace) -> dict[int, list[Round]]:
    found: dict[int, list[Round]] = {stand.size: [] for stand in stands}
    for number in range(asked.rounds):
        turn = number % len(stands)
        for stand in (*stands[turn:], *stands[:turn]):
            found[stand.size].append(await _round(stand, number, asked))
    return found


def main(options: Sequence[str] = ()) -> None:
    """Print latencies and memory for each number of pages."""
    asked = _read_options(options)
    print(f"\ngrowth, {asked.rounds} rotating rounds, page memory {asked.page_memory_mib} MiB, platen up and 2 servers")
    with contextlib.ExitStack() as stack:
        stands = [stack.enter_context(_stand(size, asked.page_memory_mib)) for size in _fitting(asked.sizes)]
        _print_rounds(stands, asyncio.run(_measure(stands, asked)))
        print(f"\n{'pages':>11} {'asked for':>10} {'server before':>14} {'after':>8} {'bound':>6}   MiB")
        for stand in stands:
            after, count = asyncio.run(_sweep(stand, asked.sweep)), min(asked.sweep, len(stand.fresh))
            memory = f"{stand.empty_bytes / MIB:>14.0f} {after / MIB:>8.0f} {asked.page_memory_mib:>6}"
            print(f"{stand.size:>11,} {count:>10,} {memory}")
