"""Publications: make a version live, take the page off, call one off, list what was asked for, and see how one went."""

from typing import Annotated

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed, once_more
from services.api.endpoint import PAGE, Answer, Endpoint
from shared.errors import NotFound
from shared.http import json_response
from shared.publishing import Accepted
from shared.records import Publication

MOST_NUMBER = 9_999_999_999_999_999

Number = Annotated[int, msgspec.Meta(ge=1, le=MOST_NUMBER, description="number of a version")]

QUEUED = [{"state": "queued", "at": 1767225600000, "by": "admin"}]
EXAMPLE = {
    "seq": 7,
    "version": 4,
    "state": "queued",
    "cause": "publish",
    "steps": QUEUED,
    "trace": "0af7651916cd43dd8448eb211c80319c",
    "attempts": 0,
    "failure": None,
    "superseded_by": 0,
    "rebuild": 0,
    "schedule": 0,
    "position": "",
    "served": None,
}
LIVE = {
    **EXAMPLE,
    "state": "live",
    "steps": [
        *QUEUED,
        {"state": "building", "at": 1767225600001, "by": "builder-1"},
        {"state": "live", "at": 1767225600004, "by": "builder-1"},
    ],
    "attempts": 1,
    "position": "1767225600004-0",
    "served": {"servers": 2, "of": 3, "at": 0, "missing": ["web3-4711-a1b2c3"]},
}


class NewPublication(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A version to make live.

    Attributes:
        version: its number.
    """

    version: Number


class PublicationList(msgspec.Struct, frozen=True, kw_only=True):
    """Publications, newest first.

    Attributes:
        items: the publications.
        next: cursor of what follows, null at the end.
    """

    items: list[Publication]
    next: str | None


async def publish(api: Api, asked: Asked) -> Response:
    site, page = asked.site, asked.page
    new = await asked.body(NewPublication)
    request = asked.change(b"%d" % new.version)
    try:
        accepted = await once_more(lambda: api.publishing.republish(site, page, new.version, request))
    except NotFound as error:
        # The site and the page stand in the address, the version in the body.
        raise (error.at("/version") if error.what == "version" else error) from None
    return _accepted(api, asked, accepted)


async def unpublish(api: Api, asked: Asked) -> Response:
    site, page, request = asked.site, asked.page, asked.change()
    return _accepted(api, asked, await once_more(lambda: api.publishing.unpublish(site, page, request)))


async def cancel(api: Api, asked: Asked) -> Response:
    site, page, seq, request = asked.site, asked.page, asked.seq, asked.change()
    accepted = await once_more(lambda: api.publishing.cancel(site, page, seq, request))
    return changed(accepted.publication, 202, location=_location(site, page, seq), replayed=accepted.replayed)


async def list_all(api: Api, asked: Asked) -> Response:
    found = await api.publications.listed(asked.site, asked.page, asked.below_number, asked.limit)
    return json_response(PublicationList(items=found.items, next=found.after or None))


async def show(api: Api, asked: Asked) -> Response:
    found = await api.publications.show(asked.site, asked.page, asked.seq)
    return json_response(found)


def count(api: Api, accepted: Accepted) -> None:
    """Count a publication by its cause; a replay is not a second one."""
    if accepted.publication is not None and not accepted.replayed:
        api.accepted.labels(accepted.publication.cause).inc()


def _accepted(api: Api, asked: Asked, accepted: Accepted) -> Response:
    publication = accepted.publication
    assert publication is not None  # noqa: S101 - both changes make one
    count(api, accepted)
    location = _location(asked.site, asked.page, publication.seq)
    return changed(publication, 202, location=location, replayed=accepted.replayed)


def _location(site: str, page: str, seq: int) -> str:
    return f"{PAGE.format(site=site, page=page)}/publications/{seq}"


ENDPOINTS = (
    Endpoint(
        "POST",
        f"{PAGE}/publications",
        "publishVersion",
        "Make a version live: an older one to go back, the live one to build it anew",
        publish,
        Answer(
            202,
            Publication,
            "Accepted. The version is live at once where its artifact is kept.",
            EXAMPLE,
            ["Location"],
        ),
        problems=[404],
        body=NewPublication,
        body_example={"version": 4},
        needs="publish",
    ),
    Endpoint(
        "GET",
        f"{PAGE}/publications",
        "listPublications",
        "List the publications of a page",
        list_all,
        Answer(200, PublicationList, "Publications, newest first.", {"items": [LIVE], "next": "7"}),
        problems=[404],
        listed_by="number",
    ),
    Endpoint(
        "GET",
        f"{PAGE}/publications/{{seq}}",
        "showPublication",
        "See how a publication went",
        show,
        Answer(200, Publication, "The publication.", LIVE),
        problems=[404],
    ),
    Endpoint(
        "DELETE",
        f"{PAGE}/publications/{{seq}}",
        "cancelPublication",
        "Call a publication off that waits for its build",
        cancel,
        Answer(
            202,
            Publication,
            "Called off. What is live stays live.",
            {
                **EXAMPLE,
                "state": "cancelled",
                "steps": [*QUEUED, {"state": "cancelled", "at": 1767225600900, "by": "admin"}],
            },
            ["Location"],
        ),
        problems=[404, 409],
        needs="publish",
    ),
    Endpoint(
        "DELETE",
        f"{PAGE}/publications/live",
        "unpublishPage",
        "Take a page off",
        unpublish,
        Answer(
            202,
            Publication,
            "Visitors no longer get the page; that is a publication of its own.",
            {
                **EXAMPLE,
                "version": 0,
                "state": "live",
                "cause": "unpublish",
                "position": "1767225600000-0",
                "steps": [{"state": "live", "at": 1767225600000, "by": "admin"}],
            },
            ["Location"],
        ),
        problems=[404, 409],
        needs="publish",
    ),
)
