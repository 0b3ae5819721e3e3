"""What visitors get: published pages, what tells one publication of a page from another, and which pages are live."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.connection import Client, translate, translated
from shared.errors import Unavailable
from shared.keys import Keys
from shared.listing import Listing, read_slugs
from shared.records import PublishedPage

_FIELDS = ("seq", "version", "etag", "csp", "built_at", "body", "moved")


class Mark(NamedTuple):
    """What tells one publication of a page from another.

    Attributes:
        seq: the publication; 0 where nothing was ever live.
        etag: hash of its bytes, without quotes; "" where there are none.
    """

    seq: int
    etag: str


class LivePage(NamedTuple):
    """A page that visitors get now.

    Attributes:
        page: its slug.
        built_at: milliseconds since the epoch, UTC.
    """

    page: str
    built_at: int


class PublishedStore:
    """Published pages in Redis.

    Args:
        client: for short calls.
        keys: names.
    """

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def read(self, pages: Sequence[tuple[str, str]]) -> list[PublishedPage | None]:
        """Published pages in one round trip.

        Args:
            pages: (site, page) each.

        Returns:
            in the same order; None where nothing was ever live.
        """
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for site, page in pages:
                pipeline.hmget(self._keys.page(site, page), _FIELDS)
                pipeline.hgetall(self._keys.head(site, page))
            answers = await pipeline.execute(raise_on_error=False)
            for answer in answers[::2]:
                if isinstance(answer, Exception):
                    raise answer
        return [_published(values, head) for values, head in zip(answers[::2], answers[1::2], strict=True)]

    async def marks(self, pages: Sequence[tuple[str, str]]) -> list[Mark | None]:
        """What is live of some pages, without their bytes, in one round trip.

        Args:
            pages: (site, page) each.

        Returns:
            in the same order; None where what is stored is damaged.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for site, page in pages:
                pipeline.hmget(self._keys.page(site, page), ["seq", "etag"])
            answers = await pipeline.execute(raise_on_error=False)
        return [_mark(answer) for answer in answers]

    async def of_site(self, site: str, after: str, limit: int) -> Listing[LivePage]:
        """Pages of a site that are live, by slug, in two round trips whatever their number.

        Args:
            after: slug to begin behind, "" for the first.
            limit: most pages to look at; those that are not live count, too.
        """
        slugs, following = await read_slugs(self._client, self._keys.pages(site), after, limit)
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for slug in slugs:
                pipeline.hmget(self._keys.page(site, slug), ["version", "built_at"])
            found = await pipeline.execute()
        live = [
            LivePage(slug, int(built_at))
            for slug, (version, built_at) in zip(slugs, found, strict=True)
            if int(version or 0) > 0
        ]
        return Listing(live, following)


def _published(values: Sequence[bytes | None], head: Any) -> PublishedPage | None:
    seq, version, etag, csp, built_at, body, moved = values
    if seq is None:
        return None
    return PublishedPage(
        seq=int(seq),
        version=int(version or 0),
        etag=(etag or b"").decode(),
        csp=(csp or b"").decode(),
        built_at=int(built_at or 0),
        body=body or b"",
        top_seq=_top(head, b"seq"),
        top_version=_top(head, b"version"),
        moved=(moved or b"").decode(),
    )


def _mark(answer: Any) -> Mark | None:
    """Raises: StoreUnavailable, StoreUncertain, where Redis did not answer this question for a reason that passes."""
    if isinstance(answer, Exception):
        error = translate(answer)
        if isinstance(error, Unavailable):
            raise error
        return None
    seq, etag = answer
    try:
        return Mark(int(seq or 0), (etag or b"").decode())
    except ValueError:
        return None


def _top(head: Any, counter: bytes) -> int:
    """A counter of a head; where that is damaged 0, for the page itself is well."""
    try:
        return int(head[counter])
    except (TypeError, KeyError, ValueError):
        return 0
