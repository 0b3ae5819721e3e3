"""A site's defaults: what a new page of it begins with."""

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed, once_more
from services.api.endpoint import V1, Answer, Endpoint
from shared.config import Config, encode_config
from shared.http import json_response
from shared.widgets.texts import Title


class PartialConfig(Config, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A part of a page; each field that is there is checked as when a page is published.

    Attributes:
        title: the page's name in tabs and search results; a page without one cannot be published.
    """

    title: Title = ""


class Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What new pages of a site begin with; pages that are there stay as they are.

    Attributes:
        config: any fields of a page.
    """

    config: PartialConfig


class StoredDefaults(msgspec.Struct, frozen=True):
    """Defaults as they were stored.

    Attributes:
        config: JSON of a part of a config.
    """

    config: msgspec.Raw


async def show(api: Api, asked: Asked) -> Response:
    return json_response(StoredDefaults(msgspec.Raw(await api.sites.defaults(asked.site))))


async def set_all(api: Api, asked: Asked) -> Response:
    site = asked.site
    config = encode_config((await asked.body(Defaults)).config)
    request = asked.change(config)
    is_replayed = await once_more(lambda: api.sites.set_defaults(site, config, request))
    return changed(StoredDefaults(msgspec.Raw(config)), 200, location=None, replayed=is_replayed)


_EXAMPLE = {"config": {"lang": "de", "background": "#fafafa", "theme": {"accent": "#1d4ed8", "font": "serif"}}}

ENDPOINTS = (
    Endpoint(
        "GET",
        f"{V1}/sites/{{site}}/defaults",
        "showDefaults",
        "Look at what new pages of a site begin with",
        show,
        Answer(200, Defaults, "The defaults.", _EXAMPLE),
        problems=[404],
        needs="manage",
    ),
    Endpoint(
        "PUT",
        f"{V1}/sites/{{site}}/defaults",
        "setDefaults",
        "Set what new pages of a site begin with",
        set_all,
        Answer(200, Defaults, "The defaults.", _EXAMPLE),
        problems=[404],
        body=Defaults,
        body_example=_EXAMPLE,
        needs="manage",
    ),
)
