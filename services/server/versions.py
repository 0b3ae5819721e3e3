"""`/-/v/<site>/<page>/<version>`: one version for ever.

Read from Redis each time: an answer that never changes is kept by every cache in between, so few requests come here.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from services.server import notices
from services.server.addresses import is_slug
from services.server.answers import Answer, Answers, moved_answer, version_answers
from services.server.asked import read_asked
from services.server.memory import PageMemory, PageName
from services.server.pages import send_answer
from shared.errors import PlatenError, Unavailable
from shared.records import PublishedPage
from shared.versions import VersionStore

log = logging.getLogger(__name__)

# More digits than any version has, and fewer than Lua's numbers lose.
_MOST_DIGITS = 15
# Bounds of the answers kept for those who ask for the same version soon afterwards.
MOST_RECENT, MOST_RECENT_BYTES = 64, 16 * 1024 * 1024


class Versions:
    """ASGI app of the permanent addresses.

    Args:
        versions: where the artifacts are.
        memory: knows which pages were moved.
        on_version: called with the time a version was built, in ms since the epoch, before it is sent.
    """

    def __init__(self, versions: VersionStore, memory: PageMemory, on_version: Callable[[int], None]) -> None:
        self._versions, self._memory, self._on_version = versions, memory, on_version
        self._recent: OrderedDict[tuple[str, str, int], Answers] = OrderedDict()

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
        found = await self._versions.artifact(site, page, version)
        if found is None:
            return await self._elsewhere(site, page, version)
        self._on_version(found.built_at)
        return self._answers((site, page, version), found).choose(read_asked(scope["headers"]))

    def _answers(self, name: tuple[str, str, int], found: PublishedPage) -> Answers:
        """Answers of a version; those of the last few are kept, so that no coding is made for each request."""
        answers = self._recent.get(name)
        if answers is None or answers.published != found:
            answers = self._recent[name] = version_answers(found)
        self._recent.move_to_end(name)
        sizes = sum(kept.size_bytes for kept in self._recent.values())
        while len(self._recent) > MOST_RECENT or (sizes > MOST_RECENT_BYTES and len(self._recent) > 1):
            _, oldest = self._recent.popitem(last=False)
            sizes -= oldest.size_bytes
        return answers

    async def _elsewhere(self, site: str, page: str, version: int) -> Answer:
        """A page takes its versions along when it is moved."""
        held = await self._memory.get(PageName(site, page))
        return moved_answer(f"/-/v/{site}/{held.moved}/{version}") if held and held.moved else notices.MISSING


def _is_number(text: str) -> bool:
    """Whether a text is a version as we write it: no sign, no leading zero, so each has one address."""
    return text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= _MOST_DIGITS
