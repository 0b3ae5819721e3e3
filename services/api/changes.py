"""What changed between two configs of a page: two versions, a version and a draft, or any other two."""

from typing import Any

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.endpoint import PAGE, Answer, Endpoint
from services.api.publications import Number
from shared.changes import Change, changes, in_one_spelling
from shared.errors import Malformed, NotFound
from shared.http import json_response
from shared.misfit import Misfit


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the two: a version that was saved, or a config as it is, whether or not it could be published.

    Attributes:
        version: number of a version.
        config: a config.
    """

    version: Number | None = None
    config: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if (self.version is None) == (self.config is None):
            raise Misfit("one of version and config is needed, and not both", mend="give a version or a config")


class Sides(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is compared.

    Attributes:
        before: what it was.
        after: what it is.
    """

    before: Side
    after: Side


class ChangeList(msgspec.Struct, frozen=True, kw_only=True):
    """What changed, the page first, then what was removed, then widgets from top to bottom.

    Attributes:
        changes: nothing where both are the same.
    """

    changes: list[Change]


async def compare(api: Api, asked: Asked) -> Response:
    sides = await asked.body(Sides)
    before = await _config(api, asked, sides.before, "/before/version")
    after = await _config(api, asked, sides.after, "/after/version")
    try:
        return await asked.work_out(lambda: _answer(before, after))
    except RecursionError:
        mend = "nest no deeper than the fields that are known"
        raise Malformed("A config is nested too deeply to be compared.", mend=mend) from None


def _answer(before: dict[str, Any], after: dict[str, Any]) -> Response:
    return json_response(ChangeList(changes=changes(in_one_spelling(before), in_one_spelling(after))))


async def _config(api: Api, asked: Asked, side: Side, pointer: str) -> dict[str, Any]:
    """Raises: NotFound, where the page or the version does not exist."""
    if side.config is not None:
        return side.config
    assert side.version is not None  # noqa: S101 - a side has one of the two
    try:
        saved = await api.versions.show(asked.site, asked.page, side.version)
    except NotFound as error:
        raise (error.at(pointer) if error.what == "version" else error) from None
    config: dict[str, Any] = msgspec.json.decode(saved.config)
    return config


_TITLE = {"kind": "changed", "pointer": "/title", "label": "Title", "before": "Spring sale", "after": "Summer sale"}
_ROW = {"kind": "added", "pointer": "/widgets/1/rows/1", "label": "Row 2", "before": None, "after": ["South", "980"]}
_EXAMPLE = [
    {"kind": "changed", "pointer": "", "before_pointer": "", "what": "page", "widget": None, "fields": [_TITLE]},
    {
        "kind": "changed",
        "pointer": "/widgets/1",
        "before_pointer": "/widgets/1",
        "what": "widget",
        "widget": {"type": "table", "id": "offers", "title": "Offers"},
        "fields": [_ROW],
    },
]

ENDPOINTS = (
    Endpoint(
        "POST",
        f"{PAGE}/changes",
        "compareConfigs",
        "See what changed between two versions of a page, or between a version and a config that is not saved",
        compare,
        Answer(200, ChangeList, "What changed.", {"changes": _EXAMPLE}),
        problems=[404],
        body=Sides,
        body_example={"before": {"version": 1}, "after": {"config": {"title": "Summer sale"}}},
        only_looks=True,
    ),
)
