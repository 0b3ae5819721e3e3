"""A server that starts reads pages before anybody asks for them, while it serves already.

First those that were published last, by the events; then, where there is room, the others in the order of the lists. No
key is kept for this: what is in Redis says enough, and a publication costs nothing more.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

from services.server.memory import PageMemory, PageName
from shared.errors import Unavailable, Undecodable
from shared.event_log import EventLog
from shared.events import PageBuilt, decode_event
from shared.pages import PageStore
from shared.sites import SiteStore
from shared.streams import Entry
from shared.tasks import end

log = logging.getLogger(__name__)

# What is held at the start leaves room for what visitors really ask for.
SHARE = 0.5
# Small, so that no visitor waits for a batch to be read or unpacked.
CHUNK, EVENTS_CHUNK = 20, 200
# Per partition; history may hold many events of one page.
MOST_EVENTS = 20_000
PAUSE_S = 1.0


class WarmStart:
    """Fills a memory once.

    Args:
        sites, pages: their lists.
        events: what was published last.
        memory: what is to be filled.
        most_pages: bound of the pages read; 0 reads none.
        most_bytes: bound of the memory; a share of it is filled.
    """

    def __init__(
        self,
        sites: SiteStore,
        pages: PageStore,
        events: EventLog,
        memory: PageMemory,
        *,
        most_pages: int,
        most_bytes: int,
    ) -> None:
        self._sites, self._pages, self._events, self._memory = sites, pages, events, memory
        self._most_pages, self._most_bytes = most_pages, int(most_bytes * SHARE)
        self._seen: set[PageName] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        if self._most_pages:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, wherever it is."""
        await end(self._task)

    async def _run(self) -> None:
        while True:
            try:
                await self._fill()
                break
            except Unavailable:
                await asyncio.sleep(PAUSE_S)
            except Exception:
                # Whatever it is: a cold memory serves, too.
                log.exception("pages cannot be read before they are asked for")
                break
        if len(self._memory):
            log.info("%d pages are held before they were asked for", len(self._memory))
        self._seen.clear()

    async def _fill(self) -> None:
        self._seen.clear()
        chunk: list[PageName] = []
        async for name in self._names():
            chunk.append(name)
            if len(chunk) == CHUNK:
                await self._read(chunk)
                chunk = []
            if self._is_full():
                break
        await self._read(chunk)

    def _is_full(self) -> bool:
        return len(self._seen) >= self._most_pages or self._memory.size_bytes >= self._most_bytes

    async def _read(self, names: Sequence[PageName]) -> None:
        """Read some pages; where one of them is damaged, each on its own."""
        try:
            await self._memory.warm(names, self._most_bytes)
        except Unavailable:
            raise
        except Exception as error:
            if len(names) > 1:
                for name in names:
                    await self._read([name])
            else:
                log.warning("%s/%s cannot be read: %s", *names[0], error)

    async def _names(self) -> AsyncIterator[PageName]:
        """Each page once."""
        for source in (self._published(), self._listed()):
            async for name in source:
                if name not in self._seen:
                    self._seen.add(name)
                    yield name

    async def _published(self) -> AsyncIterator[PageName]:
        """Pages by their last publication, newest first; partitions take turns."""
        before = dict.fromkeys(self._events.partitions, "")
        for _ in range(0, MOST_EVENTS, EVENTS_CHUNK):
            for partition, position in list(before.items()):
                entries = await self._events.newest(partition, position, EVENTS_CHUNK)
                for name in _built_pages(entries):
                    yield name
                if entries:
                    before[partition] = entries[-1].id
                else:
                    del before[partition]

    async def _listed(self) -> AsyncIterator[PageName]:
        """Pages of which something is live, site by site."""
        after = ""
        while True:
            sites = await self._sites.listed(after, CHUNK)
            for site in sites.items:
                async for name in self._pages_of(site.slug):
                    yield name
            after = sites.after
            if not after:
                return

    async def _pages_of(self, site: str) -> AsyncIterator[PageName]:
        after = ""
        while True:
            pages = await self._pages.listed(site, after, CHUNK)
            for slug, head in pages.items:
                if head.live_version:
                    yield PageName(site, slug)
            after = pages.after
            if not after:
                return


def _built_pages(entries: Sequence[Entry]) -> list[PageName]:
    names = []
    for entry in entries:
        try:
            event = decode_event(entry.data) if entry.type == "page-built" else None
        except Undecodable:
            continue
        if isinstance(event, PageBuilt):
            names.append(PageName(event.site, event.page))
    return names
