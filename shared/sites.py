"""Sites: made, listed, looked at, and what new pages of one begin with.

A site may be in any partition. Every write is one script in one round trip.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.connection import Client, translated
from shared.errors import Conflict, NotFound
from shared.idempotency import Request, claim, refuse_mismatch, remembering, scoped
from shared.keys import Keys
from shared.listing import Listing, cut, read_slugs
from shared.records import Site
from shared.scripts import Call, run, script
from shared.settings import Settings


class ChangedSite(NamedTuple):
    """A site that was created or changed.

    Attributes:
        site: the site.
        replayed: an earlier request with the same key did it.
    """

    site: Site
    replayed: bool


class SiteStore:
    """Sites in Redis.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._keys, self._settings = client, keys, settings

    async def create(self, slug: str, title: str, request: Request) -> ChangedSite:
        """Create a site.

        Raises:
            Conflict: it exists.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        await claim(self._client, self._keys, self._settings, "", request)
        site_keys = [self._keys.site(slug), self._keys.sites(self._keys.partition(slug))]
        arguments = [slug, title, scoped(request)]
        answer = await run(self._client, Call(script("create_site"), site_keys, arguments))
        if answer[0] == b"exists":
            mend = "choose another slug, with a new Idempotency-Key, or use the site that is there"
            raise Conflict(f"The site {slug!r} exists.", mend)
        site = Site(slug=slug, title=title, created_at=int(answer[1]))
        return ChangedSite(site, replayed=answer[0] == b"replayed")

    async def set_title(self, slug: str, title: str, request: Request) -> ChangedSite:
        """Give a site another title.

        Raises:
            NotFound: there is no such site.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = [self._keys.site(slug), self._keys.idempotency(slug, scoped(request))]
        arguments = [title, *remembering(request, self._settings)]
        answer = await run(self._client, Call(script("set_title"), names, arguments))
        refuse_mismatch(answer[0])
        if answer[0] == b"missing":
            raise no_site(slug)
        site = Site(slug=slug, title=answer[1].decode(), created_at=int(answer[2]))
        return ChangedSite(site, replayed=answer[0] == b"replayed")

    async def show(self, slug: str) -> Site:
        """Raises: NotFound, where there is no such site."""
        with translated():
            title, created_at = await self._client.hmget(self._keys.site(slug), ["title", "created_at"])
        if created_at is None:
            raise no_site(slug)
        return Site(slug=slug, title=title.decode(), created_at=int(created_at))

    async def listed(self, after: str, limit: int) -> Listing[Site]:
        """Sites by slug.

        Args:
            after: slug to begin behind, "" for the first.
            limit: most sites.
        """
        slugs = await self.slugs(after, limit)
        return Listing(await self.named(slugs.items), slugs.after)

    async def slugs(self, after: str, limit: int) -> Listing[str]:
        """Slugs of the sites, in order; arguments as above."""
        slugs: list[str] = []
        for partition in range(self._keys.partitions):
            slugs += (await read_slugs(self._client, self._keys.sites(partition), after, limit + 1)).items
        return cut(sorted(slugs), limit)

    async def named(self, slugs: Sequence[str]) -> list[Site]:
        """Those of some sites that there are, in the same order, in one round trip."""
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for slug in slugs:
                pipeline.hmget(self._keys.site(slug), ["title", "created_at"])
            found = await pipeline.execute()
        return [
            Site(slug=slug, title=title.decode(), created_at=int(created_at))
            for slug, (title, created_at) in zip(slugs, found, strict=True)
            if created_at is not None
        ]

    async def defaults(self, slug: str) -> bytes:
        """What new pages of a site begin with: the JSON of a part of a config.

        Raises:
            NotFound: no such site.
        """
        with translated():
            created_at, config = await self._client.hmget(self._keys.site(slug), ["created_at", "defaults"])
        if created_at is None:
            raise no_site(slug)
        found: bytes = config or b"{}"
        return found

    async def set_defaults(self, slug: str, config: bytes, request: Request) -> bool:
        """Set what new pages of a site begin with.

        Args:
            config: JSON of a part of a config.

        Returns:
            whether an earlier request with the same key set it.

        Raises:
            NotFound: no such site.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        script_keys = [self._keys.site(slug), self._keys.idempotency(slug, scoped(request))]
        arguments = [config, *remembering(request, self._settings)]
        [outcome] = await run(self._client, Call(script("set_defaults"), script_keys, arguments))
        if outcome == b"no-site":
            raise no_site(slug)
        refuse_mismatch(outcome)
        return bool(outcome == b"replayed")


def no_site(slug: str) -> NotFound:
    """The error for a site that does not exist."""
    return NotFound("site", slug, "create it with POST /-/api/v1/sites")
