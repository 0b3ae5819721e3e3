"""Presence: an open tab says that it is there, and learns who else is, and whether the draft has changed."""

from typing import Annotated

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.drafts import who
from services.api.endpoint import PAGE, Answer, Endpoint
from shared.http import json_response
from shared.presence import Present

Tab = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$(?!\n)", description="1 to 64 letters, digits, dots and hyphens"),
]


class Beat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A tab that is there.

    Attributes:
        tab: what tells it from other tabs of the same account, such as a UUID.
        is_editing: whether somebody writes in it.
        is_leaving: whether it is being closed.
    """

    tab: Tab
    is_editing: bool = False
    is_leaving: bool = False


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """Who else is there.

    Attributes:
        others: other tabs in which the page is open, other tabs of one's own among them.
        revision: of the page's draft; one that is not known yet is a reason to look.
    """

    others: list[Present]
    revision: int


async def beat(api: Api, asked: Asked) -> Response:
    said = await asked.body(Beat)
    seen = await api.presence.beat(
        asked.site,
        asked.page,
        who(asked.principal),
        said.tab,
        is_editing=said.is_editing,
        is_leaving=said.is_leaving,
    )
    return json_response(Presence(others=seen.others, revision=seen.revision))


_OTHER = {"account": {"id": "ada", "name": "Ada"}, "tab": "f7e1", "since": 1767225600000, "is_editing": True}

ENDPOINTS = (
    Endpoint(
        "POST",
        f"{PAGE}/presence",
        "sayPresent",
        "Say that a page is open in an editor, every five seconds, or is being closed; see who else has it open",
        beat,
        Answer(
            200,
            Presence,
            "The others. Who is not heard of for 15 seconds is forgotten; at most 50 tabs are noted.",
            {"others": [_OTHER], "revision": 12},
        ),
        body=Beat,
        body_example={"tab": "a3c9", "is_editing": True},
        needs="draft",
        # Every five seconds from each tab would leave no room for anything else.
        is_noted=False,
    ),
)
