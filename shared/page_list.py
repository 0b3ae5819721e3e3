"""The pages of a site, found by state and by a text in their slug or title.

A script looks at a stretch of them where they are: to read their heads over the connection takes five times the CPU
(`make bench ARGS=lists`). Between stretches Redis is free for others, and one call looks at a bounded number of pages,
whatever it finds.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from shared.connection import Client
from shared.keys import Keys
from shared.listing import Listing, look_through
from shared.records import Head, decode_head
from shared.scripts import Argument, Call, run, script
from shared.sites import no_site

PageStanding = Literal["live", "draft", "building", "failed", "unpublished"]
STATES: tuple[PageStanding, ...] = ("live", "draft", "building", "failed", "unpublished")

STRETCH = 1_000
MOST_LOOKED_AT = 5_000


class Wish(NamedTuple):
    """Which pages are looked for.

    Attributes:
        search: text in the slug or the title, whatever its case; "" for any.
        state: None for any.
        after: slug to begin behind, "" for the first.
        limit: most pages.
        sees_drafts: whether a page without a version has the title of its draft.
    """

    search: str = ""
    state: PageStanding | None = None
    after: str = ""
    limit: int = 50
    sees_drafts: bool = False


class FoundPage(NamedTuple):
    """A page in a list.

    Attributes:
        page: its slug.
        state: where it stands.
        title: title of its newest version, or of its draft where it has no version and drafts are seen; None where
            neither has one, or was saved before titles were kept.
        changed_at: when its newest version or its draft was saved, ms since the epoch; None where that is not known.
        has_draft: whether somebody is writing at it.
        head: its counters.
    """

    page: str
    state: PageStanding
    title: str | None
    changed_at: int | None
    has_draft: bool
    head: Head


async def find_pages(client: Client, keys: Keys, site: str, wish: Wish) -> Listing[FoundPage]:
    """Find pages of a site.

    Returns:
        pages by slug; there may be none although others follow.

    Raises:
        NotFound: no such site.
        StoreUnavailable, StoreUncertain: Redis is away.
    """

    async def look(after: str, limit: int) -> Listing[FoundPage]:
        answer = await run(client, _call(keys, site, wish._replace(after=after, limit=limit)))
        if answer[0] == b"no-site":
            raise no_site(site)
        return Listing([_read(item, wish.sees_drafts) for item in answer[2:]], answer[1].decode())

    return await look_through(look, wish.after, wish.limit, MOST_LOOKED_AT // STRETCH)


def _call(keys: Keys, site: str, wish: Wish) -> Call:
    script_keys = [keys.site(site), keys.pages(site), keys.head(site, ""), keys.publications(site, "")]
    search = wish.search.casefold()
    asked: list[Argument] = [wish.after, STRETCH, wish.limit, search, wish.state or "", int(wish.sees_drafts)]
    return Call(script("list_pages"), script_keys, asked)


def _read(item: list[bytes | list[bytes]], sees_drafts: bool) -> FoundPage:
    slug, state, flat = item
    assert isinstance(slug, bytes)  # noqa: S101 - the script's legend
    assert isinstance(flat, list)  # noqa: S101
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    saved_at = list(_times(fields, b"saved_at", b"draft_at"))
    return FoundPage(
        page=slug.decode(),
        state=next(known for known in STATES if known.encode() == state),
        title=fields.get(b"title", fields.get(b"draft_title", b"") if sees_drafts else b"").decode() or None,
        changed_at=max(saved_at, default=None),
        has_draft=b"draft_at" in fields,
        head=decode_head(fields),
    )


def _times(fields: dict[bytes, bytes], *names: bytes) -> Iterator[int]:
    for name in names:
        if name in fields:
            yield int(fields[name])
