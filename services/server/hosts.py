"""Which site a host is: the whole map in memory, kept true by the follower.

A host that is no site's hostname is the shared host, on which sites are told apart by the path. Until the map was read
once nobody can say which of the two a host is, so nothing is answered by it.
"""

import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence

from redis.exceptions import RedisError

from shared.errors import PlatenError, Unavailable
from shared.host import plain_host
from shared.hostnames import HostnameStore, SiteNames
from shared.telemetry import traceparent_of

log = logging.getLogger(__name__)

CHUNK = 500
MOST_SHARED = 256


class Hosts:
    """Sites by hostname.

    Args:
        store: where the map is read from, and written back to where Redis has forgotten it.
        on_change: called when the map may have changed.
    """

    def __init__(self, store: HostnameStore, on_change: Callable[[], None] = lambda: None) -> None:
        self._store, self._on_change = store, on_change
        self._sites: dict[str, SiteNames] = {}
        self._owners: dict[bytes, str] = {}
        # The time up to which all changes are known here; of later ones, those that an event told of.
        self._followed = 0
        self.is_loaded = False
        # Hosts as they were written that turned out to be nobody's: the shared host has few spellings, and most hits.
        self._shared: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._owners)

    def site_of(self, host: bytes) -> str | None:
        """The site that answers under a host, None for the shared host.

        Args:
            host: the header as it came; its case, a port and a dot at the end do not matter.
        """
        owner = self._owners.get(host)
        if owner is not None or host in self._shared:
            return owner
        owner = self._owners.get(plain_host(host))
        if owner is None:
            self._remember_shared(host)
        return owner

    def names_of(self, site: str) -> tuple[str, ...]:
        """The hostnames of a site."""
        found = self._sites.get(site)
        return found.hostnames if found else ()

    def has_version(self, host: bytes, path: str) -> bool:
        """Whether a path is a version's address of the site that answers under a host: that is for its visitors."""
        site = self.site_of(host)
        return site is not None and path.startswith(f"/-/v/{site}/")

    async def load(self) -> None:
        """Read the map, unless that was done.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        if not self.is_loaded:
            await self._read_on(0)
            self.is_loaded = True

    async def refresh(self, sites: Iterable[str]) -> None:
        """Read the hostnames of some sites anew: an event said that they were set.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        chosen = list(dict.fromkeys(sites))
        if chosen:
            await self._well(self._refresh(chosen))

    async def catch_up(self) -> None:
        """Read what was set since the newest change that is known here, told or not.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        await self._well(self._catch_up())

    async def start_over(self) -> None:
        """Read the whole map, and write back what is newer here: Redis went back in time.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; to be done again.
        """
        await self._well(self._start_over())

    async def _refresh(self, sites: Sequence[str]) -> None:
        self._take(await self._store.of(sites))

    async def _catch_up(self) -> None:
        newest = await self._store.newest()
        if newest < self._followed:
            await self._start_over()
        elif newest > self._followed:
            await self._read_on(self._followed)

    async def _start_over(self) -> None:
        known = await self._read_on(0)
        ahead = [held for held in self._sites.values() if held.at > known.get(held.site, 0)]
        ahead.sort(key=lambda held: held.at)
        for first in range(0, len(ahead), CHUNK):
            restored = await self._store.witness(ahead[first : first + CHUNK], traceparent_of(""))
            if restored:
                log.error("Redis went back in time: the hostnames of %d sites were written back", len(restored))
        self.is_loaded = True

    async def _read_on(self, after: int) -> dict[str, int]:
        """Take what was set after a time, in the order in which it was set.

        Returns:
            site -> when Redis says that its hostnames were set.
        """
        found: dict[str, int] = {}
        while True:
            changes, upto = await self._store.changes(after, CHUNK)
            if not changes:
                self._followed = after
                return found
            self._take(changes)
            found |= {change.site: change.at for change in changes}
            after = upto

    def _take(self, changes: Iterable[SiteNames]) -> None:
        self._shared.clear()
        for change in changes:
            held = self._sites.get(change.site)
            if held is not None and held.at >= change.at:
                continue
            self._sites[change.site] = change
            for name in held.hostnames if held else ():
                if self._owners.get(name.encode()) == change.site:
                    del self._owners[name.encode()]
            for name in change.hostnames:
                owner = self._sites.get(self._owners.get(name.encode(), ""))
                # Two reads may overtake each other; a name is with whoever was given it last.
                if owner is None or owner.at < change.at:
                    self._owners[name.encode()] = change.site
        self._on_change()

    def _remember_shared(self, host: bytes) -> None:
        if len(self._shared) >= MOST_SHARED:
            self._shared.clear()
        self._shared.add(host)

    async def _well(self, reading: Coroutine[None, None, None]) -> None:
        """Read; what is held stays where what Redis has is damaged, for the pages must go on.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        try:
            await reading
        except Unavailable:
            raise
        except (PlatenError, RedisError, ValueError):
            log.exception("the hostnames cannot be read; what is held of them stays")
