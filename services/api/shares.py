"""Shares: show a page to people without an account, see which are open, and take them back."""

from typing import Annotated

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed, once_more
from services.api.endpoint import PAGE, Answer, Endpoint
from services.api.publications import MOST_NUMBER
from services.api.seen import View, notice, page_response
from services.api.versions import CONFIG
from shared import shares as stored
from shared.config import Config, encode_config
from shared.errors import NotFound
from shared.http import SHARED, json_response
from shared.misfit import Misfit
from shared.previews import Page, Wish
from shared.shares import Address, NewShare, Share, Shown

SHARES = f"{PAGE}/shares"
DAY_S = 86_400

EXAMPLE = {
    "id": "9f86d081884c7d659a2feaa0c55ad015",
    "page": "spring",
    "version": 4,
    "by": "admin",
    "created_at": 1767225600000,
    "expires_at": 1767830400000,
    "url": "/-/shared/acme.9f86d081884c7d659a2feaa0c55ad015.mZ0a0xU2wq6m4Jt3tG5mW7o4nZ4wK1yB2cD3eF4gH5i",
}

_OVER = ("This link is over", "It has expired, or whoever made it took it back. Ask them for a new one.")


class ShareToMake(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to share: a config, or a version of the page.

    Attributes:
        config: a page as it is now, saved or not.
        version: number of a version.
        expires_in_s: for how long, in seconds; a week if not given.
    """

    config: Config | None = None
    version: Annotated[int, msgspec.Meta(ge=1, le=MOST_NUMBER, description="number of a version")] | None = None
    expires_in_s: Annotated[
        int, msgspec.Meta(ge=60, le=30 * DAY_S, description="seconds, from a minute to 30 days")
    ] = 7 * DAY_S

    def __post_init__(self) -> None:
        if (self.config is None) == (self.version is None):
            word = "nothing" if self.config is None else "a config and a version"
            raise Misfit(f"this shares {word}", mend="write either config or version")


class OpenShare(Share, frozen=True, kw_only=True):
    """A share with its address.

    Attributes:
        url: where anybody who has it may see the page.
    """

    url: str


class ShareList(msgspec.Struct, frozen=True, kw_only=True):
    """The shares of a page that are not over, newest first.

    Attributes:
        items: the shares, 100 at most.
    """

    items: list[OpenShare]


class EndedShare(msgspec.Struct, frozen=True, kw_only=True):
    """A share that was taken back.

    Attributes:
        id: its name.
    """

    id: str


async def make(api: Api, asked: Asked) -> Response:
    site, page = asked.site, asked.page
    body = await asked.body(ShareToMake)
    config = encode_config(body.config) if body.config else b""
    request = asked.change(config, b"%d" % (body.version or 0), b"%d" % body.expires_in_s)
    by = asked.principal.name or asked.principal.id
    new = NewShare(site, page, body.version or 0, config, by, body.expires_in_s)
    share, replayed = await once_more(lambda: api.shares.make(new, request))
    asked.target = share.id
    return changed(_opened(share, await api.shares.path(site, share.id)), 201, location=None, replayed=replayed)


async def list_all(api: Api, asked: Asked) -> Response:
    site = asked.site
    found = await api.shares.all(site, asked.page)
    paths = await api.shares.paths(site, [share.id for share in found])
    return json_response(ShareList(items=[_opened(share, path) for share, path in zip(found, paths, strict=True)]))


async def end(api: Api, asked: Asked) -> Response:
    site, page, share, request = asked.site, asked.page, asked.share, asked.change()
    replayed = await once_more(lambda: api.shares.end(site, page, share, request))
    return changed(EndedShare(id=share), 200, location=None, replayed=replayed)


async def show(api: Api, asked: Asked) -> Response:
    address = await api.shares.read(asked.http.path_params["link"])
    if address is None:
        raise NotFound("share", "of this address")
    shown = await api.shares.show(address)
    if shown is None:
        return notice(410, *_OVER)
    return page_response(await _page(api, asked, address, shown))


async def _page(api: Api, asked: Asked, address: Address, shown: Shown) -> Page:
    """The page of a share, rendered where that was not done a short while ago."""
    preview = stored.preview_of(address.share)
    page = await api.previewing.lane.page(address.site, preview)
    if page is None:
        wish = Wish(address.site, shown.page, preview, shown.config, "share", f"share {address.share}")
        await api.previewing.make(wish, asked.paused)
        page = await api.previewing.lane.page(address.site, preview)
    if page is None:
        raise NotFound("preview", preview)
    return page


def _opened(share: Share, path: str) -> OpenShare:
    return OpenShare(**msgspec.structs.asdict(share), url=path)


VIEW = View(f"{SHARED}{{link}}", show, None, {})

ENDPOINTS = (
    Endpoint(
        "POST",
        SHARES,
        "makeShare",
        "Show a config or a version to whoever has the address, for a while",
        make,
        Answer(201, OpenShare, "Shared. Whoever has the url may see the page.", EXAMPLE),
        problems=[404, 409],
        body=ShareToMake,
        body_example={"config": CONFIG, "expires_in_s": 7 * DAY_S},
        needs="draft",
    ),
    Endpoint(
        "GET",
        SHARES,
        "listShares",
        "List the shares of a page that are not over",
        list_all,
        Answer(200, ShareList, "Shares, newest first.", {"items": [EXAMPLE]}),
        problems=[404],
        needs="draft",
    ),
    Endpoint(
        "DELETE",
        f"{SHARES}/{{share}}",
        "endShare",
        "Take a share back: its address shows nothing any more",
        end,
        Answer(200, EndedShare, "Taken back.", {"id": EXAMPLE["id"]}),
        problems=[404],
        needs="draft",
    ),
)
