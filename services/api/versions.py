"""Versions: save a config, publish it if asked, list the versions of a page, and look at one with its config."""

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed, once_more
from services.api.endpoint import PAGE, Answer, Endpoint, refuse
from services.api.publications import EXAMPLE as PUBLICATION
from services.api.publications import count
from shared.config import Config, encode_config
from shared.http import json_response
from shared.records import ListedVersion, Publication, SavedVersion, Version
from shared.widgets.texts import Cell

EXAMPLE = {"number": 4, "created_at": 1767225600000, "author": "admin", "note": "20% instead of 15%"}
LISTED = {**EXAMPLE, "size": 9412, "built_at": 1767225600004, "is_live": True, "is_kept": True}
CONFIG = {
    "title": "Spring sale",
    "description": "Everything 20% off until Sunday.",
    "background": "#fafafa",
    "widgets": [
        {"type": "hero", "title": "Spring is here", "cta": {"text": "See the offers", "href": "#offers"}},
        {"type": "table", "id": "offers", "header": ["Region", "Total"], "rows": [["North", "1,204"]]},
    ],
}


class NewVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A config to save.

    Attributes:
        config: the page.
        publish: whether it shall go live.
        note: what changed.
    """

    config: Config
    publish: bool = False
    note: Cell = ""


class SavedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What saving a version made.

    Attributes:
        version: the version.
        publication: the request to make it live, null where that was not asked for.
    """

    version: Version
    publication: Publication | None


class VersionWithConfig(Version, frozen=True, kw_only=True):
    """A version with what was saved.

    Attributes:
        config: the page.
    """

    config: Config


class VersionList(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first, without their configs.

    Attributes:
        items: the versions.
        next: cursor of what follows, null at the end.
    """

    items: list[ListedVersion]
    next: str | None


async def save(api: Api, asked: Asked) -> Response:
    site, page = asked.site, asked.page
    new = await asked.body(NewVersion)
    if new.publish and not asked.principal.may("publish", site):
        raise refuse(asked.principal, "publish", site).at("/publish")
    config = encode_config(new.config)
    request = asked.change(config, b"%d" % new.publish, new.note.encode())
    accepted = await once_more(
        lambda: api.publishing.save(site, page, config, new.note, publish=new.publish, request=request)
    )
    assert accepted.version is not None  # noqa: S101 - saving makes one
    count(api, accepted)
    answer = SavedAnswer(version=accepted.version, publication=accepted.publication)
    location = f"{PAGE.format(site=site, page=page)}/versions/{accepted.version.number}"
    return changed(answer, 201, location=location, replayed=accepted.replayed)


async def list_all(api: Api, asked: Asked) -> Response:
    found = await api.versions.listed(asked.site, asked.page, asked.below_number, asked.limit)
    return json_response(VersionList(items=found.items, next=found.after or None))


async def show(api: Api, asked: Asked) -> Response:
    # The config is passed on as it was stored: decoding it again could only lose something.
    found: SavedVersion = await api.versions.show(asked.site, asked.page, asked.number)
    return json_response(found)


ENDPOINTS = (
    Endpoint(
        "POST",
        f"{PAGE}/versions",
        "saveVersion",
        "Save a config as the page's next version, and publish it if asked",
        save,
        Answer(
            201,
            SavedAnswer,
            "The version, and its publication if one was asked for. The page comes into being with its first version.",
            {"version": EXAMPLE, "publication": PUBLICATION},
            ["Location"],
        ),
        problems=[404],
        body=NewVersion,
        body_example={"config": CONFIG, "publish": True, "note": "20% instead of 15%"},
        needs="draft",
    ),
    Endpoint(
        "GET",
        f"{PAGE}/versions",
        "listVersions",
        "List the versions of a page",
        list_all,
        Answer(200, VersionList, "Versions, newest first.", {"items": [LISTED], "next": "4"}),
        problems=[404],
        listed_by="number",
    ),
    Endpoint(
        "GET",
        f"{PAGE}/versions/{{number}}",
        "showVersion",
        "Look at a version with its config",
        show,
        Answer(200, VersionWithConfig, "The version.", {**EXAMPLE, "config": CONFIG}),
        problems=[404],
    ),
)
