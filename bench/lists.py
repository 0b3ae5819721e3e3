"""What an editor scrolls through: a page with many versions, a site with many pages, a page with many publications.

The data are written straight into Redis as the scripts leave them behind; then one `platen up` is asked over HTTP. Each
figure is of the slowest stretch as well: a list that is quick at its beginning alone would not do. Beside the list of
pages stands the same search done by reading heads in a pipeline, which is the other way it could be done.
"""

import asyncio
import json
import os
import time
from typing import Any, NamedTuple

from bench.latency import Pool
from bench.machine import percentile
from bench.pages import config
from bench.processes import cpu_s, family
from bench.running import Running, platen_up
from shared.connection import Client, connect
from shared.keys import Keys
from shared.page_list import STRETCH

VERSIONS, PAGES, PUBLICATIONS = 1_000, 10_000, 100_000
CHUNK = 1_000
ROUNDS = 20
TARGET_MS = 100
API = "/-/api/v1/sites/bench/pages"
AT = 1_767_225_600_000


class Row(NamedTuple):
    """One thing that is asked for.

    Attributes:
        title: what it is.
        path: where.
        is_a_list: whether it is held to the target.
    """

    title: str
    path: str
    is_a_list: bool = True


ROWS = (
    Row("versions, newest 50 of 1,000", f"{API}/p0/versions"),
    Row("versions, 200 from the middle", f"{API}/p0/versions?limit=200&cursor=600"),
    Row("pages, first 50 of 10,000", API),
    Row("pages, last 200", f"{API}?limit=200&cursor=p9799"),
    Row("pages, title found nowhere in 5,000", f"{API}?search=nothing+like+it"),
    Row("pages, none of 5,000 failed", f"{API}?state=failed"),
    Row("pages, the one of the rest that failed", f"{API}?state=failed&cursor=p4999"),
    Row("live at an instant, 100,000 publications", f"{API}/p0/live?at={AT + 54_321_500}", is_a_list=False),
    Row("live before 50,000 that failed", f"{API}/p1/live?at={AT + 99_999_500}", is_a_list=False),
)


async def _fill(client: Client) -> None:
    keys = Keys()
    pipeline: Any = client.pipeline(transaction=False)
    for number in range(PAGES):
        _add_page(pipeline, keys, number)
        if number % CHUNK == CHUNK - 1:
            await pipeline.execute()
    for number in range(1, VERSIONS + 1):
        _add_version(pipeline, keys, number)
        if number % (CHUNK // 10) == 0:
            await pipeline.execute()
    for page, failed in (("p0", range(0)), ("p1", range(50_000, PUBLICATIONS + 1))):
        for first in range(1, PUBLICATIONS + 1, CHUNK):
            records = {seq: _publication(seq, is_live=seq not in failed) for seq in range(first, first + CHUNK)}
            await client.hset(keys.publications("bench", page), mapping={str(k): v for k, v in records.items()})
        await client.hset(keys.head("bench", page), mapping={"seq": PUBLICATIONS, "live_seq": PUBLICATIONS})
    while (await client.info("persistence"))["aof_rewrite_in_progress"]:  # noqa: ASYNC110
        await asyncio.sleep(0.2)


def _add_page(pipeline: Any, keys: Keys, number: int) -> None:
    page = f"p{number:04d}" if number > 1 else f"p{number}"
    is_failed = number == PAGES - 2
    live = {"live_seq": 0 if is_failed else 1, "live_version": 0 if is_failed else 1}
    about = {"title": f"Page {number:04d} of the bench", "saved_at": AT}
    pipeline.zadd(keys.pages("bench"), {page: 0})
    pipeline.hset(
        keys.head("bench", page),
        mapping={"version": 1, "seq": 1, "wanted_seq": 1, "wanted_version": 1, **live, **about},
    )
    pipeline.hset(keys.publications("bench", page), "1", _publication(1, is_live=not is_failed))


def _add_version(pipeline: Any, keys: Keys, number: int) -> None:
    about = {"number": number, "created_at": AT + number, "author": "admin", "note": f"Change {number}"}
    text = json.dumps({**about, "config": config(1, number, changed=0)}, separators=(",", ":"))
    pipeline.hset(keys.versions("bench", "p0"), str(number), text)
    pipeline.hset(keys.head("bench", "p0"), "version", number)
    if number > VERSIONS - 50:
        meta = {"etag": f"e{number}", "csp": "csp", "size": 9_400, "built_at": AT + number}
        kept = {str(number): "body" * 500, f"{number}:meta": json.dumps(meta)}
        pipeline.hset(keys.artifacts("bench", "p0"), mapping=kept)


def _publication(seq: int, *, is_live: bool) -> str:
    steps = [{"state": "queued", "at": AT + 1000 * seq, "by": "admin"}]
    steps.append({"state": "building", "at": AT + 1000 * seq + 1, "by": "builder-1"})
    steps.append({"state": "live" if is_live else "failed", "at": AT + 1000 * seq + 4, "by": "builder-1"})
    about = {"seq": seq, "version": 1, "state": steps[-1]["state"], "cause": "publish", "steps": steps, "attempts": 1}
    return json.dumps({**about, "trace": "0af7651916cd43dd8448eb211c80319c"}, separators=(",", ":"))


async def _ask(pool: Pool, row: Row) -> list[float]:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        status, answer = await pool.send("GET", row.path)
        took.append((time.perf_counter() - began) * 1000)
        assert status == 200, answer
    return took


async def _search_by_pipeline(client: Client) -> float:
    """Look for a title by reading heads, a stretch at a time: milliseconds."""
    keys, after = Keys(), "-"
    began = time.perf_counter()
    while slugs := await client.zrangebylex(keys.pages("bench"), after, "+", 0, STRETCH):
        pipeline: Any = client.pipeline(transaction=False)
        for slug in slugs:
            pipeline.hmget(keys.head("bench", slug.decode()), ["wanted_seq", "live_seq", "live_version", "title"])
        found = await pipeline.execute()
        assert not [title for *_, title in found if b"nothing like it" in (title or b"")]
        after = f"({slugs[-1].decode()}"
    return (time.perf_counter() - began) * 1000


async def _measure(running: Running) -> None:
    client, pool = connect(running.redis_url, block_s=10), Pool(running.port)
    await pool.send("POST", "/-/api/v1/sites", b'{"slug":"bench","title":"Bench"}')
    await _fill(client)
    pids = family(running.pid)
    print(f"{'':<42} {'p50':>7} {'max':>7} {'CPU':>7}   ms, {ROUNDS} times each; CPU of Valkey and the web process")
    for row in ROWS:
        before = cpu_s(pids)
        took = await _ask(pool, row)
        used = (cpu_s(pids) - before) * 1000 / ROUNDS
        line = f"{row.title:<42} {percentile(took, 0.5):>7.1f} {max(took):>7.1f} {used:>7.1f}"
        is_missed = row.is_a_list and max(took) >= TARGET_MS
        print(f"{line}   {f'MISSED: {TARGET_MS} ms' if is_missed else ''}", flush=True)
    before = cpu_s([*pids, os.getpid()])
    took = [await _search_by_pipeline(client) for _ in range(ROUNDS)]
    used = (cpu_s([*pids, os.getpid()]) - before) * 1000 / ROUNDS
    title = "(nowhere in 10,000, heads in a pipeline)"
    print(f"{title:<42} {percentile(took, 0.5):>7.1f} {max(took):>7.1f} {used:>7.1f}")
    pool.close()
    await client.aclose()


def main() -> None:
    """Print how long each list takes."""
    print(
        f"\nlists: {VERSIONS:,} versions, {PAGES:,} pages, {PUBLICATIONS:,} publications, platen up with its defaults"
    )
    with platen_up(builders=0) as running:
        asyncio.run(_measure(running))
