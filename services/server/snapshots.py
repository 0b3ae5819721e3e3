"""Snapshots: what a watcher is told at first, of a page, of a site's pages, or of the sites.

A page is read at one instant. A list takes several reads: what happens meanwhile is told again, never left out.
"""

from typing import Any, NamedTuple

from services.server.hub import ALL_PAGES, EVERYTHING, SEVERAL, Topic, sites_in
from shared.errors import NotFound
from shared.event_log import EventLog
from shared.keys import Keys
from shared.listing import Listing
from shared.pages import PageState, PageStore
from shared.publications import PublicationStore
from shared.records import Head, Publication
from shared.sites import SiteStore

MOST_PAGES = 100


class Snapshot(NamedTuple):
    """What there is to tell of a topic.

    Attributes:
        at: the position that events are told from.
        seen: the newest position that it may show.
        data: what is told.
    """

    at: str
    seen: str
    data: dict[str, Any]


class Snapshots:
    """Reads snapshots.

    Args:
        sites, pages, publications: where it reads.
        events: says up to where they reach.
        keys: names.
    """

    def __init__(
        self, sites: SiteStore, pages: PageStore, publications: PublicationStore, events: EventLog, keys: Keys
    ) -> None:
        self._sites, self._pages, self._publications = sites, pages, publications
        self._events, self._keys = events, keys

    async def read(self, topic: Topic) -> Snapshot:
        """What there is to tell of a topic.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        site, page = topic
        if topic == EVERYTHING or page == SEVERAL:
            return await self._of_sites(sites_in(topic))
        if page == ALL_PAGES:
            return await self._of_site(site)
        state = await self._pages.snapshot(site, page)
        return Snapshot(state.position, state.position, {"site": site, "page": page, **_page(state)})

    async def _of_site(self, site: str) -> Snapshot:
        """A site's pages, with a position before and one after all that they show.

        What happens while the list is read is told again, never left out.
        """
        partition = self._keys.partition(site)
        before = (await self._events.tail())[partition]
        try:
            found = await self._pages.listed(site, "", MOST_PAGES)
        except NotFound:
            return Snapshot(before, before, {"site": site, "at": 0, "pages": [], "more": False})
        publications = await self._publications.wanted(site, found.items)
        after = (await self._events.tail())[partition]
        pages = [
            {"page": page, **_wanted_and_live(head), **_last_event(publication)}
            for (page, head), publication in zip(found.items, publications, strict=True)
        ]
        at = max((page["at"] for page in pages), default=0)
        return Snapshot(before, after, {"site": site, "at": at, "pages": pages, "more": bool(found.after)})

    async def _of_sites(self, slugs: list[str]) -> Snapshot:
        """The sites there are, or some of them; what happens on their pages comes as events."""
        before = (await self._events.tail())[0]
        if slugs:
            named = await self._sites.named(slugs[:MOST_PAGES])
            found = Listing(named, "".join(slugs[MOST_PAGES:][:1]))
        else:
            found = await self._sites.listed("", MOST_PAGES)
        after = (await self._events.tail())[0]
        sites = [{"site": site.slug, "title": site.title} for site in found.items]
        return Snapshot(before, after, {"at": 0, "sites": sites, "more": bool(found.after)})


def _page(state: PageState) -> dict[str, Any]:
    now = _wanted_and_live(state.head)
    if now["live"]:
        now["live"]["etag"] = state.etag
    return {
        **now,
        **_last_event(state.wanted),
        "publication": state.wanted,
    }


def _last_event(publication: Publication | None) -> dict[str, Any]:
    """What the last event of a page said, by the names that every event has."""
    if publication is None:
        return {"seq": 0, "version": 0, "state": "none", "at": 0}
    at = publication.steps[-1].at if publication.steps else 0
    return {"seq": publication.seq, "version": publication.version, "state": publication.state, "at": at}


def _wanted_and_live(head: Head) -> dict[str, Any]:
    wanted = {"seq": head.wanted_seq, "version": head.wanted_version} if head.wanted_seq else None
    live = {"seq": head.live_seq, "version": head.live_version} if head.live_version else None
    return {"head": head, "wanted": wanted, "live": live}
