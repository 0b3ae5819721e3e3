"""Witnesses: what servers hold of pages is written back to a Redis that knows less.

Written back is what is newer here than there, and the numbers that were given out; nothing is ever lowered (decision
10), so many servers may testify at once.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from shared.connection import Client
from shared.keys import Keys
from shared.records import PublishedPage
from shared.scripts import Argument, Call, run_all, script
from shared.settings import Settings
from shared.streams import position


class Witnessed(NamedTuple):
    """A page as a server holds it.

    Attributes:
        site, page: slugs.
        published: what is held, compressed.
        size: the page's length in bytes, uncompressed.
        followed: the position up to which the server had followed the page's partition.
    """

    site: str
    page: str
    published: PublishedPage
    size: int
    followed: str


# What became of a page that was witnessed: see shared/lua/witness.lua.
Lifted = Literal["known", "counted", "live", "newer", "damaged"]


class WitnessStore:
    """Takes what servers testify into Redis.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._keys, self._settings = client, keys, settings

    async def lift(self, pages: Sequence[Witnessed], traceparent: str) -> list[Lifted | Exception]:
        """Write back what Redis no longer knows of some pages, in one round trip; never lowers anything.

        Args:
            pages: as a server holds them.
            traceparent: W3C trace context.

        Returns:
            what became of each, in the same order; an exception where Redis refused it.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; any of them may have been done.
        """
        answers = await run_all(self._client, [self._call(held, traceparent) for held in pages])
        return [answer if isinstance(answer, Exception) else answer[0].decode() for answer in answers]

    def _call(self, witnessed: Witnessed, traceparent: str) -> Call:
        names, (site, page, held, size, followed) = self._keys, witnessed
        partition = names.partition(site)
        script_keys = [
            names.site(site),
            names.sites(partition),
            names.pages(site),
            names.head(site, page),
            names.publications(site, page),
            names.page(site, page),
            names.artifacts(site, page),
            names.events(partition),
            names.open(partition),
            names.rebuilds(site),
            names.unserved(partition),
            names.versions(site, page),
        ]
        about: list[Argument] = [site, page, traceparent, self._settings.events_keep_s * 1000, position(followed)[0]]
        counters: list[Argument] = [held.seq, held.version, held.top_seq, held.top_version]
        built: list[Argument] = [held.etag, held.csp, size, held.built_at, held.body, held.moved]
        return Call(script("witness"), script_keys, [*about, *counters, *built])
