"""Pages: what one looks like at one instant, which ones a site has, and what the error says where there is none.

Reads that belong together are one script, or one round trip.
"""

from typing import Any, NamedTuple

from shared.connection import Client, translated
from shared.errors import NotFound
from shared.keys import Keys
from shared.listing import Listing, read_slugs
from shared.records import Head, Publication, decode_head, decode_publication
from shared.scripts import Call, run, script
from shared.servers import read_reports, with_served
from shared.sites import no_site
from shared.streams import START


class PageState(NamedTuple):
    """A page at one instant.

    Attributes:
        position: the newest event of its partition at that instant.
        head: counters, what is wanted, what is live.
        wanted: the newest publication, None before the first.
        live: the publication visitors get, None where nothing was ever live.
        etag: hash of the bytes visitors get, "" where there are none.
    """

    position: str
    head: Head
    wanted: Publication | None
    live: Publication | None
    etag: str


class PageStore:
    """Pages in Redis.

    Args:
        client: for short calls.
        keys: names.
    """

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def show(self, site: str, page: str) -> PageState:
        """A page at one instant.

        Raises:
            NotFound: no such page.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        state = await self.snapshot(site, page)
        if not _is_there(state.head):
            raise await missing(self._client, self._keys, site, page)
        return state

    async def snapshot(self, site: str, page: str) -> PageState:
        """A page at one instant and the event that instant follows; a page that does not exist is all zeros."""
        names, partition = self._keys, self._keys.partition(site)
        script_keys = [
            names.head(site, page),
            names.publications(site, page),
            names.page(site, page),
            names.events(partition),
            names.applied(partition),
        ]
        answer = await run(self._client, Call(script("snapshot"), script_keys, []))
        flat, wanted, live, etag, newest, applied = answer
        reports = read_reports(dict(zip(applied[::2], applied[1::2], strict=True)))
        return PageState(
            position=newest.decode() if newest else START,
            head=decode_head(dict(zip(flat[::2], flat[1::2], strict=True))),
            wanted=with_served(decode_publication(wanted), reports) if wanted else None,
            live=with_served(decode_publication(live), reports) if live else None,
            etag=(etag or b"").decode(),
        )

    async def listed(self, site: str, after: str, limit: int) -> Listing[tuple[str, Head]]:
        """Pages of a site by slug, each with its head.

        Args:
            after: slug to begin behind, "" for the first.
            limit: most pages.

        Raises:
            NotFound: no such site.
        """
        with translated():
            exists = await self._client.exists(self._keys.site(site))
        if not exists:
            raise no_site(site)
        slugs, following = await read_slugs(self._client, self._keys.pages(site), after, limit)
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for slug in slugs:
                pipeline.hgetall(self._keys.head(site, slug))
            heads = [decode_head(fields) for fields in await pipeline.execute()]
        return Listing(list(zip(slugs, heads, strict=True)), following)


async def check_page(client: Client, keys: Keys, site: str, page: str) -> Head:
    """Look whether there is a page.

    Returns:
        its head.

    Raises:
        NotFound: there is none.
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    with translated():
        head = decode_head(await client.hgetall(keys.head(site, page)))
    if not _is_there(head):
        raise await missing(client, keys, site, page)
    return head


async def missing(client: Client, keys: Keys, site: str, page: str) -> NotFound:
    """What a page that does not exist lacks: its site, or a first version; or where it is now.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    with translated():
        pipeline: Any = client.pipeline(transaction=False)
        pipeline.exists(keys.site(site))
        pipeline.hget(keys.head(site, page), "moved")
        exists, moved = await pipeline.execute()
    if not exists:
        return no_site(site)
    if moved:
        return was_moved(site, page, moved.decode())
    return NotFound("page", f"{site}/{page}", "save a first version of it with POST …/versions")


def was_moved(site: str, page: str, to: str) -> NotFound:
    """The error for a page that is at another slug now."""
    return NotFound("page", f"{site}/{page}", f"it was moved to {site}/{to}")


def _is_there(head: Head) -> bool:
    return head.version > 0 and not head.moved
