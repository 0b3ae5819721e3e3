"""Two looks at a page in time: what visitors got at an instant, and how long a publication has yet to wait."""

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.endpoint import PAGE, Answer, Endpoint
from services.api.instants import INSTANT_MEND
from services.api.publications import LIVE
from shared.backlog import read_backlog
from shared.http import json_response
from shared.pages import check_page
from shared.records import Publication
from shared.timeline import live_at


class LiveAt(msgspec.Struct, frozen=True, kw_only=True):
    """What visitors got of a page at an instant.

    Attributes:
        at: the instant, milliseconds since the epoch, UTC.
        version: 0 where they got nothing.
        publication: that brought it about, with cause `unpublish` where it took the page off; null before the first.
    """

    at: int
    version: int
    publication: Publication | None


class InQueue(msgspec.Struct, frozen=True, kw_only=True):
    """What a publication waits for.

    Attributes:
        ahead: how many are built before it, as far as can be told.
        wait_ms: until it is probably live, by how long the newest builds took and how many builders there are; 0 where
            its build has begun or it has ended, null where nobody can tell.
        builders: how many take work.
    """

    ahead: int
    wait_ms: int | None
    builders: int


async def show_live(api: Api, asked: Asked) -> Response:
    site, page, at = asked.site, asked.page, asked.at
    await check_page(api.client, api.keys, site, page)
    moment = await live_at(api.client, api.keys, site, page, at)
    return json_response(LiveAt(at=at, version=moment.version, publication=moment.publication))


async def show_queue(api: Api, asked: Asked) -> Response:
    site, page = asked.site, asked.page
    publication = await api.publications.show(site, page, asked.seq)
    backlog = await read_backlog(api.client, api.keys, site, page, publication)
    return json_response(InQueue(**backlog._asdict()))


ENDPOINTS = (
    Endpoint(
        "GET",
        f"{PAGE}/live",
        "showLiveAt",
        "See what visitors got of a page at an instant",
        show_live,
        Answer(200, LiveAt, "What they got.", {"at": 1767225600100, "version": 4, "publication": LIVE}),
        problems=[404],
        query={
            "at": {
                "required": True,
                "description": f"The instant: {INSTANT_MEND}.",
                "schema": {"type": "string"},
                "example": "2026-01-01T00:00:00Z",
            }
        },
    ),
    Endpoint(
        "GET",
        f"{PAGE}/publications/{{seq}}/queue",
        "showQueue",
        "See how many publications are built before one, and about how long it has yet to wait",
        show_queue,
        Answer(200, InQueue, "What it waits for.", {"ahead": 12, "wait_ms": 40, "builders": 2}),
        problems=[404],
    ),
)
