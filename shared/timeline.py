"""What visitors got of a page at an instant, found in its publications without reading all of them.

A script looks for it where they are (live_at.lua): most often in one round trip, whatever their number. Only where
thousands in a row never went live does it go on in a further one, so that Redis is free for others in between.

All times are Redis's own. Where its clock was set back, an instant that it passed twice has two answers; one is given.
"""

from typing import NamedTuple

from shared.connection import Client
from shared.keys import Keys
from shared.records import Publication, decode_publication
from shared.scripts import Call, run, script

STRETCH = 4_000


class Moment(NamedTuple):
    """What visitors got at an instant.

    Attributes:
        version: 0 where they got nothing.
        publication: that brought it about; None before the first.
    """

    version: int
    publication: Publication | None


async def live_at(client: Client, keys: Keys, site: str, page: str, at_ms: int) -> Moment:
    """What visitors got at an instant.

    Args:
        at_ms: milliseconds since the epoch.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    script_keys = [keys.head(site, page), keys.publications(site, page)]
    outcome, rest = b"further", [b"0"]
    while outcome == b"further":
        call = Call(script("live_at"), script_keys, [at_ms, int(rest[0]), STRETCH])
        outcome, *rest = await run(client, call)
    if outcome == b"none":
        return Moment(0, None)
    publication = decode_publication(rest[0])
    return Moment(publication.version, publication)
