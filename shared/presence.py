"""Presence: who has a page open in the editor, so that two people know of each other before their drafts collide.

Each open tab says every few seconds that it is there. Nothing depends on it: what is not heard of is forgotten.
"""

from typing import NamedTuple

import msgspec

from shared.connection import Client
from shared.drafts import Who, refuse_missing
from shared.keys import Keys
from shared.scripts import Call, run, script

KEEP_MS = 15_000
MOST_TABS = 50


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """A tab in which a page is open.

    Attributes:
        account: whose it is.
        tab: what tells it from others of theirs.
        since: when it was first heard of, milliseconds since the epoch, UTC.
        is_editing: whether something in it is not saved yet, or somebody writes.
    """

    account: Who
    tab: str
    since: int
    is_editing: bool


class Seen(NamedTuple):
    """Who else has a page open.

    Attributes:
        others: their tabs, those that came first in front.
        revision: of the page's draft.
    """

    others: list[Present]
    revision: int


class PresenceStore:
    """Presence in Redis.

    Args:
        client: for short calls.
        keys: names.
    """

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def beat(self, site: str, page: str, who: Who, tab: str, *, is_editing: bool, is_leaving: bool) -> Seen:
        """Say that a tab is there, or no longer.

        Args:
            tab: what tells it from others of theirs.
            is_editing: whether somebody writes in it.
            is_leaving: whether it is being closed.

        Raises:
            NotFound: no such site, or the page was moved.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = self._keys
        script_keys = [names.site(site), names.head(site, page), names.draft(site, page), names.presence(site, page)]
        person = {"account": who, "tab": tab, "is_editing": is_editing}
        said = b"" if is_leaving else msgspec.json.encode(person)
        # Blanks cannot be in a tab's name, so no account can pose as a tab of another.
        call = Call(script("presence"), script_keys, [f"{tab} {who.id}", said, KEEP_MS, MOST_TABS])
        answer = await run(self._client, call)
        refuse_missing(answer, site, page)
        others = sorted((_PRESENT.decode(json) for json in answer[2]), key=_order)
        return Seen(others, int(answer[1]))


_PRESENT = msgspec.json.Decoder(Present)


def _order(present: Present) -> tuple[int, str, str]:
    return present.since, present.account.id, present.tab
