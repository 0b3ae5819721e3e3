"""Feeds rebuilds: queues the pages of a site a few at a time, as fast as they are built.

Any number of builders may feed the same rebuild: a page passes once, because its head remembers the rebuild.
"""

import asyncio

from shared.background import Background
from shared.connection import Client, translated
from shared.keys import GROUP, Keys
from shared.scripts import Call, refuse_unavailable, run, run_all, script
from shared.settings import Settings

CHUNK = 16
# Queued and not yet built: enough to keep several builders busy, few enough for a cancel to be felt.
MOST_OPEN = 128
PAUSE_S = 0.02
_COUNTS = ("queued", "live", "failed", "superseded", "cancelled")


class Rebuilds(Background):
    """One builder's part in them.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
        builder: this builder's name.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings, builder: str) -> None:
        super().__init__()
        self._client, self._keys, self._settings, self._builder = client, keys, settings, builder
        self._there_are = asyncio.Event()

    def wake(self) -> None:
        """There are rebuilds with pages to queue."""
        self._there_are.set()

    async def wait(self) -> None:
        await self._there_are.wait()
        self._there_are.clear()

    async def turn(self) -> None:
        """Queue pages until no rebuild has any left."""
        while rebuilds := await self._running():
            fed = [await self._feed(site, number) for site, number in rebuilds]
            if not any(fed):
                await asyncio.sleep(PAUSE_S)

    async def _running(self) -> list[tuple[str, str]]:
        with translated():
            pipeline = self._client.pipeline(transaction=False)
            for partition in range(self._settings.partitions):
                pipeline.zrange(self._keys.rebuilding(partition), 0, -1)
            found = await pipeline.execute()
        parted = [member.decode().partition("/") for members in found for member in members]
        return [(site, number) for site, _, number in parted]

    async def _feed(self, site: str, number: str) -> bool:
        """Queue some pages, unless enough are open. Returns: whether it did."""
        rebuilds = self._keys.rebuilds(site)
        fields = [f"{number}:{name}" for name in (*_COUNTS, "cursor", "trace")]
        with translated():
            *counts, cursor, trace = await self._client.hmget(rebuilds, fields)
            queued, *ended = (int(count or 0) for count in counts)
            if queued - sum(ended) >= MOST_OPEN:
                return False
            after = f"({cursor.decode()}" if cursor else "-"
            pages = [
                page.decode() for page in await self._client.zrangebylex(self._keys.pages(site), after, "+", 0, CHUNK)
            ]
        if not pages:
            await self._end(site, number)
            return True
        answers = await run_all(
            self._client, [self._page(site, page, number, (trace or b"").decode()) for page in pages]
        )
        refuse_unavailable(answers)
        with translated():
            await self._client.hset(rebuilds, f"{number}:cursor", pages[-1])
        return True

    def _page(self, site: str, page: str, number: str, trace: str) -> Call:
        names, partition = self._keys, self._keys.partition(site)
        script_keys = [
            names.head(site, page),
            names.publications(site, page),
            names.rebuilds(site),
            names.events(partition),
            names.open(partition),
            *names.lane(partition, "bulk"),
        ]
        keep_ms = self._settings.events_keep_s * 1000
        return Call(script("rebuild"), script_keys, [site, page, number, f"rebuild-{number}", trace, keep_ms, GROUP])

    async def _end(self, site: str, number: str) -> None:
        script_keys = [self._keys.rebuilds(site), self._keys.rebuilding(self._keys.partition(site))]
        await run(self._client, Call(script("end_rebuild"), script_keys, [site, number, "queued"]))
