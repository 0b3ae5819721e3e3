"""What a publication waits for: how many are built before it, by how many builders, and about how long that takes.

All of it is estimated from what is there anyway, in a bounded number of reads: whoever waits may ask every second.
"""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from shared.builders import Doing, read_builders
from shared.connection import Client, translated
from shared.errors import Undecodable
from shared.events import PageBuilt, decode_event
from shared.keys import Keys
from shared.records import Publication
from shared.scripts import Call, run, script

# Of the newest events; what is older says little of how quick builds are now.
EVENTS = 200


class Backlog(NamedTuple):
    """What a publication waits for.

    Attributes:
        ahead: publications that people asked for before it, in its partition, and that have not ended.
        wait_ms: until it is probably live; 0 where its build has begun or it has ended, None where nobody can tell.
        builders: how many take work.
    """

    ahead: int
    wait_ms: int | None
    builders: int


async def read_backlog(client: Client, keys: Keys, site: str, page: str, publication: Publication) -> Backlog:
    """What a publication waits for.

    Args:
        publication: of that page, as it stands now.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    partition = keys.partition(site)
    builders = _count(await read_builders(client))
    if publication.state not in {"queued", "retrying"}:
        return Backlog(0, 0, builders)
    call = Call(script("ahead"), [keys.open(partition), keys.publications(site, "")], [site, page, publication.seq])
    [ahead] = await run(client, call)
    with translated():
        events = await client.xrevrange(keys.events(partition), count=EVENTS)
    each_ms = per_page_ms([fields[b"data"] for _, fields in events])
    return Backlog(ahead, _wait_ms(publication, ahead, each_ms, builders), builders)


def per_page_ms(events: Sequence[bytes]) -> float | None:
    """How long a builder takes for a page, by the newest events; None where none of them was built.

    Pages of one batch are told with one time, that of their batch.
    """
    built = [event for event in map(_read, events) if event is not None and event.build_ms > 0]
    batches = {(event.by, event.build_ms) for event in built}
    return sum(build_ms for _, build_ms in batches) / len(built) if built else None


def _wait_ms(publication: Publication, ahead: int, each_ms: float | None, builders: int) -> int | None:
    # When one that failed is tried again, its event says.
    if each_ms is None or not builders or publication.state == "retrying":
        return None
    return ceil(each_ms * (ahead // builders + 1))


def _count(builders: Sequence[Doing]) -> int:
    return sum(builder.state in {"idle", "building"} for builder in builders)


def _read(data: bytes) -> PageBuilt | None:
    try:
        event = decode_event(data)
    except Undecodable:
        return None
    return event if isinstance(event, PageBuilt) else None
