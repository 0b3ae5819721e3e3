"""What the pages of a site hold, page by page: what visitors get, what was saved last, and what is being written.

Export writes that down, and import compares with it, so that what is there already is never saved again.
"""

from collections.abc import Sequence
from typing import NamedTuple

from shared.connection import Client
from shared.drafts import StoredDraft, draft_from
from shared.errors import PlatenError
from shared.keys import Keys
from shared.records import decode_saved_version
from shared.scripts import Call, run_all, script


class SavedConfig(NamedTuple):
    """A config that was saved as a version.

    Attributes:
        version: its number.
        config: its JSON.
    """

    version: int
    config: bytes


class Content(NamedTuple):
    """What a page holds.

    Attributes:
        page: its slug.
        live: what visitors get; None where they get nothing, or where only the finished page is known.
        newest: the newest version; None where there is none.
        draft: what an editor finds on opening the page.
        live_version: number of the version that visitors get, 0 for none.
    """

    page: str
    live: SavedConfig | None
    newest: SavedConfig | None
    draft: StoredDraft
    live_version: int


class ContentStore:
    """Contents of pages in Redis.

    Args:
        client: for short calls.
        keys: names.
    """

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def read(self, site: str, pages: Sequence[str]) -> list[Content]:
        """What some pages of a site hold, in one round trip; each is read at one instant.

        Args:
            pages: slugs; those of which nothing is known hold nothing.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = self._keys
        calls = [
            Call(
                script("content"),
                [names.site(site), names.head(site, page), names.draft(site, page), names.versions(site, page)],
                [],
            )
            for page in pages
        ]
        answers = await run_all(self._client, calls)
        return [_content(page, answer) for page, answer in zip(pages, answers, strict=True)]


def _content(page: str, answer: list[bytes] | PlatenError) -> Content:
    if isinstance(answer, Exception):
        raise answer
    newest, newest_json, live, live_json, draft = answer
    return Content(page, _saved(live, live_json), _saved(newest, newest_json), draft_from(draft), int(live))


def _saved(number: bytes, json: bytes) -> SavedConfig | None:
    return SavedConfig(int(number), bytes(decode_saved_version(json).config)) if json else None
