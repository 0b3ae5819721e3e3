"""Pages: list those of a site, and look at one: what is wanted, what is live, and how it went."""

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.endpoint import PAGE, V1, Answer, Endpoint, searched_in
from services.api.publications import EXAMPLE as PUBLICATION
from shared.http import json_response
from shared.page_list import STATES, PageStanding, Wish, find_pages
from shared.pages import PageState
from shared.records import Head, Publication

HOME = "index"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The newest accepted publication.

    Attributes:
        seq: its number.
        version: the version it makes live, 0 where it takes the page off.
    """

    seq: int
    version: int


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What visitors get now.

    Attributes:
        seq: the publication it comes from.
        version: its version.
        etag: hash of its bytes.
    """

    seq: int
    version: int
    etag: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page at one instant.

    Attributes:
        site, page: slugs.
        url: where visitors find it.
        versions: number of its newest version.
        wanted: the newest accepted publication, null before the first.
        live: what visitors get, null where they get nothing.
        publication: how the newest publication went, null before the first.
        live_publication: the publication that visitors get, null where they get nothing.
    """

    site: str
    page: str
    url: str
    versions: int
    wanted: Wanted | None
    live: Live | None
    publication: Publication | None
    live_publication: Publication | None


class ListedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page in the list of its site.

    Attributes:
        page: its slug.
        title: title of its newest version, or of its draft where it has no version; null where neither has one.
        url: where visitors find it once it is live.
        head: its counters.
        state: where it stands. A page whose newest publication waits or failed is in that state, whatever is live.
        changed_at: when its newest version or its draft was saved, milliseconds since the epoch, UTC; null where that
            is not known.
        has_draft: whether there is a draft of it.
    """

    page: str
    title: str | None
    url: str
    head: Head
    state: PageStanding
    changed_at: int | None
    has_draft: bool


class PageList(msgspec.Struct, frozen=True, kw_only=True):
    """Pages by slug.

    Attributes:
        items: the pages; where one searches there may be fewer than asked for, or none, although others follow.
        next: cursor of what follows, null at the end.
    """

    items: list[ListedPage]
    next: str | None


async def list_all(api: Api, asked: Asked) -> Response:
    site = asked.site
    sees_drafts = asked.principal.may("draft", site)
    wish = Wish(asked.search, asked.choice("state", STATES), asked.after_slug, asked.limit, sees_drafts)
    found = await find_pages(api.client, api.keys, site, wish)
    items = [ListedPage(**each._asdict(), url=visitors_path(site, each.page)) for each in found.items]
    return json_response(PageList(items=items, next=found.after or None))


async def show(api: Api, asked: Asked) -> Response:
    site, page = asked.site, asked.page
    return json_response(_page(site, page, await api.pages.show(site, page)))


def visitors_path(site: str, page: str) -> str:
    """Where visitors find a page."""
    return f"/{site}" if page == HOME else f"/{site}/{page}"


def _page(site: str, page: str, state: PageState) -> Page:
    head = state.head
    is_live = head.live_version > 0
    return Page(
        site=site,
        page=page,
        url=visitors_path(site, page),
        versions=head.version,
        wanted=Wanted(seq=head.wanted_seq, version=head.wanted_version) if head.wanted_seq else None,
        live=Live(seq=head.live_seq, version=head.live_version, etag=state.etag) if is_live else None,
        publication=state.wanted,
        live_publication=state.live if is_live else None,
    )


_HEAD = {"version": 4, "seq": 7, "wanted_seq": 7, "wanted_version": 4, "live_seq": 6, "live_version": 3}
_LISTED = {
    "page": "spring",
    "title": "Spring sale",
    "url": "/acme/spring",
    "head": _HEAD,
    "state": "building",
    "changed_at": 1767225600000,
    "has_draft": False,
}
_EXAMPLE = {
    "site": "acme",
    "page": "spring",
    "url": "/acme/spring",
    "versions": 4,
    "wanted": {"seq": 7, "version": 4},
    "live": {"seq": 6, "version": 3, "etag": "9f86d081884c7d65"},
    "publication": PUBLICATION,
    "live_publication": {
        **PUBLICATION,
        "seq": 6,
        "version": 3,
        "state": "live",
        "steps": [
            {"state": "queued", "at": 1767225500000, "by": "admin"},
            {"state": "building", "at": 1767225500001, "by": "builder-1"},
            {"state": "live", "at": 1767225500004, "by": "builder-1"},
        ],
    },
}

ENDPOINTS = (
    Endpoint(
        "GET",
        f"{V1}/sites/{{site}}/pages",
        "listPages",
        "List the pages of a site",
        list_all,
        Answer(200, PageList, "Pages by slug.", {"items": [_LISTED], "next": None}),
        problems=[404],
        listed_by="slug",
        query={
            "search": searched_in("the slug or the title"),
            "state": {"description": "Pages in this state only.", "schema": {"enum": list(STATES)}},
        },
    ),
    Endpoint(
        "GET",
        PAGE,
        "showPage",
        "Look at a page: what is wanted, what is live, and how it went",
        show,
        Answer(200, Page, "The page.", _EXAMPLE),
        problems=[404],
    ),
)
