"""The visitor path: an address becomes a page from memory.

Visitors own the whole path space but `/-/`. Whatever goes wrong behind, a page that is held is served, and what cannot
be served is said in a page that people can read: one of the site's own, where it has published that.
"""

import logging

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from services.server import notices
from services.server.addresses import Address, Redirect, find_page, path_of, read_address, site_in
from services.server.answers import Answer, missing_answer, moved_answer, redirect_answer
from services.server.asked import Asked, read_asked
from services.server.hosts import Hosts
from services.server.memory import PageMemory, PageName
from services.server.wellknown import WellKnown
from shared.errors import PlatenError, Unavailable
from shared.host import host_in
from shared.route import check_reading

log = logging.getLogger(__name__)

# The slug of the page that a site's visitors get where there is none.
MISSING = "404"


class Visitors:
    """ASGI app for everything visitors ask for.

    Args:
        memory: the pages.
        hosts: which site a host is.
        well_known: what is there beside the pages.
    """

    def __init__(self, memory: PageMemory, hosts: Hosts, well_known: WellKnown) -> None:
        self._memory, self._hosts, self._well_known = memory, hosts, well_known
        self._site_of, self._peek = hosts.site_of, memory.peek

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/-/"):
            raise HTTPException(404)
        check_reading(scope)
        # As it came: an escape makes it another spelling. Without the query, whichever server hands it over.
        path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")
        host = host_in(scope["headers"])
        asked = read_asked(scope["headers"])
        answer = self.answer_at_once(host, read_address(path), asked)
        if answer is None:
            answer = await self._answer(host, path, asked, scope)
        return await send_answer(answer, scope, send)

    def answer_at_once(self, host: bytes, address: Address, asked: Asked) -> Answer | None:
        """The answer for a page that is held, without a look at anything but memory.

        Args:
            host: the header as it came, from shared/host.py.
            address: what is asked for.
            asked: what the request says.

        Returns:
            None where it takes more than that: another spelling, a page not held or moved, no page at all.
        """
        site = self._site_of(host)
        name = address.on_shared if site is None else address.on(site)
        held = None if name is None else self._peek(name)
        if held is None or not self._hosts.is_loaded:
            return None
        if held.answers is None:
            return None if held.moved else notices.GONE
        return held.answers.choose(asked)

    async def _answer(self, host: bytes, path: str, asked: Asked, scope: Scope) -> Answer:
        try:
            await self._hosts.load()
            site = self._hosts.site_of(host)
            return await self._well_known.find(site, path, asked) or await self._find(site, path, asked, scope)
        except PlatenError as error:
            if not isinstance(error, Unavailable):
                log.error("%s cannot be served: %s", path, error)
            return notices.AWAY

    async def _find(self, site: str | None, path: str, asked: Asked, scope: Scope) -> Answer:
        found, query = find_page(site, path), scope["query_string"].decode("latin-1")
        if isinstance(found, Redirect):
            if not found.is_guess or await self._memory.get(found.name) is not None:
                return redirect_answer(_with_query(found.location, query))
            found = None
        held = None if found is None else await self._memory.get(found)
        if found is None or held is None:
            return await self._missing(site_in(site, path), asked)
        if held.moved:
            return moved_answer(_with_query(path_of(site, PageName(found.site, held.moved)), query))
        return held.answer(asked)

    async def _missing(self, site: str | None, asked: Asked) -> Answer:
        """What says that there is no page: the site's own, or a notice."""
        try:
            own = await self._memory.get(PageName(site, MISSING)) if site else None
        except PlatenError:
            return notices.MISSING
        if own is None or own.answers is None or not asked.codings:
            return notices.MISSING
        return missing_answer(own.answer(Asked(asked.codings)))


def _with_query(location: str, query: str) -> str:
    return f"{location}?{query}" if query else location


async def send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    """Send an answer over ASGI."""
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": body})
