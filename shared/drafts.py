"""Drafts: what an editor is writing, one per page, beside its versions.

A draft is a revision, not a time: each save says which revision it is based on, and one that is based on an older one
is refused with the newer one in hand, so no save ever hides another. Revisions of a page only rise, over deleted drafts
too.

Every write is one script in one round trip, and each is safe to send twice: what is as it should be is left alone.
"""

from typing import Any, NamedTuple

import msgspec

from shared.connection import Client
from shared.errors import DraftChanged
from shared.keys import Keys
from shared.pages import was_moved
from shared.records import decode_saved_version
from shared.scripts import Argument, Call, run, script
from shared.sites import no_site
from shared.titles import folded, line_of, title_of


class Who(msgspec.Struct, frozen=True):
    """Somebody, as others know them.

    Attributes:
        id: stable.
        name: for people.
    """

    id: str
    name: str


class StoredDraft(NamedTuple):
    """A draft as an editor finds it.

    Attributes:
        revision: rises with each change; 0 where there never was a draft.
        config: JSON of an object. Where there is no draft, of what one begins with: the newest version, or for a page
            without versions the site's defaults.
        base_version: version that it began from, 0 for none.
        by: who saved it, None where there is none.
        at: when, milliseconds since the epoch, UTC; 0 where there is none.
    """

    revision: int
    config: bytes
    base_version: int
    by: Who | None
    at: int


class DraftStore:
    """Drafts in Redis.

    Args:
        client: for short calls.
        keys: names.
    """

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def read(self, site: str, page: str) -> StoredDraft:
        """A page's draft.

        Raises:
            NotFound: no such site, or the page was moved.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        answer = await run(self._client, self.reading(site, page))
        refuse_missing(answer, site, page)
        return draft_from(answer[1])

    def reading(self, site: str, page: str) -> Call:
        """The call that reads a draft."""
        return Call(script("draft"), self._script_keys(site, page), [])

    async def save(
        self, site: str, page: str, config: bytes, base_version: int, *, revision: int, who: Who
    ) -> StoredDraft:
        """Save a draft.

        Args:
            config: JSON of an object, always written in the same way.
            base_version: version that it began from, 0 for none.
            revision: what it is based on.
            who: whose change it is.

        Returns:
            the draft; with the revision that it had where the config is the same.

        Raises:
            DraftChanged: the draft is another one by now.
            NotFound: no such site, or the page was moved.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        title = line_of(title_of(config))
        arguments: list[Argument] = [page, revision, config, base_version, who.id, who.name, title, folded(title)]
        return await self._change("save_draft", site, page, arguments)

    async def delete(self, site: str, page: str, *, revision: int) -> StoredDraft:
        """Delete a draft.

        Args:
            revision: the one that is to go.

        Returns:
            what a draft of the page begins with from now on.

        Raises:
            DraftChanged: the draft is another one by now.
            NotFound: no such site, or the page was moved.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        return await self._change("delete_draft", site, page, [page, revision])

    async def _change(self, name: str, site: str, page: str, arguments: list[Argument]) -> StoredDraft:
        script_keys = [*self._script_keys(site, page), self._keys.pages(site)]
        answer = await run(self._client, Call(script(name), script_keys, arguments))
        refuse_missing(answer, site, page)
        draft = draft_from(answer[1])
        if answer[0] == b"changed":
            raise DraftChanged(_changed(draft), draft)
        return draft

    def _script_keys(self, site: str, page: str) -> list[str]:
        names = self._keys
        return [names.site(site), names.head(site, page), names.draft(site, page), names.versions(site, page)]


def draft_from(fields: Any) -> StoredDraft:
    """Read what draft_now of shared/lua/lib.lua gives."""
    revision, config, base_version, by, name, at, *beginning = fields
    if config:
        who = Who(by.decode(), name.decode())
        return StoredDraft(int(revision), config, int(base_version), who, int(at))
    newest, version, defaults = beginning
    begun = bytes(decode_saved_version(version).config) if version else defaults or b"{}"
    return StoredDraft(int(revision or 0), begun, int(newest), None, 0)


def _changed(theirs: StoredDraft) -> str:
    if theirs.by is None:
        return "The draft was deleted."
    return f"{theirs.by.name} saved the draft in the meantime; it is at revision {theirs.revision}."


def refuse_missing(answer: Any, site: str, page: str) -> None:
    """Raises: NotFound, where a script answered that the page can have no draft."""
    if answer[0] == b"no-site":
        raise no_site(site)
    if answer[0] == b"moved":
        raise was_moved(site, page, answer[1].decode())
