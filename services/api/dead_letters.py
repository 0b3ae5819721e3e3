"""Dead letters: see what failed for good, and remove it. To try one again is no operation: shared/dead_letters.py."""

import re
from typing import Any

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked, check_slug
from services.api.changing import changed, once_more
from services.api.endpoint import V1, Answer, Endpoint
from shared.config import SLUG_PATTERN
from shared.dead_letters import DeadLetter, LetterId, WholeDeadLetter, Wish, parse_letter
from shared.errors import InvalidParameter
from shared.http import json_response

DEAD_LETTERS = f"{V1}/dead-letters"
CODE_PATTERN = "^[a-z0-9-]{1,64}$"

_CODE = re.compile(CODE_PATTERN)

EXAMPLE = {
    "id": "0-1767225600350-0",
    "at": 1767225600350,
    "site": "acme",
    "page": "spring",
    "seq": 7,
    "code": "render-failed",
    "reason": "The page could not be rendered: ValueError.",
}
_WHOLE = {
    **EXAMPLE,
    "pointer": "",
    "traceback": "Traceback (most recent call last):\n  …\nValueError: no such row\n",
    "attempts": 1,
    "builder": "web1-4711-a1b2c3",
    "lane": "interactive",
    "entry": "1767225600004-0",
    "type": "config-published",
    "data": '{"type":"config-published","site":"acme","page":"spring","seq":7,"version":4}',
    "encoding": "utf-8",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}


class DeadLetterList(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters.

    Attributes:
        items: the newest first; there may be none although others follow.
        next: cursor of what follows, null at the end.
    """

    items: list[DeadLetter]
    next: str | None


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed.

    Attributes:
        id: its id.
    """

    id: str


async def list_all(api: Api, asked: Asked) -> Response:
    query = asked.http.query_params
    site, page = (check_slug(query[name], name) if name in query else "" for name in ("site", "page"))
    found = await api.dead_letters.listed(Wish(site, page, _code(asked), _before(asked), asked.limit))
    return json_response(DeadLetterList(items=found.items, next=found.after or None))


async def show(api: Api, asked: Asked) -> Response:
    return json_response(await api.dead_letters.show(_letter(asked)))


async def remove(api: Api, asked: Asked) -> Response:
    letter, request = _letter(asked), asked.change()
    is_replayed = await once_more(lambda: api.dead_letters.remove(letter, request))
    return changed(Removed(id=str(letter)), 200, location=None, replayed=is_replayed)


def _letter(asked: Asked) -> LetterId:
    found = parse_letter(asked.http.path_params["letter"])
    if found is None:
        mend = f"write it as GET {DEAD_LETTERS} lists it, such as {EXAMPLE['id']}"
        raise InvalidParameter("This is not the id of a dead letter.", "letter", mend)
    return found


def _before(asked: Asked) -> LetterId | None:
    text = asked.http.query_params.get("cursor", "")
    found = parse_letter(text)
    if text and found is None:
        raise InvalidParameter("This is no cursor.", "cursor", "use the `next` of the answer before")
    return found


def _code(asked: Asked) -> str:
    text = asked.http.query_params.get("code")
    if text is not None and not _CODE.fullmatch(text):
        raise InvalidParameter("This is no code of a failure.", "code", "write it as the letters say it: render-failed")
    return text or ""


def _only(what: str, pattern: str) -> dict[str, Any]:
    return {"description": f"Only those {what}.", "schema": {"type": "string", "pattern": pattern}}


ENDPOINTS = (
    Endpoint(
        "GET",
        DEAD_LETTERS,
        "listDeadLetters",
        "List what failed for good",
        list_all,
        Answer(200, DeadLetterList, "Dead letters, the newest first.", {"items": [EXAMPLE], "next": None}),
        listed_by="text",
        query={
            "site": _only("about this site", SLUG_PATTERN),
            "page": _only("about a page with this slug", SLUG_PATTERN),
            "code": _only("of this kind of failure", CODE_PATTERN),
        },
        needs="operate",
    ),
    Endpoint(
        "GET",
        f"{DEAD_LETTERS}/{{letter}}",
        "showDeadLetter",
        "See all that was kept of what failed for good",
        show,
        Answer(200, WholeDeadLetter, "The dead letter.", _WHOLE),
        problems=[404],
        needs="operate",
    ),
    Endpoint(
        "DELETE",
        f"{DEAD_LETTERS}/{{letter}}",
        "removeDeadLetter",
        "Remove a dead letter; its publication stays failed, and nothing is tried again",
        remove,
        Answer(200, Removed, "The letter is gone.", {"id": EXAMPLE["id"]}),
        problems=[404],
        needs="operate",
    ),
)
