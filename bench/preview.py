"""Preview: from sending a config to holding the page, beside publishing it.

One editor at a time, as one types: a POST, and once it is answered a GET of what it made, over one connection. Each
config differs from the one before in one word of one widget. What a browser adds is not in it: its pause after a
keystroke, and showing the page.
"""

import asyncio
import json
import time
from typing import NamedTuple

from bench.latency import Pool, publish_and_see
from bench.machine import percentile
from bench.pages import config
from bench.running import Running, platen_up
from bench.site import publish_pages

COUNT = 200
REBUILT = 400
WARM = 20
PREVIEWS = "/-/api/v1/sites/bench/pages/p0/previews"


class Sample(NamedTuple):
    """One preview, in milliseconds from sending its POST.

    Attributes:
        made: until the answer to the POST.
        shown: until the page is there.
    """

    made: float
    shown: float


async def preview(pool: Pool, take: int) -> Sample:
    """Have a preview made and fetch it."""
    body = json.dumps({"config": config(0, take, changed=5)}).encode()
    began = time.perf_counter()
    status, answer = await pool.send("POST", PREVIEWS, body)
    made = time.perf_counter()
    assert status == 201, answer
    status, page = await pool.send("GET", json.loads(answer)["url"])
    shown = time.perf_counter()
    assert status == 200, page
    assert f"take {take}.".encode() in page
    return Sample((made - began) * 1000, (shown - began) * 1000)


class Figures(NamedTuple):
    """What was measured.

    Attributes:
        first: the very first preview, whose render child is started.
        idle: previews with nothing beside them.
        rebuilding: previews while a site is rebuilt.
        served: accepted to served, in milliseconds, with nothing beside it.
    """

    first: Sample
    idle: list[Sample]
    rebuilding: list[Sample]
    served: list[float]


async def _measure(running: Running) -> Figures:
    pool = Pool(running.port)
    await pool.send("POST", "/-/api/v1/sites", b'{"slug":"bench","title":"Bench"}')
    first = await preview(pool, 1)
    for take in range(2, WARM):
        await preview(pool, take)
    idle = [await preview(pool, 1000 + number) for number in range(COUNT)]
    served = [(await publish_and_see(pool, number, time.perf_counter())).served for number in range(COUNT)]
    await publish_pages(running, REBUILT)
    rebuilding = await _beside_a_rebuild(pool)
    pool.close()
    return Figures(first, idle, rebuilding, served)


async def _beside_a_rebuild(pool: Pool) -> list[Sample]:
    """Previews until a rebuild is over, or there are enough."""
    _, answer = await pool.send("POST", "/-/api/v1/sites/bench/rebuilds")
    rebuild = f"/-/api/v1/sites/bench/rebuilds/{json.loads(answer)['number']}"
    samples: list[Sample] = []
    while len(samples) < COUNT:
        samples.append(await preview(pool, 5000 + len(samples)))
        if b'"running"' not in (await pool.send("GET", rebuild))[1]:
            break
    return samples


def main() -> None:
    """Print p50 and p99, beside publishing."""
    print("\npreview of 12 widgets, one changed; platen up with its defaults (appendfsync always, 1 builder)")
    with platen_up(builders=1) as running:
        figures = asyncio.run(_measure(running))
    print(f"{'':>28} {'count':>6} {'p50':>7} {'p99':>7}   ms")
    columns = {
        "POST answered": [sample.made for sample in figures.idle],
        "POST and GET": [sample.shown for sample in figures.idle],
        "the same, beside a rebuild": [sample.shown for sample in figures.rebuilding],
        "published and served": figures.served,
    }
    for name, found in columns.items():
        print(f"{name:>28} {len(found):>6} {percentile(found, 0.5):>7.1f} {percentile(found, 0.99):>7.1f}")
    print(f"{'the very first':>28} {1:>6} {figures.first.shown:>7.1f}       – (its render child is started)")
