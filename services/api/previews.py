"""Previews: have a config rendered as it would be published, and look at what came of it."""

import math
import time
from typing import NoReturn

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed
from services.api.endpoint import PAGE, Answer, Endpoint
from services.api.seen import View, page_response
from services.api.versions import CONFIG
from shared.config import Config, encode_config
from shared.errors import NotFound, RenderFailed
from shared.previews import Wish, preview_of

VIEW_PATH = "/-/previews/{site}/{preview}"

EXAMPLE = {
    "id": "9f86d081884c7d659a2feaa0c55ad015",
    "url": "/-/previews/acme/9f86d081884c7d659a2feaa0c55ad015",
    "etag": "3b9e1a6c0f5d4e2788c1d9a7b6f05e13",
    "size": 17342,
    "took_ms": 14,
}


class NewPreview(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A config to look at.

    Attributes:
        config: the page.
    """

    config: Config


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was rendered and not published.

    Attributes:
        id: its name.
        url: where it is, for whoever may look at the site, for ten minutes.
        etag: hash of its bytes; the same as the published page's would be.
        size: length of its bytes.
        took_ms: how long it took, in milliseconds.
    """

    id: str
    url: str
    etag: str
    size: int
    took_ms: int


async def make(api: Api, asked: Asked) -> Response:
    began = time.perf_counter()
    site, page = asked.site, asked.page
    config = encode_config((await asked.body(NewPreview)).config)
    request = asked.change(config)
    preview = preview_of(request)
    wish = Wish(site, page, preview, config, request.fingerprint, asked.principal.id)
    try:
        made = await api.previewing.make(wish, asked.paused)
    except RenderFailed as error:
        _blame(error)
    url = VIEW_PATH.format(site=site, preview=preview)
    took_ms = math.ceil((time.perf_counter() - began) * 1000)
    answer = Preview(id=preview, url=url, etag=made.etag, size=made.size, took_ms=took_ms)
    return changed(answer, 201, location=None, replayed=made.replayed)


async def show(api: Api, asked: Asked) -> Response:
    preview: str = asked.http.path_params["preview"]
    page = await api.previewing.lane.page(asked.site, preview)
    if page is None:
        raise NotFound("preview", preview, "make a new one")
    return page_response(page)


def _blame(error: RenderFailed) -> NoReturn:
    """The config is part of a body here."""
    raise RenderFailed(error.detail, pointer=f"/config{error.pointer}") from error


VIEW = View(
    VIEW_PATH,
    show,
    "look",
    {
        401: ("Not signed in", "Sign in to see this preview."),
        404: ("This preview is over", "Previews are kept for ten minutes. Make a new one."),
    },
)

ENDPOINTS = (
    Endpoint(
        "POST",
        f"{PAGE}/previews",
        "makePreview",
        "Render a config as it would be published, without saving or publishing it",
        make,
        Answer(201, Preview, "Rendered; the page can be looked at under its url.", EXAMPLE),
        problems=[404, 429],
        body=NewPreview,
        body_example={"config": CONFIG},
        needs="draft",
        # Asked for as somebody types, and nothing is changed by it.
        is_noted=False,
    ),
)
