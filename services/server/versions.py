"""`/-/v/<site>/<page>/<version>`: one version for ever.

Read from Redis each time: an answer that never changes is kept by every cache in between, so few requests come here.
"""

import logging

from starlette.types import Receive, Scope, Send

from services.server import notices
from services.server.answers import Answer, quoted, version_answers
from services.server.pages import choose, is_slug, send_answer
from shared.codec import decompress
from shared.errors import PlatenError, Unavailable
from shared.store import Store

log = logging.getLogger(__name__)

# More digits than any version has, and fewer than Lua's numbers lose.
_MOST_DIGITS = 15


class Versions:
    """ASGI app of the permanent addresses.

    Args:
        store: where the artifacts are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        site, page, version = (scope["path_params"][part] for part in ("site", "page", "version"))
        answer = notices.MISSING
        if is_slug(site) and is_slug(page) and _is_number(version):
            try:
                answer = await self._answer(site, page, int(version), scope)
            except PlatenError as error:
                if not isinstance(error, Unavailable):
                    log.error("version %s of %s/%s cannot be served: %s", version, site, page, error)
                answer = notices.AWAY
        await send_answer(answer, scope, send)

    async def _answer(self, site: str, page: str, version: int, scope: Scope) -> Answer:
        found = await self._store.artifact(site, page, version)
        if found is None:
            return notices.MISSING
        pair = version_answers(found, decompress(found.body))
        return choose(pair, scope["headers"], quoted(found.etag), found.built_at)


def _is_number(text: str) -> bool:
    """Whether a text is a version as we write it: no sign, no leading zero, so each has one address."""
    return text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= _MOST_DIGITS
