"""Rebuilds: build every page of a site anew, see how far that is, and call it off."""

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed, once_more
from services.api.endpoint import V1, Answer, Endpoint
from shared.http import json_response
from shared.rebuilds import Rebuild

REBUILDS = f"{V1}/sites/{{site}}/rebuilds"

EXAMPLE = {
    "number": 3,
    "state": "running",
    "total": 2000,
    "queued": 350,
    "skipped": 1,
    "live": 120,
    "failed": 0,
    "superseded": 2,
    "cancelled": 0,
    "created_at": 1767225600000,
    "by": "admin",
}


class RebuildList(msgspec.Struct, frozen=True, kw_only=True):
    """The rebuilds of a site that are remembered, newest first.

    Attributes:
        items: the rebuilds.
    """

    items: list[Rebuild]


async def begin(api: Api, asked: Asked) -> Response:
    site, request = asked.site, asked.change()
    rebuild, replayed = await once_more(lambda: api.rebuilds.begin(site, request))
    location = f"{REBUILDS.format(site=site)}/{rebuild.number}"
    return changed(rebuild, 202, location=location, replayed=replayed)


async def list_all(api: Api, asked: Asked) -> Response:
    return json_response(RebuildList(items=await api.rebuilds.newest(asked.site)))


async def show(api: Api, asked: Asked) -> Response:
    return json_response(await api.rebuilds.show(asked.site, asked.rebuild))


async def cancel(api: Api, asked: Asked) -> Response:
    site, number = asked.site, asked.rebuild
    return json_response(await once_more(lambda: api.rebuilds.cancel(site, number)))


ENDPOINTS = (
    Endpoint(
        "POST",
        REBUILDS,
        "beginRebuild",
        "Build every live page of a site anew, behind whatever people are waiting for",
        begin,
        Answer(202, Rebuild, "Begun.", EXAMPLE, ["Location"]),
        problems=[404, 409],
        needs="operate",
    ),
    Endpoint(
        "GET",
        REBUILDS,
        "listRebuilds",
        "List the newest rebuilds of a site",
        list_all,
        Answer(200, RebuildList, "Rebuilds, newest first.", {"items": [EXAMPLE]}),
        problems=[404],
    ),
    Endpoint(
        "GET",
        f"{REBUILDS}/{{rebuild}}",
        "showRebuild",
        "See how far a rebuild is",
        show,
        Answer(200, Rebuild, "The rebuild.", EXAMPLE),
        problems=[404],
    ),
    Endpoint(
        "DELETE",
        f"{REBUILDS}/{{rebuild}}",
        "cancelRebuild",
        "Call a rebuild off: pages that still wait end as cancelled",
        cancel,
        Answer(200, Rebuild, "Called off.", {**EXAMPLE, "state": "cancelled"}),
        problems=[404, 409],
        needs="operate",
    ),
)
