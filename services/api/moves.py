"""Moving a page to another address."""

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked, check_slug
from services.api.changing import changed, once_more
from services.api.endpoint import PAGE, Answer, Endpoint
from services.api.pages import visitors_path
from services.api.publications import EXAMPLE as PUBLICATION
from services.api.publications import count
from shared.config import Slug
from shared.errors import Conflict
from shared.records import Publication


class NewAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a page shall be.

    Attributes:
        to: its new slug.
    """

    to: Slug


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was moved.

    Attributes:
        site, page: slugs; the page's is the new one.
        url: where visitors find it.
        publication: the move, which is a publication of its own.
    """

    site: str
    page: str
    url: str
    publication: Publication


async def move(api: Api, asked: Asked) -> Response:
    site, page = asked.site, asked.page
    to = check_slug((await asked.body(NewAddress)).to, "to")
    request = asked.change(to.encode())
    if to == page:
        raise Conflict(f"The page {site}/{page} is there already.", "choose another slug").at("/to")
    accepted = await once_more(lambda: api.publishing.move(site, page, to, request))
    publication = accepted.publication
    assert publication is not None  # noqa: S101 - moving makes one
    count(api, accepted)
    moved = Moved(site=site, page=to, url=visitors_path(site, to), publication=publication)
    return changed(moved, 200, location=PAGE.format(site=site, page=to), replayed=accepted.replayed)


_MOVE = {
    **PUBLICATION,
    "state": "live",
    "cause": "move",
    "steps": [{"state": "live", "at": 1767225600000, "by": "admin"}],
}

ENDPOINTS = (
    Endpoint(
        "POST",
        f"{PAGE}/move",
        "movePage",
        "Move a page to another address; the old one leads there from now on",
        move,
        Answer(
            200,
            Moved,
            "Moved: the new address serves at once, and what is live is built anew, since pages name their address.",
            {"site": "acme", "page": "summer", "url": "/acme/summer", "publication": _MOVE},
            ["Location"],
        ),
        problems=[404, 409],
        body=NewAddress,
        body_example={"to": "summer"},
        needs="manage",
    ),
)
