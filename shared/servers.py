"""The servers, seen from outside: who is there, how far each of them is, and so on how many a publication is live."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from shared import keys
from shared.connection import Client, translated
from shared.heartbeat import read_alive
from shared.keys import Keys
from shared.records import Publication, Served
from shared.scripts import Argument, Call, script
from shared.streams import START, position

# How many publications one report tells of; where more wait, the next one does.
MOST_TOLD = 100


class Report(NamedTuple):
    """What a server last said of itself in a partition.

    Attributes:
        server: its name.
        at: the position up to which it has applied the events.
        gone: the newest event when it had been silent for too long; None while it counts.
    """

    server: str
    at: tuple[int, int]
    gone: tuple[int, int] | None = None


class Serving(msgspec.Struct, kw_only=True):
    """What a server says of itself with each heartbeat.

    Attributes:
        server: its name.
        pid, host: where it runs.
        state: "paused" serves what it holds while events do not arrive; "quiet" is about to leave.
        pages: pages it holds in memory.
        page_bytes: their size.
        streams: status streams it feeds.
        started_at: milliseconds since the epoch, UTC.
        applied: the position up to which it has applied the events, by partition.
    """

    server: str = ""
    pid: int = 0
    host: str = ""
    state: Literal["following", "paused", "quiet"] = "following"
    pages: int = 0
    page_bytes: int = 0
    streams: int = 0
    started_at: int = 0
    applied: dict[str, str] = {}


class ServerState(Serving, kw_only=True):
    """A server, and how far behind it is as its last reports say.

    They come with heartbeats, and sooner after a page changed.

    Attributes:
        behind_ms: for how long the oldest event that it has not applied has been there, 0 where there is none.
    """

    behind_ms: int = 0


def report(names: Keys, partition: int, server: str, at: str, bounds: tuple[int, int]) -> Call:
    """The call by which a server says how far it is.

    Args:
        names: keys.
        partition: of the events.
        server: its name.
        at: the position up to which it has applied them, "" where it leaves.
        bounds: time between heartbeats, and age at which events are trimmed, in milliseconds.
    """
    arguments: list[Argument] = [server, at, *bounds, MOST_TOLD]
    return Call(
        script("applied"), [names.applied(partition), names.unserved(partition), names.events(partition)], arguments
    )


def read_reports(fields: Mapping[bytes, bytes]) -> list[Report]:
    """Read the reports of a partition from their hash, by name; what is none is passed over."""
    reports = []
    for server, said in sorted(fields.items()):
        try:
            at, _, *gone = said.decode().split(" ")
            reports.append(Report(server.decode(), position(at), position(gone[0]) if gone else None))
        except ValueError:
            # The count of looks, which stands in the same hash.
            continue
    return reports


def with_served(publication: Publication, reports: Sequence[Report]) -> Publication:
    """A publication that says on how many servers it is, also while that is under way.

    Args:
        reports: of its partition.
    """
    if publication.served or not publication.position:
        return publication
    at = position(publication.position)
    having = [one for one in reports if one.gone is None and one.at >= at]
    missing = [one.server for one in reports if one.at < at and (one.gone is None or one.gone >= at)]
    served = Served(servers=len(having), of=len(having) + len(missing), missing=missing)
    return msgspec.structs.replace(publication, served=served)


async def read_servers(client: Client, names: Keys) -> list[ServerState]:
    """The servers that beat, by name; what dead ones left in the register goes.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    alive = await read_alive(client, keys.SERVERS)
    servers = {name: msgspec.json.decode(said, type=ServerState) for name, said in alive.items()}
    for name, server in servers.items():
        server.server = name
    if servers:
        await _add_reports(client, names, servers)
        await _add_delay(client, names, servers.values())
    return list(servers.values())


async def _add_reports(client: Client, names: Keys, servers: Mapping[str, ServerState]) -> None:
    """Reports are newer than heartbeats."""
    with translated():
        pipeline: Any = client.pipeline(transaction=False)
        for partition in range(names.partitions):
            pipeline.hgetall(names.applied(partition))
        reported = await pipeline.execute()
    for partition, fields in enumerate(reported):
        for one in read_reports(fields):
            if one.server in servers:
                servers[one.server].applied[str(partition)] = f"{one.at[0]}-{one.at[1]}"


async def _add_delay(client: Client, names: Keys, servers: Collection[ServerState]) -> None:
    """Look at the first event behind each position."""
    asked = [(server, int(partition), at) for server in servers for partition, at in server.applied.items()]
    with translated():
        pipeline: Any = client.pipeline(transaction=False)
        pipeline.time()
        for _, partition, at in asked:
            pipeline.xrange(names.events(partition), min=f"({at}", count=1)
        (seconds, microseconds), *firsts = await pipeline.execute()
    now_ms = seconds * 1000 + microseconds // 1000
    for (server, _, at), first in zip(asked, firsts, strict=True):
        if first and at != START:
            waited_ms = now_ms - position(first[0][0].decode())[0]
            server.behind_ms = max(server.behind_ms, waited_ms, 1)
