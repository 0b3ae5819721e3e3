"""What tests of schedules have in common: a page with versions that are built, and schedules of it."""

import json
from datetime import UTC, datetime
from typing import Any

from shared.connection import Client
from shared.idempotency import Request
from shared.keys import GROUP, Keys
from shared.schedules import Plan, Schedule, ScheduleStore
from shared.scripts import Call, run, script
from tests.stores import Stores

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SITE = "acme"


def asking(key: str, fingerprint: str = "f") -> Request:
    return Request("ada", TRACE, key, fingerprint)


class Editor:
    """Saves, builds and schedules, each under a key of its own.

    Args:
        client, keys: where.
        stores, schedules: by what.
    """

    def __init__(self, client: Client, keys: Keys, stores: Stores, schedules: ScheduleStore) -> None:
        self._client, self._keys, self.stores, self.schedules = client, keys, stores, schedules
        self._number = 0

    def key(self) -> Request:
        self._number += 1
        return asking(f"editor-{self._number}")

    async def save(self, page: str = "spring", *, publish: bool = False) -> int:
        """Save a version; its number."""
        saved = await self.stores.publishing.save(SITE, page, b'{"title":"A"}', "", publish=publish, request=self.key())
        assert saved.version is not None
        return saved.version.number

    async def build(self, page: str = "spring") -> int:
        """Save a version and make it live; its number."""
        version = await self.save(page, publish=True)
        keys, names = self._keys, self._keys.lane(0)
        if not await self._client.xinfo_groups(names.stream):
            await self._client.xgroup_create(names.stream, GROUP, id="0")
        [(_, [(entry, fields)])] = await self._client.xreadgroup(GROUP, "b1", {names.stream: ">"}, count=1)
        seq = json.loads(fields[b"data"])["seq"]
        body = f"{page} v{version}".encode()
        script_keys = [keys.head(SITE, page), keys.publications(SITE, page), keys.page(SITE, page)]
        script_keys += [keys.artifacts(SITE, page), names.stream, keys.events(0), keys.open(0), keys.rebuilds(SITE)]
        script_keys += [keys.unserved(0)]
        built = [f"etag-{version}", "csp", len(body), 1.5, body, 50]
        arguments = [SITE, page, seq, entry, GROUP, "b1", TRACE, 3_600_000, *built]
        assert await run(self._client, Call(script("commit"), script_keys, arguments)) == [b"live"]
        return version

    async def schedule(self, version: int = 0, page: str = "spring", *, in_s: float = 3600) -> Schedule:
        """Schedule a version, the newest where none is given."""
        return await self._schedule(Plan("publish", version, "", "UTC"), page, in_s)

    async def schedule_unpublish(self, page: str = "spring", *, in_s: float = 3600) -> Schedule:
        return await self._schedule(Plan("unpublish", 0, "", "UTC"), page, in_s)

    async def _schedule(self, plan: Plan, page: str, in_s: float) -> Schedule:
        # Local times have whole seconds: what is due sooner is brought forward in the due set.
        local = await self._local(max(2.0, in_s))
        made, _ = await self.schedules.schedule(SITE, page, plan._replace(local=local), self.key())
        if in_s < 2:
            await self.bring_forward(made, in_s)
        return made

    async def bring_forward(self, schedule: Schedule, in_s: float = 0) -> None:
        """Let a schedule be due in a while from now."""
        [name] = [m for m in await self.due() if m.startswith(f"{schedule.id:012d}/")]
        at_ms = await now_ms(self._client) + round(in_s * 1000)
        await self._client.zadd(self._keys.scheduled(0), {name: at_ms})

    async def due(self) -> list[str]:
        """What stands in the due set."""
        return [name.decode() for name in await self._client.zrange(self._keys.scheduled(0), 0, -1)]

    async def show(self, schedule: Schedule, page: str = "spring") -> Schedule:
        return await self.schedules.show(SITE, page, schedule.id)

    async def events(self, kind: str = "") -> list[dict[str, Any]]:
        """What happened, oldest first."""
        found = [json.loads(fields[b"data"]) for _, fields in await self._client.xrange(self._keys.events(0))]
        return [event for event in found if kind in event["type"]]

    async def _local(self, in_s: float) -> str:
        return local_time(await now_ms(self._client) + round(in_s * 1000))


def local_time(at_ms: int) -> str:
    """What clocks in UTC show, to the second."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


async def now_ms(client: Client) -> int:
    """Redis's clock."""
    seconds, microseconds = await client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000
