"""What a watcher has to know before live events: the history after its last id, or a snapshot.

Nothing is told here before this process's follower has applied it: a watcher that reads `live` finds the page. And
nothing is left out in silence: where history is gone or too long, a `reset` comes before the snapshot.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from services.server.follower import Follower
from services.server.held import HeldStream
from services.server.hub import (
    ALL_PAGES,
    EVERYTHING,
    SEVERAL,
    Topic,
    concerns,
    encode_block,
    encode_word,
    framed,
    sites_in,
)
from services.server.stream import Stream
from shared.errors import NotFound
from shared.keys import Keys
from shared.records import Head, Publication
from shared.store import Listing, PageState, Store
from shared.streams import START, Entry, EventLog, parse_position, position

MOST_SCANNED = 10_000
CHUNK = 500
MOST_PAGES = 100
BEHIND_S = 2.0


class CatchUp:
    """Brings streams up to the live events.

    Args:
        store, events: where it reads.
        follower: how far this process has got.
        keys: names.
        behind_s: how far behind Redis the follower may be before a watcher is asked to come back.
    """

    def __init__(
        self, store: Store, events: EventLog, follower: Follower, keys: Keys, behind_s: float = BEHIND_S
    ) -> None:
        self._store, self._events, self._follower, self._keys = store, events, follower, keys
        self._behind_s = behind_s

    async def begin(self, topic: Topic, last: str, stream: Stream) -> AsyncIterator[bytes]:
        """Pieces for a stream that has just joined the hub.

        Args:
            topic: what it watches.
            last: the client's last id; what is no position counts as none.
            stream: its `sent` moves along.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away, or this process has not caught up with it.
        """
        asked = parse_position(last)
        if asked is None:
            yield await self._snapshot(topic, stream)
            return
        stream.sent = f"{asked[0]}-{asked[1]}"
        async for piece in self._replay(topic, stream):
            yield piece

    async def reset(self, topic: Topic, stream: Stream) -> AsyncIterator[bytes]:
        """Pieces for a stream whose history is gone."""
        yield encode_word("reset")
        yield await self._snapshot(topic, stream)

    def heartbeat(self, topic: Topic, stream: Stream) -> bytes:
        """A block that moves a quiet client's last id and fires nothing, so that it never falls behind the history."""
        stream.sent = self._follower.position_of(self._partition(topic), stream.sent)
        return b"id: %b\n\n" % stream.sent.encode()

    def beat(self, held: HeldStream) -> None:
        """The same for a stream that is live."""
        handed_on = self._follower.handed_on[self._partition(held.topic)]
        held.beat(position(handed_on), framed(b"id: %b\n\n" % handed_on.encode()))

    def _partition(self, topic: Topic) -> int:
        # Several sites can be watched where there is one partition.
        return 0 if topic == EVERYTHING or topic[1] == SEVERAL else self._keys.partition(topic[0])

    async def _replay(self, topic: Topic, stream: Stream) -> AsyncIterator[bytes]:
        partition = self._partition(topic)
        await self._follower.reach(partition, START, self._behind_s)
        for _ in range(MOST_SCANNED // CHUNK):
            entries = await self._events.history(partition, stream.sent, CHUNK)
            # Asked after reading: what was trimmed before it would be missing from what was read.
            if not await self._events.is_resumable(partition, stream.sent):
                break
            # The rest comes over the hub, once the follower has applied it.
            applied = position(self._follower.applied[partition])
            known = [entry for entry in entries if position(entry.id) <= applied]
            if known:
                stream.sent = known[-1].id
            yield _encode(topic, known)
            if len(known) < CHUNK:
                return
        async for piece in self.reset(topic, stream):
            yield piece

    async def _snapshot(self, topic: Topic, stream: Stream) -> bytes:
        site, page = topic
        if topic == EVERYTHING or page == SEVERAL:
            at, seen, data = await self._sites(sites_in(topic))
        elif page == ALL_PAGES:
            at, seen, data = await self._site(site)
        else:
            state = await self._store.snapshot(site, page)
            at = seen = state.position
            data = {"site": site, "page": page, **_page(state)}
        await self._follower.reach(self._partition(topic), seen, self._behind_s)
        stream.sent = at
        text = msgspec.json.encode({"type": "snapshot", **data})
        return b"id: %b\nevent: snapshot\ndata: %b\n\n" % (at.encode(), text)

    async def _site(self, site: str) -> tuple[str, str, dict[str, Any]]:
        """A site's pages, with a position before and one after all that they show.

        What happens while the list is read is told again, never left out.
        """
        partition = self._keys.partition(site)
        before = (await self._events.tail())[partition]
        try:
            found = await self._store.pages(site, "", MOST_PAGES)
        except NotFound:
            return before, before, {"site": site, "at": 0, "pages": [], "more": False}
        publications = await self._store.wanted(site, found.items)
        after = (await self._events.tail())[partition]
        pages = [
            {"page": page, **_wanted_and_live(head), **_last_event(publication)}
            for (page, head), publication in zip(found.items, publications, strict=True)
        ]
        at = max((page["at"] for page in pages), default=0)
        return before, after, {"site": site, "at": at, "pages": pages, "more": bool(found.after)}

    async def _sites(self, slugs: list[str]) -> tuple[str, str, dict[str, Any]]:
        """The sites there are, or some of them; what happens on their pages comes as events."""
        before = (await self._events.tail())[0]
        if slugs:
            named = await self._store.sites_named(slugs[:MOST_PAGES])
            found = Listing(named, "".join(slugs[MOST_PAGES:][:1]))
        else:
            found = await self._store.sites("", MOST_PAGES)
        after = (await self._events.tail())[0]
        sites = [{"site": site.slug, "title": site.title} for site in found.items]
        return before, after, {"at": 0, "sites": sites, "more": bool(found.after)}


def _encode(topic: Topic, entries: list[Entry]) -> bytes:
    return b"".join(encode_block(entry) for entry in entries if concerns(topic, entry))


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
