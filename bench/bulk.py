"""What a rebuild costs the others: accepted -> served of one editor while a site of 2,000 pages is built anew.

Alternating rounds on one `platen up`: the editor publishes on a fixed schedule, first alone, then while the other
site's rebuild runs; where it is done before the round, the next one begins.
"""

import asyncio
import contextlib
import json
import time

from bench.latency import Connection, Pool, Sample, publish_and_see
from bench.machine import percentile
from bench.pages import config
from bench.running import Running, platen_up
from shared.config import decode_config, encode_config
from shared.connection import connect
from shared.idempotency import Request
from shared.keys import Keys
from shared.publishing import Publishing
from shared.settings import Settings
from shared.sites import SiteStore

PAGES = 2000
ROUNDS = 5
PER_ROUND = 40
RATE = 10
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
REBUILDS = "/-/api/v1/sites/big/rebuilds"


async def _fill(running: Running) -> None:
    """The big site, every page live."""
    client, keys = connect(running.redis_url), Keys()
    publishing = Publishing(client, keys, Settings())
    await SiteStore(client, keys, Settings()).create("big", "Big", Request("bench", TRACE, "site", "f"))
    for page in range(PAGES):
        text = encode_config(decode_config(json.dumps(config(page, 1, changed=0)).encode()))
        request = Request("bench", TRACE, f"{page}", "f")
        await publishing.save("big", f"p{page}", text, "", publish=True, request=request)
    while await client.exists(keys.open(0)):  # noqa: ASYNC110 - what is awaited happens in another process
        await asyncio.sleep(0.05)
    await client.aclose()


async def _round(pool: Pool, first: int) -> list[Sample]:
    began, tasks = time.perf_counter() + 0.1, []
    for number in range(PER_ROUND):
        at = began + number / RATE
        await asyncio.sleep(max(0, at - time.perf_counter()))
        tasks.append(asyncio.create_task(publish_and_see(pool, first + number, at)))
    return list(await asyncio.gather(*tasks))


async def _keep_rebuilding(port: int, built: list[int]) -> None:
    connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
    while True:
        status, answer = await connection.send("POST", REBUILDS)
        assert status == 202, answer
        rebuild = json.loads(answer)
        while rebuild["state"] == "running":
            await asyncio.sleep(0.05)
            _, answer = await connection.send("GET", f"{REBUILDS}/{rebuild['number']}")
            before, rebuild = rebuild, json.loads(answer)
            built[0] += rebuild["live"] - before["live"]


async def _measure(running: Running) -> tuple[list[Sample], list[Sample], float]:
    pool = Pool(running.port)
    await pool.send("POST", "/-/api/v1/sites", b'{"slug":"bench","title":"Bench"}')
    await _fill(running)
    await _round(pool, 0)
    alone: list[Sample] = []
    beside: list[Sample] = []
    built, took = [0], 0.0
    for number in range(ROUNDS):
        alone += await _round(pool, 1000 * (2 * number + 1))
        rebuilding = asyncio.create_task(_keep_rebuilding(running.port, built))
        began = time.perf_counter()
        beside += await _round(pool, 1000 * (2 * number + 2))
        took += time.perf_counter() - began
        rebuilding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await rebuilding
        await _settle(pool)
    pool.close()
    return alone, beside, built[0] / took


async def _settle(pool: Pool) -> None:
    """Wait until no rebuild runs."""
    while True:
        _, answer = await pool.send("GET", REBUILDS)
        if all(rebuild["state"] != "running" for rebuild in json.loads(answer)["items"]):
            return
        await asyncio.sleep(0.05)


def main() -> None:
    """Print the editor's p50 and p99, alone and beside a rebuild."""
    print(
        f"\none editor beside a rebuild of {PAGES:,} pages, {ROUNDS} alternating "
        f"rounds of {PER_ROUND} at {RATE}/s, 1 builder"
    )
    with platen_up(builders=1) as running:
        alone, beside, rate = asyncio.run(_measure(running))
    for name, samples in (("alone", alone), ("beside the rebuild", beside)):
        served = [sample.served for sample in samples]
        print(f"{name:<20} served p50 {percentile(served, 0.5):>6.1f}  p99 {percentile(served, 0.99):>6.1f}   ms")
    ratio = percentile([s.served for s in beside], 0.99) / percentile([s.served for s in alone], 0.99)
    print(f"p99 beside / p99 alone = {ratio:.1f}; the rebuild went on at {rate:,.0f} pages/s")
