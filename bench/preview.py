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

COUNT = 200
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


async def _measure(running: Running) -> tuple[float, list[Sample], list[float]]:
    pool = Pool(running.port)
    await pool.send("POST", "/-/api/v1/sites", b'{"slug":"bench","title":"Bench"}')
    first = await preview(pool, 1)
    for take in range(2, WARM):
        await preview(pool, take)
    samples = [await preview(pool, 1000 + number) for number in range(COUNT)]
    served = [(await publish_and_see(pool, 10_000 + number, time.perf_counter())).served for number in range(COUNT)]
    pool.close()
    return first.shown, samples, served


def main() -> None:
    """Print p50 and p99, beside publishing."""
    print("\npreview of 12 widgets, one changed; platen up with its defaults (appendfsync always, 1 builder)")
    with platen_up(builders=1) as running:
        first, samples, served = asyncio.run(_measure(running))
    print(f"{'':>24} {'count':>6} {'p50':>7} {'p99':>7}   ms")
    columns = {
        "POST answered": [sample.made for sample in samples],
        "POST and GET": [sample.shown for sample in samples],
        "published and served": served,
    }
    for name, figures in columns.items():
        print(f"{name:>24} {len(figures):>6} {percentile(figures, 0.5):>7.1f} {percentile(figures, 0.99):>7.1f}")
    print(f"{'the very first':>24} {1:>6} {first:>7.1f}       – (its render child is started)")
