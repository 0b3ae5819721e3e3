"""Drafts: read, save and delete what is being written of a page.

A draft may be incomplete or wrong, for it is saved while somebody writes; its faults say what publishing would refuse.
"""

from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import IF_MATCH, Asked, beside_others
from services.api.changing import once_more
from services.api.endpoint import PAGE, Answer, Endpoint
from services.api.faults import Fault, find_faults
from services.api.publications import MOST_NUMBER
from services.api.versions import CONFIG, NewVersion
from shared.auth import Principal
from shared.drafts import StoredDraft, Who
from shared.errors import DraftChanged, Invalid
from shared.http import Problem, json_response

MOST_DEPTH = 32

AnyConfig = Annotated[dict[str, Any], msgspec.Meta(description="a JSON object, as far as the config is written by now")]

_ENCODER = msgspec.json.Encoder(order="deterministic")


class NewDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A draft to save.

    Attributes:
        config: the page so far; it may be incomplete or wrong.
        base_version: number of the version that it began from, 0 where there was none.
    """

    config: AnyConfig
    base_version: Annotated[int, msgspec.Meta(ge=0, le=MOST_NUMBER, description="number of a version, or 0")] = 0


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an editor finds on opening a page.

    Attributes:
        revision: rises with each change; the ETag has it. 0 where there never was a draft.
        is_saved: whether there is a draft; otherwise this is what one begins with.
        config: the page so far. Where there is no draft, the newest version's config, or the site's defaults.
        base_version: number of the version that it began from, 0 where there was none.
        by: who saved it, null where there is no draft.
        at: when, milliseconds since the epoch, UTC; 0 where there is no draft.
        faults: what publishing would refuse; pointers lead into this document, and so into what is sent to publish it.
    """

    revision: int
    is_saved: bool
    config: AnyConfig
    base_version: int
    by: Who | None
    at: int
    faults: list[Fault]


class DraftProblem(Problem, frozen=True, omit_defaults=True, kw_only=True):
    """A problem document that has the draft as it is now.

    Attributes:
        theirs: the newer draft.
    """

    theirs: Draft


def who(principal: Principal) -> Who:
    """Somebody, as others know them."""
    return Who(principal.id, principal.name or principal.id)


def encode_draft(config: dict[str, Any], pointer: str = "/config") -> bytes:
    """The one JSON text of a config that may be wrong.

    Args:
        pointer: to it, in the request's body.

    Raises:
        Invalid: it is nested deeper than any config.
    """
    if _depth_exceeds(config, MOST_DEPTH):
        raise Invalid("The config is nested too deeply.", pointer=pointer, mend=f"nest at most {MOST_DEPTH} levels")
    return _ENCODER.encode(config)


async def show(api: Api, asked: Asked) -> Response:
    return _answer(await _shown(await api.drafts.read(asked.site, asked.page)))


async def save(api: Api, asked: Asked) -> Response:
    site, page, revision = asked.site, asked.page, asked.revision
    new = await asked.body(NewDraft)
    config, author = encode_draft(new.config), who(asked.principal)
    try:
        draft = await once_more(
            lambda: api.drafts.save(site, page, config, new.base_version, revision=revision, who=author)
        )
    except DraftChanged as error:
        raise error.telling(theirs=await _shown(error.theirs)) from None
    return _answer(await _shown(draft))


async def delete(api: Api, asked: Asked) -> Response:
    site, page, revision = asked.site, asked.page, asked.revision
    try:
        draft = await once_more(lambda: api.drafts.delete(site, page, revision=revision))
    except DraftChanged as error:
        raise error.telling(theirs=await _shown(error.theirs)) from None
    return _answer(await _shown(draft))


async def _shown(stored: StoredDraft) -> Draft:
    return Draft(
        revision=stored.revision,
        is_saved=stored.by is not None,
        config=msgspec.json.decode(stored.config),
        base_version=stored.base_version,
        by=stored.by,
        at=stored.at,
        faults=await beside_others(len(stored.config), lambda: faults_of(stored.config)),
    )


def faults_of(config: bytes) -> list[Fault]:
    """What publishing a config would be refused for.

    Args:
        config: JSON.
    """
    return find_faults(b'{"config":%b}' % config, NewVersion)


def _answer(draft: Draft) -> Response:
    return json_response(draft, headers={"etag": f'"r{draft.revision}"'})


def _depth_exceeds(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [inner for part in level if isinstance(part, dict | list) for inner in _inner(part)]
        if not level:
            return False
    return any(isinstance(part, dict | list) for part in level)


def _inner(part: dict[str, Any] | list[Any]) -> list[Any]:
    return list(part.values()) if isinstance(part, dict) else part


EXAMPLE = {
    "revision": 12,
    "is_saved": True,
    "config": {**CONFIG, "title": ""},
    "base_version": 4,
    "by": {"id": "ada", "name": "Ada"},
    "at": 1767225600000,
    "faults": [
        {
            "pointer": "/config/title",
            "detail": "This needs at least 1 character; it has 0.",
            "mend": "write one line of 1 to 200 characters",
        }
    ],
}
_COLLISION = Answer(
    412,
    DraftProblem,
    "Somebody else saved or deleted the draft in the meantime. Nothing was changed; `theirs` is the newer draft.",
    {
        "type": "urn:platen:problem:draft-changed",
        "title": "Somebody else saved the draft",
        "status": 412,
        "code": "draft-changed",
        "detail": "Ada saved the draft in the meantime; it is at revision 12.",
        "theirs": EXAMPLE,
    },
)
_BEGINNING = {**EXAMPLE, "revision": 13, "is_saved": False, "config": CONFIG, "by": None, "at": 0, "faults": []}

ENDPOINTS = (
    Endpoint(
        "GET",
        f"{PAGE}/draft",
        "showDraft",
        "Look at a page's draft, or at what one begins with",
        show,
        Answer(200, Draft, "The draft. The page need not exist yet.", EXAMPLE, ["ETag"]),
        needs="draft",
    ),
    Endpoint(
        "PUT",
        f"{PAGE}/draft",
        "saveDraft",
        "Save a page's draft",
        save,
        Answer(
            200,
            Draft,
            "The draft. A config that is there already changes nothing, and the revision stays.",
            EXAMPLE,
            ["ETag"],
        ),
        problems=[428],
        refusals=[_COLLISION],
        headers=[IF_MATCH],
        body=NewDraft,
        body_example={"config": {**CONFIG, "title": ""}, "base_version": 4},
        needs="draft",
        # Sent every few seconds while somebody writes; the draft itself says who and when.
        is_noted=False,
    ),
    Endpoint(
        "DELETE",
        f"{PAGE}/draft",
        "deleteDraft",
        "Delete a page's draft",
        delete,
        Answer(200, Draft, "Deleted: this is what the next draft begins with.", _BEGINNING, ["ETag"]),
        problems=[428],
        refusals=[_COLLISION],
        headers=[IF_MATCH],
        needs="draft",
    ),
)
