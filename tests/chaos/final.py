"""The state in which a run ends, read through the API and from Redis, once nothing moves any more."""

import asyncio
from typing import Any

import httpx2
import msgspec

from shared.keys import Keys, beat
from tests.chaos.cluster import Cluster
from tests.chaos.history import Event, Final, History, Letter, PageEnd, mark_of, now
from tests.chaos.http import Client
from tests.chaos.pages import SITES, all_pages
from tests.chaos.visitors import Connections, visit
from tests.harness import TOKEN

KEYS = Keys()
GROUP_LANES = (KEYS.builds(0), KEYS.builds(0, "bulk"))
CHUNK = 1000


async def is_quiet(redis: Any) -> bool:
    """Whether no work waits, is under way, put off or scheduled, and of all that is live every server was heard."""
    lengths: list[int] = [await redis.xlen(lane) for lane in GROUP_LANES]
    delayed: int = await redis.zcard(KEYS.delayed(0))
    unserved: int = await redis.llen(KEYS.unserved(0))
    scheduled: int = await redis.zcard(KEYS.scheduled(0))
    return sum(lengths) + delayed + unserved + scheduled == 0


async def read_final(cluster: Cluster, history: History, redis: Any, *, was_quiet: bool) -> Final:
    """Read everything that the checker looks at.

    Args:
        cluster: healed, and quiet if it will ever be.
        history: the last visits go there.
        redis: a client of Redis itself.
        was_quiet: whether it became quiet in time.
    """
    pages: dict[str, PageEnd] = {}
    async with _api(cluster) as api:
        for page in all_pages():
            pages[page] = await _page(page, api, redis)
    return Final(
        at=now(),
        was_quiet=was_quiet,
        pages=pages,
        schedules={site: await _schedules(site, redis) for site in SITES},
        events=await _events(redis),
        waiting=sum([await redis.xlen(lane) for lane in GROUP_LANES]),
        pending=sum([await _pending(redis, lane) for lane in GROUP_LANES]),
        delayed=await redis.zcard(KEYS.delayed(0)),
        dead=[_letter(fields) for _, fields in await redis.xrange(KEYS.dead(0))],
        silent=await find_silent(cluster, redis),
        visits=await _visit_all(cluster, history),
    )


async def find_silent(cluster: Cluster, redis: Any) -> list[str]:
    """Builders and servers that run and have no heartbeat."""
    alive = [key.decode() async for key in redis.scan_iter(match=beat("*"), count=CHUNK)]
    running = [process for process in (*cluster.servers, *cluster.building) if process.pid]
    return [process.name for process in running if not any(f"-{process.pid}-" in key for key in alive)]


async def _events(redis: Any) -> list[Event]:
    events: list[Event] = []
    while found := await redis.xrange(KEYS.events(0), min=f"({events[-1].id}" if events else "-", count=CHUNK):
        events += [_event(entry.decode(), fields) for entry, fields in found]
    return events


async def _visit_all(cluster: Cluster, history: History) -> list[Any]:
    visits = []
    async with Connections() as connections:
        for server in cluster.servers:
            visits += await asyncio.gather(*(visit(server, page, connections, history) for page in all_pages()))
    return visits


async def _page(page: str, api: httpx2.AsyncClient, redis: Any) -> PageEnd:
    site, slug = page.split("/")
    path = f"sites/{site}/pages/{slug}"
    answer = await api.get(path)
    if answer.status_code == 404:
        return PageEnd()
    state = answer.raise_for_status().json()
    versions = await redis.hgetall(KEYS.versions(site, slug))
    publications = await redis.hgetall(KEYS.publications(site, slug))
    return PageEnd(
        listed=await _listed(api, path),
        configs={int(number): msgspec.json.decode(saved)["config"] for number, saved in versions.items()},
        publications={int(seq): msgspec.json.decode(record) for seq, record in publications.items()},
        wanted_seq=(state["wanted"] or {}).get("seq", 0),
        live_seq=int(await redis.hget(KEYS.head(site, slug), "live_seq") or 0),
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


async def _schedules(site: str, redis: Any) -> dict[int, dict[str, Any]]:
    found = await redis.hgetall(KEYS.schedules(site))
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
