"""Going back: from sending the click's POST to the first GET that shows the version gone back to.

One `platen up` with its defaults. Two versions of a page are built; then it goes from one to the other and back, each
time with an Idempotency-Key as the app sends one. After each click the page is asked for until it shows the other one.
Now and then a new version is published in between, for going back must freeze nothing; at the end one more goes live.
"""

import asyncio
import json
import time
from typing import NamedTuple

from bench.latency import Pool
from bench.machine import percentile
from bench.pages import config
from bench.running import Running, platen_up

COUNT = 300
PUBLISH_EVERY = 50
TARGET_P99_MS = 50
POLL_S = 0.000_5
PAGE = "/-/api/v1/sites/bench/pages/back"


class Sample(NamedTuple):
    """One click, in milliseconds.

    Attributes:
        accepted: until the answer to the POST.
        served: until the first GET that shows it.
    """

    accepted: float
    served: float


def _marker(take: int) -> bytes:
    return f", take {take}.".encode()


async def _see(pool: Pool, take: int) -> None:
    while _marker(take) not in (await pool.send("GET", "/bench/back"))[1]:  # noqa: ASYNC110 - polling is the measure
        await asyncio.sleep(POLL_S)


async def _publish(pool: Pool, take: int) -> int:
    """Publish a version and see it live; its number."""
    body = json.dumps({"config": config(1, take, changed=0), "publish": True}).encode()
    status, answer = await pool.send("POST", f"{PAGE}/versions", body)
    assert status == 201, answer
    await _see(pool, take)
    return int(json.loads(answer)["version"]["number"])


async def _go_back(pool: Pool, version: int, take: int, key: str) -> Sample:
    began = time.perf_counter()
    status, answer = await pool.send("POST", f"{PAGE}/publications", b'{"version":%d}' % version, key)
    accepted = time.perf_counter()
    assert (status, json.loads(answer)["state"]) == (202, "live"), answer
    await _see(pool, take)
    return Sample((accepted - began) * 1000, (time.perf_counter() - began) * 1000)


async def _measure(running: Running) -> list[Sample]:
    pool = Pool(running.port)
    await pool.send("POST", "/-/api/v1/sites", b'{"slug":"bench","title":"Bench"}')
    takes = {await _publish(pool, take): take for take in (1000, 1001)}
    samples = []
    for number in range(COUNT):
        if number % PUBLISH_EVERY == PUBLISH_EVERY - 1:
            takes[await _publish(pool, 2000 + number)] = 2000 + number
        # Never to the version that is live, for that would build it anew.
        one, other = sorted(takes)[:2]
        version = one if number % 2 == 0 else other
        samples.append(await _go_back(pool, version, takes[version], f"click-{number}"))
    await _publish(pool, 9000)
    pool.close()
    return samples


def main() -> None:
    """Print p50 and p99."""
    print("\nclick -> served: going back, platen up with its defaults (embedded Valkey, appendfsync always, 1 builder)")
    with platen_up(builders=1) as running:
        samples = asyncio.run(_measure(running))
    accepted, served = [s.accepted for s in samples], [s.served for s in samples]
    print(f"{'count':>6} {'accepted p50':>13} {'p99':>7} {'served p50':>11} {'p99':>7} {'max':>7}   ms")
    figures = [percentile(accepted, 0.5), percentile(accepted, 0.99), percentile(served, 0.5), percentile(served, 0.99)]
    print("{:>6} {:>13.1f} {:>7.1f} {:>11.1f} {:>7.1f} {:>7.1f}".format(COUNT, *figures, max(served)))
    verdict = "reached" if figures[-1] <= TARGET_P99_MS else "MISSED"
    print(f"target: served p99 within {TARGET_P99_MS} ms: {verdict}")
