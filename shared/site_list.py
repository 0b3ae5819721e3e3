"""The sites that somebody may look at, found by a text in their slug, their title or one of their hostnames.

A site's hostnames are in another slot than its title, so no script sees both: a stretch of sites is read in two round
trips and compared here. One call looks at a bounded number of sites, whatever it finds.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shared.hostnames import HostnameStore
from shared.listing import Listing, cut, look_through
from shared.records import Site
from shared.sites import SiteStore

STRETCH = 500
MOST_LOOKED_AT = 2_000


class Wish(NamedTuple):
    """Which sites are looked for.

    Attributes:
        search: text in the slug, the title or a hostname, whatever its case; "" for any.
        among: slugs of those that may be looked at, in order; None for every site.
        after: slug to begin behind, "" for the first.
        limit: most sites.
    """

    search: str = ""
    among: Sequence[str] | None = None
    after: str = ""
    limit: int = 50


async def find_sites(sites: SiteStore, hostnames: HostnameStore, wish: Wish) -> Listing[Site]:
    """Find sites.

    Returns:
        sites by slug, with their hostnames; there may be none although others follow.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    search = wish.search.casefold()

    async def slugs(after: str, limit: int) -> Listing[str]:
        if wish.among is None:
            return await sites.slugs(after, limit)
        return cut([slug for slug in wish.among if slug > after], limit)

    async def look(after: str, limit: int) -> Listing[Site]:
        stretch = await slugs(after, STRETCH if search else limit)
        named = await sites.named(stretch.items)
        names = await hostnames.of([site.slug for site in named])
        whole = [
            msgspec.structs.replace(site, hostnames=each.hostnames) for site, each in zip(named, names, strict=True)
        ]
        found = [site for site in whole if _fits(site, search)]
        return Listing(found[:limit], found[limit - 1].slug if len(found) > limit else stretch.after)

    return await look_through(look, wish.after, wish.limit, MOST_LOOKED_AT // STRETCH)


def _fits(site: Site, search: str) -> bool:
    return any(search in text for text in (site.slug, site.title.casefold(), *site.hostnames))
