"""What visitors got of a page at an instant, found in its publications without reading all of them.

Every publication keeps when it was accepted, which rises with its seq; so the last one accepted by then is found as by
halving, only that each look reads many records at once and leaves a fraction of the rest. From there it goes back, in
stretches that grow, to the first that had gone live by then: most often the one found, or the one before it.
For 100,000 publications that is six round trips, and about twenty more where none of the last 100,000 went live.

All times are Redis's own. Where its clock was set back, an instant that it passed twice has two answers; one is given.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from shared.connection import Client, translated
from shared.keys import Keys
from shared.records import Publication, Step, decode_publication

LOOKS = 64
MOST_AT_ONCE = 8_192


class Moment(NamedTuple):
    """What visitors got at an instant.

    Attributes:
        version: 0 where they got nothing.
        publication: that brought it about; None before the first.
    """

    version: int
    publication: Publication | None


class _Brief(msgspec.Struct, frozen=True):
    """What is read of most records."""

    seq: int
    steps: list[Step]

    @property
    def accepted_at(self) -> int:
        return self.steps[0].at

    @property
    def live_at(self) -> int | None:
        return next((step.at for step in reversed(self.steps) if step.state == "live"), None)


_BRIEF = msgspec.json.Decoder(_Brief)


async def live_at(client: Client, keys: Keys, site: str, page: str, at_ms: int) -> Moment:
    """What visitors got at an instant.

    Args:
        at_ms: milliseconds since the epoch.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    key = keys.publications(site, page)
    with translated():
        newest = int(await client.hget(keys.head(site, page), "live_seq") or 0)
        seq = await _last_accepted(client, key, newest, at_ms)
        found = await _last_live(client, key, seq, at_ms)
        json = await client.hget(key, str(found)) if found else None
    if json is None:
        return Moment(0, None)
    publication = decode_publication(json)
    return Moment(publication.version, publication)


async def _last_accepted(client: Client, key: str, newest: int, at_ms: int) -> int:
    """The highest seq that was accepted by an instant, at most the newest; 0 for none.

    Where a Redis went back in time and pages were written back, records are missing. Then it may be a higher one, of which
    nothing is known, but never a lower one.
    """
    low, high = 0, newest + 1  # accepted by then, and not
    while high - low > 1:
        found = await _read(client, key, range(low + 1, high, max(1, (high - low) // LOOKS)))
        before = (low, high)
        low = max((seq for seq, brief in found.items() if brief.accepted_at <= at_ms), default=low)
        high = min((seq for seq, brief in found.items() if brief.accepted_at > at_ms and seq > low), default=high)
        if (low, high) == before:
            break
    return high - 1


async def _last_live(client: Client, key: str, seq: int, at_ms: int) -> int:
    """The highest seq, at most this one, that was live by an instant; 0 for none."""
    size = LOOKS
    while seq > 0:
        stretch = range(seq, max(0, seq - size), -1)
        found = await _read(client, key, stretch)
        live = [each.seq for each in found.values() if each.live_at is not None and each.live_at <= at_ms]
        if live:
            return max(live)
        seq, size = stretch[-1] - 1, min(2 * size, MOST_AT_ONCE)
    return 0


async def _read(client: Client, key: str, seqs: Sequence[int]) -> Mapping[int, _Brief]:
    """Those of some publications that there are, and can be read, in one round trip."""
    found: list[Any] = await client.hmget(key, [str(seq) for seq in seqs])
    briefs = (_brief(json) for json in found if json)
    return {brief.seq: brief for brief in briefs if brief is not None and brief.steps}


def _brief(json: bytes) -> _Brief | None:
    try:
        return _BRIEF.decode(json)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
