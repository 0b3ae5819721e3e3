"""The streams: work for the builders' group, and events for everybody.

`Queue` hands out work and finds entries whose builder is dead; acknowledging is not here but in the scripts that
settle an entry, so that it happens together with what it acknowledges. `EventLog` reads what happened.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from shared.connection import Client, translated
from shared.keys import GROUP, Keys, Lane, beat
from shared.scripts import Call, run, script

LANES: tuple[Lane, ...] = ("interactive", "bulk")
START = "0-0"

_POSITION = re.compile(r"(\d{1,15})-(\d{1,19})")


class Entry(NamedTuple):
    """One entry of a stream.

    Attributes:
        stream: the key it was read from.
        partition: the partition of that key.
        id: its position, `<ms>-<n>`.
        fields: what it holds, as bytes; empty where it was trimmed while pending.
        deliveries: how often it was handed to a builder, by Redis's own count.
    """

    stream: str
    partition: int
    id: str
    fields: Mapping[bytes, bytes]
    deliveries: int = 1

    @property
    def type(self) -> str:
        return self.fields.get(b"type", b"").decode(errors="replace")

    @property
    def data(self) -> bytes:
        return self.fields.get(b"data", b"")

    @property
    def traceparent(self) -> str:
        return self.fields.get(b"traceparent", b"").decode("ascii", errors="replace")


def parse_position(text: str) -> tuple[int, int] | None:
    """Read a stream position, such as an SSE client's last id.

    Returns:
        the two numbers, which compare in stream order; None where the text is not a position.
    """
    match = _POSITION.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def position(text: str) -> tuple[int, int]:
    """Read a stream position that Redis gave us."""
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number)


class Queue:
    """The work streams of some partitions, seen by one builder.

    Args:
        client: for short calls.
        blocking: for blocking reads; its socket timeout lies above `block_ms`.
        keys: names.
        builder: this builder's name, unique per start.
        partitions: whose streams to read.
    """

    def __init__(
        self, client: Client, blocking: Client, keys: Keys, builder: str, partitions: Sequence[int] = (0,)
    ) -> None:
        self._client, self._blocking, self.builder = client, blocking, builder
        self.lanes = {keys.builds(p, lane): p for lane in LANES for p in partitions}
        self._delayed = [(keys.delayed(p), keys.builds(p), keys.builds(p, "bulk")) for p in partitions]

    async def ensure_groups(self) -> None:
        """Create the group on every lane, from the very first entry; where it exists nothing changes.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            for stream in self.lanes:
                try:
                    await self._client.xgroup_create(stream, GROUP, id="0", mkstream=True)
                except ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise

    async def take(self, count: int, block_ms: int | None) -> list[Entry]:
        """Take new entries, interactive ones first.

        Args:
            count: most entries per stream.
            block_ms: how long to wait for the first, 1 to 2000; None does not wait. Stop by not calling again, never
                by cancelling: a cancelled read can leave an entry pending that nobody saw.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            try:
                answer = await self._blocking.xreadgroup(
                    GROUP, self.builder, dict.fromkeys(self.lanes, ">"), count=count, block=block_ms
                )
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                await self.ensure_groups()
                return []
        return [entry for stream, entries in _by_stream(answer) for entry in self._entries(stream, entries)]

    async def claim_from_the_dead(self, count: int, idle_ms: int) -> list[Entry]:
        """Take over entries of builders whose heartbeat is gone, and forget those that hold none.

        Args:
            count: most entries per stream and dead builder.
            idle_ms: least time since an entry was last delivered, so that two claimers do not both get it.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        claimed: list[Entry] = []
        for stream in self.lanes:
            for consumer in await self._dead_consumers(stream):
                entries = await self._claim(stream, consumer, count, idle_ms)
                claimed += entries
                if not entries:
                    await self._forget(stream, consumer)
        return claimed

    async def claim_from(self, consumer: str, count: int, idle_ms: int) -> list[Entry]:
        """Take entries that are pending under a name: one's own, after an interruption.

        Args:
            count: most entries per stream.
            idle_ms: least time since an entry was last delivered.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        return [entry for stream in self.lanes for entry in await self._claim(stream, consumer, count, idle_ms)]

    async def forget(self, consumer: str) -> None:
        """Remove a name from the groups, unless it has entries.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        for stream in self.lanes:
            await self._forget(stream, consumer)

    async def move_due(self, most: int = 100) -> int:
        """Move retries that are due back to their lanes.

        Returns:
            how many were moved.
        """
        moved = 0
        for stream_keys in self._delayed:
            answer = await run(self._client, Call(script("due"), stream_keys, [most]))
            moved += int(answer[0])
        return moved

    async def waiting(self) -> int:
        """Length of all lanes: entries are deleted when settled, so this is the backlog, work in hand included."""
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for stream in self.lanes:
                pipeline.xlen(stream)
            return sum(await pipeline.execute())

    async def _claim(self, stream: str, consumer: str, count: int, idle_ms: int) -> list[Entry]:
        with translated():
            pending = await self._client.xpending_range(stream, GROUP, "-", "+", count, consumer)
            if not pending:
                return []
            delivered = {item["message_id"]: item["times_delivered"] + 1 for item in pending}
            raw = await self._client.xclaim(stream, GROUP, self.builder, idle_ms, list(delivered))
        return [entry._replace(deliveries=delivered[entry.id.encode()]) for entry in self._entries(stream, raw)]

    async def _forget(self, stream: str, consumer: str) -> None:
        await run(self._client, Call(script("forget"), [stream], [GROUP, consumer]))

    async def _dead_consumers(self, stream: str) -> list[str]:
        with translated():
            try:
                consumers = await self._client.xinfo_consumers(stream, GROUP)
            except ResponseError as error:
                if "NOGROUP" in str(error) or "no such key" in str(error):
                    return []
                raise
            names = [consumer["name"].decode() for consumer in consumers]
            others = [name for name in names if name != self.builder]
            if not others:
                return []
            pipeline: Any = self._client.pipeline(transaction=False)
            for name in others:
                pipeline.exists(beat(name))
            alive = await pipeline.execute()
        return [name for name, is_alive in zip(others, alive, strict=True) if not is_alive]

    def _entries(self, stream: str, raw: Sequence[Any]) -> list[Entry]:
        partition = self.lanes[stream]
        return [Entry(stream, partition, id_.decode(), fields or {}) for id_, fields in raw if id_]


class EventLog:
    """The events streams of some partitions.

    Args:
        client: for short calls.
        blocking: for blocking reads; its socket timeout lies above the block.
        keys: names.
        partitions: whose events to read.
    """

    def __init__(self, client: Client, blocking: Client, keys: Keys, partitions: Sequence[int] = (0,)) -> None:
        self._client, self._blocking, self._keys = client, blocking, keys
        self.partitions = tuple(partitions)
        self._streams = {keys.events(p): p for p in partitions}

    async def tail(self) -> dict[int, str]:
        """The position of the newest event ever written, per partition.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        positions = {}
        for stream, partition in self._streams.items():
            info = await self._info(stream)
            positions[partition] = info["last-generated-id"].decode() if info else START
        return positions

    async def read(self, after: Mapping[int, str], block_ms: int, count: int = 1000) -> list[Entry]:
        """Wait for events after a position per partition.

        Args:
            after: position last applied, per partition.
            block_ms: how long to wait, 1 to 2000.
            count: most events per partition.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        asked: Any = {stream: after[p] for stream, p in self._streams.items()}
        with translated():
            answer = await self._blocking.xread(asked, count=count, block=block_ms)
        return [entry for stream, raw in _by_stream(answer) for entry in self._entries(stream, raw)]

    async def history(self, partition: int, after: str, count: int) -> list[Entry]:
        """Events after a position, oldest first, without waiting.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        stream = self._keys.events(partition)
        with translated():
            raw = await self._client.xrange(stream, min=f"({after}", count=count)
        return self._entries(stream, raw)

    async def is_resumable(self, partition: int, after: str) -> bool:
        """Whether every event after a position is still there.

        False for a position older than what is kept, for one that this stream has not reached, and for one from
        before an emptied Redis: all would read as silence or as a gap. Errs towards False, after which a reader
        takes a snapshot.
        """
        info = await self._info(self._keys.events(partition))
        if not info:
            return after == START
        asked = position(after)
        if asked > position(info["last-generated-id"].decode()):
            return False
        if after == START and info["entries-added"] == info["length"]:
            return True
        first = info["first-entry"]
        return asked >= position(first[0].decode()) if first else asked == position(info["last-generated-id"].decode())

    async def _info(self, stream: str) -> dict[str, Any]:
        with translated():
            try:
                info: dict[str, Any] = await self._client.xinfo_stream(stream)
            except ResponseError as error:
                if "no such key" in str(error):
                    return {}
                raise
        return info

    def _entries(self, stream: str, raw: Sequence[Any]) -> list[Entry]:
        partition = self._streams[stream]
        return [Entry(stream, partition, id_.decode(), fields or {}) for id_, fields in raw]


def _by_stream(answer: Any) -> list[tuple[str, Any]]:
    return [(stream.decode(), entries) for stream, entries in answer or []]
