"""The state in which a run ends, read through the API and from Redis, once nothing moves any more."""

import asyncio
from typing import Any, NamedTuple

import httpx2
import msgspec

from shared.keys import Keys, beat
from shared.queue import LANES
from tests.chaos.cluster import Cluster
from tests.chaos.history import Event, Final, History, Letter, PageEnd, mark_of, now
from tests.chaos.http import Client
from tests.chaos.pages import SITES, all_pages
from tests.chaos.visitors import Connections, visit
from tests.harness import TOKEN

CHUNK = 1000
REBUILD_COUNTS = frozenset({"total", "queued", "skipped", "live", "failed", "superseded", "cancelled"})


class Left(NamedTuple):
    """What has not come to an end, over all partitions: see Final."""

    waiting: int
    pending: int
    delayed: int
    open: int
    rebuilding: int
    unserved: int
    scheduled: int


async def count_left(keys: Keys, redis: Any) -> Left:
    """Count what waits, is under way, put off or scheduled, and what is live and not known to be on every server."""
    counts = [await _left_of(keys, partition, redis) for partition in range(keys.partitions)]
    return Left(*map(sum, zip(*counts, strict=True)))


async def read_newest(keys: Keys, redis: Any) -> dict[int, str]:
    """Partition -> id of its newest event."""
    partitions = {keys.partition(site) for site in SITES}
    found = {partition: await redis.xinfo_stream(keys.events(partition)) for partition in partitions}
    return {partition: info["last-generated-id"].decode() for partition, info in found.items()}


async def _left_of(keys: Keys, partition: int, redis: Any) -> Left:
    lanes = [keys.lane(partition, lane) for lane in LANES]
    return Left(
        waiting=sum([await redis.xlen(lane.stream) + await redis.zcard(lane.waiting) for lane in lanes]),
        pending=sum([await _pending(redis, lane.stream) for lane in lanes]),
        delayed=await redis.zcard(keys.delayed(partition)),
        open=await redis.zcard(keys.open(partition)),
        rebuilding=await redis.zcard(keys.rebuilding(partition)),
        unserved=await redis.llen(keys.unserved(partition)),
        scheduled=await redis.zcard(keys.scheduled(partition)),
    )


async def read_final(cluster: Cluster, history: History, redis: Any, *, was_quiet: bool) -> Final:
    """Read everything that the checker looks at.

    Args:
        cluster: healed, and quiet if it will ever be.
        history: the last visits go there.
        redis: a client of Redis itself.
        was_quiet: whether it became quiet in time.
    """
    pages: dict[str, PageEnd] = {}
    keys = cluster.keys
    async with _api(cluster) as api:
        for page in all_pages():
            pages[page] = await _page(page, api, keys, redis)
    left = await count_left(keys, redis)
    return Final(
        at=now(),
        was_quiet=was_quiet,
        pages=pages,
        schedules={site: await _schedules(site, keys, redis) for site in SITES},
        rebuilds={site: await _rebuilds(site, keys, redis) for site in SITES},
        events=[event for p in range(keys.partitions) for event in await _events(keys.events(p), redis)],
        waiting=left.waiting,
        pending=left.pending,
        delayed=left.delayed,
        open=left.open,
        rebuilding=left.rebuilding,
        dead=[_letter(fields) for p in range(keys.partitions) for _, fields in await redis.xrange(keys.dead(p))],
        silent=await find_silent(cluster, redis),
        visits=await _visit_all(cluster, history),
    )


async def find_silent(cluster: Cluster, redis: Any) -> list[str]:
    """Builders and servers that run and have no heartbeat."""
    alive = [key.decode() async for key in redis.scan_iter(match=beat("*"), count=CHUNK)]
    running = [process for process in (*cluster.servers, *cluster.building) if process.pid]
    return [process.name for process in running if not any(f"-{process.pid}-" in key for key in alive)]


async def _events(stream: str, redis: Any) -> list[Event]:
    events: list[Event] = []
    while found := await redis.xrange(stream, min=f"({events[-1].id}" if events else "-", count=CHUNK):
        events += [_event(entry.decode(), fields) for entry, fields in found]
    return events


async def _visit_all(cluster: Cluster, history: History) -> list[Any]:
    visits = []
    async with Connections() as connections:
        for server in cluster.servers:
            visits += await asyncio.gather(*(visit(server, page, connections, history) for page in all_pages()))
    return visits


async def _page(page: str, api: httpx2.AsyncClient, keys: Keys, redis: Any) -> PageEnd:
    site, slug = page.split("/")
    path = f"sites/{site}/pages/{slug}"
    answer = await api.get(path)
    if answer.status_code == 404:
        return PageEnd()
    state = answer.raise_for_status().json()
    versions = await redis.hgetall(keys.versions(site, slug))
    publications = await redis.hgetall(keys.publications(site, slug))
    return PageEnd(
        listed=await _listed(api, path),
        configs={int(number): msgspec.json.decode(saved)["config"] for number, saved in versions.items()},
        publications={int(seq): msgspec.json.decode(record) for seq, record in publications.items()},
        wanted_seq=(state["wanted"] or {}).get("seq", 0),
        live_seq=int(await redis.hget(keys.head(site, slug), "live_seq") or 0),
        live_version=(state["live"] or {}).get("version", 0),
    )


async def _listed(api: httpx2.AsyncClient, path: str) -> list[int]:
    """Numbers of all versions that the api lists."""
    numbers: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        found = (await api.get(f"{path}/versions", params={"limit": 100, **cursor})).raise_for_status().json()
        numbers += [item["number"] for item in found["items"]]
        if not found["next"]:
            return numbers
        cursor = {"cursor": found["next"]}


async def _rebuilds(site: str, keys: Keys, redis: Any) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for name, value in (await redis.hgetall(keys.rebuilds(site))).items():
        number, _, field = name.decode().partition(":")
        if field:
            text = value.decode()
            found.setdefault(int(number), {})[field] = int(text) if field in REBUILD_COUNTS else text
    return found


async def _schedules(site: str, keys: Keys, redis: Any) -> dict[int, dict[str, Any]]:
    found = await redis.hgetall(keys.schedules(site))
    return {int(number): msgspec.json.decode(record) for number, record in found.items() if number != b"next"}


async def _pending(redis: Any, lane: str) -> int:
    groups = await redis.xinfo_groups(lane) if await redis.exists(lane) else []
    return sum(group["pending"] for group in groups)


def _event(entry: str, fields: dict[bytes, bytes]) -> Event:
    data = msgspec.json.decode(fields[b"data"])
    return Event(
        id=entry,
        type=data["type"],
        page=f"{data['site']}/{data['page']}" if "page" in data else "",
        seq=data.get("seq", 0),
        version=data.get("version", 0),
        etag=data.get("etag", ""),
        schedule=data.get("schedule", 0),
    )


def _letter(fields: dict[bytes, bytes]) -> Letter:
    mark = mark_of(fields[b"entry"].decode(), fields[b"data"])
    return Letter(mark, fields[b"code"].decode(), fields[b"reason"].decode())


def _api(cluster: Cluster) -> httpx2.AsyncClient:
    return Client(
        base_url=f"{cluster.api.url}/-/api/v1/",
        headers={"authorization": f"Bearer {TOKEN}"},
        timeout=20.0,
        trust_env=False,
    )
