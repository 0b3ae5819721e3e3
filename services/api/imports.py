"""Import: the pages of a file are saved, one after the other, and the answer says of each what came of it.

What is there already is not saved again, so a file can be imported as often as one likes. A page is taken as a whole or
refused as a whole, and one that is refused costs the others nothing. Nobody's draft is ever replaced.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked, Bound, beside_others
from services.api.changing import once_more
from services.api.drafts import NewDraft, encode_draft, faults_of, who
from services.api.endpoint import V1, Answer, Endpoint, refuse
from services.api.exports import EXAMPLE as FILE
from services.api.faults import Fault, read
from services.api.publications import count
from services.api.site_file import FilePage, SiteFile, is_nothing, is_same
from shared.config import decode_config, encode_config
from shared.contents import Content
from shared.drafts import Who
from shared.errors import Conflict, DraftChanged, Invalid, Refused, Unavailable
from shared.http import stream_json
from shared.idempotency import Request, claim
from shared.values import encode_value

_NO_DEFAULTS = b"{}"
_AWAY = "Redis is not available. Import the file again: what is done already is not done twice."
STRETCH = 50
WITHIN_S = 600.0
NOTE = "imported"

Outcome = Literal["saved", "unchanged", "refused"]


class ImportedPage(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one page.

    Attributes:
        page: its slug.
        outcome: saved; unchanged, for it was there already; or refused, and nothing of it was changed.
        version: number of the version that has its config, null where none has.
        detail: why it was refused, or what else is to be known.
        faults: what is wrong with it; pointers lead into the file.
    """

    page: str
    outcome: Outcome
    version: int | None = None
    detail: str = ""
    faults: list[Fault] = []


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file.

    Attributes:
        defaults: what came of its defaults, which are refused where the site has others.
        pages: what came of each page, in the file's order.
    """

    defaults: Outcome
    pages: list[ImportedPage]


class _Importing(NamedTuple):
    """One import.

    Attributes:
        api: what handlers need.
        site: slug of the site.
        publish: whether what is imported goes live.
        request: that of the whole file.
        author: whose it is.
    """

    api: Api
    site: str
    publish: bool
    request: Request
    author: Who


class _Wanted(NamedTuple):
    """What a page shall hold.

    Attributes:
        config: JSON, None for none.
        draft: JSON, None for none.
    """

    config: bytes | None
    draft: bytes | None


async def take(api: Api, asked: Asked) -> Response:
    site = asked.site
    before = await api.sites.defaults(site)
    file = await asked.body(SiteFile, Bound(api.settings.max_import_bytes, WITHIN_S, "PLATEN_MAX_IMPORT_BYTES"))
    _check_once_each(file.pages)
    if file.publish and not asked.principal.may("publish", site):
        raise refuse(asked.principal, "publish", site)
    # Dozens of megabytes are hashed beside other requests.
    request = await asyncio.to_thread(lambda: asked.change(msgspec.json.encode(file, enc_hook=encode_value)))
    await claim(api.client, api.keys, api.settings, site, request)
    importing = _Importing(api, site, file.publish, request, who(asked.principal))
    defaults = await _take_defaults(importing, before, encode_config(file.site.defaults))
    return stream_json(_report(importing, file.pages, defaults))


def _check_once_each(pages: Sequence[FilePage]) -> None:
    """Raises: Invalid, where a page stands in a file twice."""
    seen: dict[str, int] = {}
    for number, page in enumerate(pages):
        if page.page in seen:
            detail = f"Page {seen[page.page]} of the file has the slug {page.page!r} already."
            raise Invalid(detail, pointer=f"/pages/{number}/page", mend="leave one of the two out")
        seen[page.page] = number


async def _take_defaults(importing: _Importing, before: bytes, wanted: bytes) -> Outcome:
    if wanted == _NO_DEFAULTS or is_same(before, wanted):
        return "unchanged"
    if before != _NO_DEFAULTS:
        return "refused"
    request = _part_of(importing.request, "defaults", wanted)
    await once_more(lambda: importing.api.sites.set_defaults(importing.site, wanted, request))
    return "saved"


async def _report(importing: _Importing, pages: Sequence[FilePage], defaults: Outcome) -> AsyncIterator[bytes]:
    yield b'{"defaults":"%b","pages":[' % defaults.encode()
    begun = b""
    async for imported in _import(importing, pages):
        yield begun + msgspec.json.encode(imported)
        begun = b",\n"
    yield b"]}"


async def _import(importing: _Importing, pages: Sequence[FilePage]) -> AsyncIterator[ImportedPage]:
    done = 0
    try:
        for first in range(0, len(pages), STRETCH):
            stretch = pages[first : first + STRETCH]
            contents = await importing.api.contents.read(importing.site, [page.page for page in stretch])
            for page, content in zip(stretch, contents, strict=True):
                imported = await _import_page(importing, page, f"/pages/{done}", content)
                done += 1
                yield imported
    except Unavailable:
        # The answer has begun, so it says so page by page; and none of them is tried, for each would wait for Redis.
        for page in pages[done:]:
            yield ImportedPage(page=page.page, outcome="refused", detail=_AWAY)


async def _import_page(importing: _Importing, page: FilePage, pointer: str, content: Content) -> ImportedPage:
    most_bytes = importing.api.settings.max_body_bytes
    faults = await beside_others(_size(page), lambda: _faults(page, pointer, most_bytes))
    if faults:
        detail = f"{faults[0].pointer.removeprefix(pointer + '/')}: {faults[0].detail}"
        return ImportedPage(page=page.page, outcome="refused", detail=detail, faults=faults)
    try:
        return await _save(importing, page.page, _wanted(page), content)
    except Refused as error:
        return ImportedPage(page=page.page, outcome="refused", detail=_words(error))


def _words(error: Refused) -> str:
    mend: str = getattr(error, "mend", "")
    return f"{error} {mend[:1].upper()}{mend[1:]}." if mend else str(error)


def _size(page: FilePage) -> int:
    return len(bytes(page.config)) + len(bytes(page.draft))


def _faults(page: FilePage, pointer: str, most_bytes: int) -> list[Fault]:
    """What is wrong with a page of a file.

    Args:
        pointer: JSON pointer to it.
        most_bytes: that config and draft may have.
    """
    if is_nothing(page.config) and is_nothing(page.draft):
        return [Fault(pointer, "The file says nothing of what is on the page.", "add config or draft, or leave it out")]
    if _size(page) > most_bytes:
        return [Fault(pointer, f"The page is larger than {most_bytes:,} bytes.", "make it smaller")]
    found = [] if is_nothing(page.config) else _at(faults_of(bytes(page.config)), pointer)
    if not is_nothing(page.draft):
        try:
            _draft_of(page)
        except Invalid as error:
            there = f"{pointer}/draft{(error.pointer or '').removeprefix('/config')}"
            found.append(Fault(there, error.detail, error.mend))
    return found


def _at(faults: list[Fault], pointer: str) -> list[Fault]:
    return [msgspec.structs.replace(fault, pointer=pointer + fault.pointer) for fault in faults]


def _draft_of(page: FilePage) -> bytes:
    """Raises: Invalid, where the draft is none."""
    return encode_draft(read(b'{"config":%b}' % bytes(page.draft), NewDraft).config)


def _wanted(page: FilePage) -> _Wanted:
    return _Wanted(
        None if is_nothing(page.config) else encode_config(decode_config(bytes(page.config))),
        None if is_nothing(page.draft) else _draft_of(page),
    )


async def _save(importing: _Importing, page: str, wanted: _Wanted, content: Content) -> ImportedPage:
    """Make a page hold what it shall.

    Raises:
        Refused: it cannot.
        Unavailable: Redis is away.
    """
    _check_draft_free(wanted, content)
    version, is_saved = await _save_config(importing, page, wanted.config, content)
    found = wanted.config if is_saved and content.draft.by is None else content.draft.config
    if wanted.draft is None or is_same(wanted.draft, found or b"null"):
        return ImportedPage(page=page, outcome="saved" if is_saved else "unchanged", version=version)
    detail = await _save_draft(importing, page, wanted.draft, version or 0, content.draft.revision)
    return ImportedPage(page=page, outcome="saved", version=version, detail=detail)


def _check_draft_free(wanted: _Wanted, content: Content) -> None:
    """Raises: Conflict, where an import would replace somebody's draft."""
    there = content.draft
    if wanted.draft is not None and there.by is not None and not is_same(there.config, wanted.draft):
        raise Conflict(f"{there.by.name} has saved another draft of the page.", "publish or delete that first")


async def _save_config(
    importing: _Importing, page: str, config: bytes | None, content: Content
) -> tuple[int | None, bool]:
    """Returns: the version that has the config, None for none, and whether anything was done for it."""
    if config is None:
        return None, False
    api, site, publish = importing.api, importing.site, importing.publish
    if content.live and is_same(content.live.config, config):
        return content.live.version, False
    request = _part_of(importing.request, page, config)
    if content.newest and is_same(content.newest.config, config):
        version = content.newest.version
        if publish:
            count(api, await once_more(lambda: api.publishing.republish(site, page, version, request)))
        return version, publish
    accepted = await once_more(lambda: api.publishing.save(site, page, config, NOTE, publish=publish, request=request))
    count(api, accepted)
    assert accepted.version is not None  # noqa: S101 - saving makes one
    return accepted.version.number, True


async def _save_draft(importing: _Importing, page: str, draft: bytes, version: int, revision: int) -> str:
    """Returns: what is to be known of it."""
    api, site, author = importing.api, importing.site, importing.author
    try:
        await once_more(lambda: api.drafts.save(site, page, draft, version, revision=revision, who=author))
    except DraftChanged as error:
        return f"The file's draft was left out: {error}"
    return ""


def _part_of(request: Request, part: str, wanted: bytes) -> Request:
    """The request for one part of a file: sent again it is known again."""
    return request._replace(idempotency_key=f"{request.idempotency_key} {part}", fingerprint=sha256(wanted).hexdigest())


_EXAMPLE = {
    "defaults": "unchanged",
    "pages": [
        {"page": "spring", "outcome": "saved", "version": 1, "detail": "", "faults": []},
        {
            "page": "summer",
            "outcome": "refused",
            "version": None,
            "detail": "config/title: title is missing.",
            "faults": [
                {
                    "pointer": "/pages/1/config/title",
                    "detail": "title is missing.",
                    "mend": "add title: one line of 1 to 200 characters",
                }
            ],
        },
    ],
}

ENDPOINTS = (
    Endpoint(
        "POST",
        f"{V1}/sites/{{site}}/import",
        "importSite",
        "Import the pages of a file into a site",
        take,
        Answer(
            200,
            ImportReport,
            "What came of each page, in order, sent as it is done. What is there already is left alone, so the same "
            "file can be sent again; hostnames are not taken over, and nobody's draft is replaced.",
            _EXAMPLE,
        ),
        problems=[404],
        body=SiteFile,
        body_example={**FILE, "publish": False},
        needs="manage",
    ),
)
