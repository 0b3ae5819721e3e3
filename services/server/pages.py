"""The visitor path: an address becomes a page from memory.

Visitors own the whole path space but `/-/`. Whatever goes wrong behind, a page that is held is served, and what cannot
be served is said in a page that people can read.
"""

import logging
import re
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from services.server import notices
from services.server.answers import Answer, redirect_answer
from services.server.asked import Asked, read_asked
from services.server.memory import PageMemory, PageName
from shared.config import SLUG_PATTERN
from shared.errors import PlatenError, Unavailable
from shared.route import check_reading

log = logging.getLogger(__name__)

HOME = "index"
_SLUG = re.compile(SLUG_PATTERN)


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
    site, _, page = path[1:].removesuffix("/").partition("/")
    if "//" in path or not is_slug(site) or (page and not is_slug(page)):
        return None
    if page == HOME:
        return Redirect(f"/{site}")
    if path.endswith("/"):
        return Redirect(path.removesuffix("/"))
    return PageName(site, page or HOME)


def is_slug(text: str) -> bool:
    """Whether a text can be a slug at all; what cannot never costs a look into Redis."""
    return _SLUG.match(text) is not None


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
        check_reading(scope)
        # An escaped slash is part of a name, and no slug has one.
        if scope.get("raw_path", b"").count(b"/") not in {0, path.count("/")}:
            return await send_answer(notices.MISSING, scope, send)
        asked = read_asked(scope["headers"])
        answer = self.answer_at_once(path, asked)
        if answer is None:
            answer = await self._answer(path, asked, scope)
        return await send_answer(answer, scope, send)

    def answer_at_once(self, path: str, asked: Asked) -> Answer | None:
        """The answer for a page that is held, without a look at anything but memory.

        Args:
            path: decoded, beginning with a slash.
            asked: what the request says.

        Returns:
            None where it takes more than that: another spelling, a page not held, no page at all.
        """
        site, _, page = path[1:].partition("/")
        if page == HOME or path.endswith("/"):
            return None
        held = self._memory.peek((site, page or HOME))
        return None if held is None else held.answer(asked)

    async def _answer(self, path: str, asked: Asked, scope: Scope) -> Answer:
        found = find_page(path)
        if isinstance(found, Redirect):
            query = scope["query_string"].decode("latin-1")
            return redirect_answer(f"{found.location}?{query}" if query else found.location)
        if found is None:
            return notices.MISSING
        try:
            held = await self._memory.get(found)
        except PlatenError as error:
            if not isinstance(error, Unavailable):
                log.error("%s/%s cannot be served: %s", *found, error)
            return notices.AWAY
        return notices.MISSING if held is None else held.answer(asked)


async def send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    """Send an answer over ASGI."""
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": body})
