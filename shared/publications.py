"""Publications of a page: how one went, and what was asked for, the newest first.

How many servers one is live on is counted when it is read, by how far each server says that it is.
"""

from collections.abc import Sequence
from typing import Any

from shared.connection import Client, translated
from shared.errors import NotFound
from shared.keys import Keys
from shared.listing import Listing
from shared.pages import check_page
from shared.records import Head, Publication, decode_publication
from shared.servers import Report, read_reports, with_served


class PublicationStore:
    """Publications in Redis.

    Args:
        client: for short calls.
        keys: names.
    """

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def show(self, site: str, page: str, seq: int) -> Publication:
        """One publication.

        Raises:
            NotFound: no such page or publication.
        """
        [json], reports = await self._records(site, page, [str(seq)])
        if json is None:
            await check_page(self._client, self._keys, site, page)
            raise no_publication(seq)
        return with_served(decode_publication(json), reports)

    async def listed(self, site: str, page: str, before: int, limit: int) -> Listing[Publication]:
        """Publications, newest first.

        Args:
            before: seq to begin below, 0 for the newest.
            limit: most publications.

        Raises:
            NotFound: no such page.
        """
        newest = (await check_page(self._client, self._keys, site, page)).seq
        first = min(newest, before - 1) if before else newest
        numbers = range(first, max(0, first - limit), -1)
        found, reports = await self._records(site, page, _names(numbers))
        items = [with_served(decode_publication(json), reports) for json in found if json]
        return Listing(items, str(numbers[-1]) if numbers and numbers[-1] > 1 else "")

    async def wanted(self, site: str, heads: Sequence[tuple[str, Head]]) -> list[Publication | None]:
        """The newest accepted publication of each page, in one round trip; None before the first.

        Args:
            heads: pages with their heads, from `PageStore.listed`.
        """
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for page, head in heads:
                pipeline.hget(self._keys.publications(site, page), str(head.wanted_seq))
            found = await pipeline.execute()
        return [decode_publication(json) if json else None for json in found]

    async def _records(self, site: str, page: str, seqs: list[str]) -> tuple[list[bytes | None], list[Report]]:
        """Publications' records, None where there is none, and how far each server is, in one round trip."""
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            pipeline.hgetall(self._keys.applied(self._keys.partition(site)))
            if seqs:
                pipeline.hmget(self._keys.publications(site, page), seqs)
            applied, *found = await pipeline.execute()
        return found[0] if found else [], read_reports(applied)


def no_publication(seq: int) -> NotFound:
    """The error for a publication that does not exist."""
    return NotFound("publication", str(seq), "list them with GET …/publications")


def _names(numbers: range) -> list[str]:
    return [str(number) for number in numbers]
