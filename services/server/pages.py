"""The visitor path: an address becomes a page from memory.

Visitors own the whole path space but `/-/`. Whatever goes wrong behind, a page that is held is served.
"""

from typing import NamedTuple
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.server import notices
from services.server.conditional import http_date, is_not_modified
from services.server.memory import Held, PageMemory, PageName
from services.server.notices import Notice
from shared.config import Slug
from shared.errors import Unavailable

HOME = "index"
BROWSERS = "max-age=0, must-revalidate"
SHARED_CACHES = "max-age=10, stale-while-revalidate=60, stale-if-error=86400"
FOR_EVER = "public, max-age=31536000, immutable"


class Redirect(NamedTuple):
    """Where a page really is."""

    location: str


def find_page(path: str) -> PageName | Redirect | None:
    """The page an address names.

    Args:
        path: decoded, beginning with a slash.

    Returns:
        None where no page can be there, a redirect where the address is another spelling of one.
    """
    site, _, page = path[1:].partition("/")
    if path.endswith("/") and is_slug(site) and (not page or is_slug(page[:-1])):
        return Redirect(quote(path.rstrip("/")))
    if not is_slug(site) or (page and not is_slug(page)):
        return None
    if page == HOME:
        return Redirect(f"/{site}")
    return PageName(site, page or HOME)


def is_slug(text: str) -> bool:
    """Whether a text can be a slug at all; what cannot never costs a look into Redis."""
    try:
        msgspec.convert(text, Slug)
    except msgspec.ValidationError:
        return False
    return True


class Visitors:
    """ASGI app for everything visitors ask for.

    Args:
        memory: the pages.
    """

    def __init__(self, memory: PageMemory) -> None:
        self._memory = memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith("/-/"):
            raise HTTPException(404)
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        response = await self._respond(path, scope)
        await response(scope, receive, send)

    async def _respond(self, path: str, scope: Scope) -> Response:
        found = find_page(path)
        if isinstance(found, Redirect):
            query = scope["query_string"].decode("latin-1")
            location = f"{found.location}?{query}" if query else found.location
            return Response(status_code=308, headers={"location": location, "cache-control": BROWSERS})
        if found is None:
            return notice_response(notices.MISSING, scope)
        try:
            held = await self._memory.get(found)
        except Unavailable:
            return notice_response(notices.AWAY, scope)
        if held is None:
            return notice_response(notices.MISSING, scope)
        if held.is_gone:
            return notice_response(notices.GONE, scope)
        return page_response(held, found, scope)


def page_response(held: Held, name: PageName, scope: Scope) -> Response:
    """A published page, or 304 where the caller has it."""
    tags = f"{name.site} {name.site}/{name.page}"
    headers = {
        **_common(held),
        "cache-control": BROWSERS,
        "cdn-cache-control": SHARED_CACHES,
        "surrogate-key": tags,
        "cache-tag": tags.replace(" ", ","),
        "x-platen-seq": str(held.seq),
    }
    return _conditional(held, headers, scope)


def version_response(held: Held, scope: Scope) -> Response:
    """One version for ever."""
    return _conditional(held, {**_common(held), "cache-control": FOR_EVER, "x-robots-tag": "noindex"}, scope)


def notice_response(notice: Notice, scope: Scope) -> Response:
    """A page of our own; nobody keeps it, for what it says may change with the next publish."""
    headers = {
        "cache-control": "no-store",
        "content-security-policy": notices.CSP,
        "x-content-type-options": "nosniff",
        "content-length": str(len(notice.body)),
    }
    if notice.retry_after_s:
        headers["retry-after"] = str(notice.retry_after_s)
    return Response(_body(notice.body, scope), notice.status, headers, media_type="text/html")


def _common(held: Held) -> dict[str, str]:
    return {
        "etag": f'"{held.etag}"',
        "last-modified": http_date(held.built_at),
        "vary": "Accept-Encoding",
        "content-security-policy": held.csp,
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "x-platen-version": str(held.version),
    }


def _conditional(held: Held, headers: dict[str, str], scope: Scope) -> Response:
    if is_not_modified(scope["headers"], headers["etag"], held.built_at):
        return Response(status_code=304, headers=headers)
    headers["content-length"] = str(len(held.body))
    return Response(_body(held.body, scope), 200, headers, media_type="text/html")


def _body(body: bytes, scope: Scope) -> bytes:
    return b"" if scope["method"] == "HEAD" else body
