"""The streams: work for the builders' group, and events for everybody.

`Queue` hands out work and takes over entries whose builder is dead; acknowledging is not here but in the scripts that
settle an entry, so that it happens together with what it acknowledges. `EventLog` reads what happened.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from shared.connection import Client, translated
from shared.keys import GROUP, Keys, Lane
from shared.scripts import Call, run, script

LANES: tuple[Lane, ...] = ("interactive", "bulk")
START = "0-0"
BULK_COUNT = 3
BULK_AFTER = 16

_POSITION = re.compile(r"(\d{1,15})-(\d{1,19})")


class NoGroup(Exception):
    """The group is gone: Redis was emptied, or somebody deleted a lane."""


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
        """The trace context; "" where it is not one. It travels on into events, so nothing else may pass for it."""
        return self.fields.get(b"traceparent", b"")[:64].decode("ascii", errors="replace")

    @property
    def since(self) -> str:
        """When it was first put off for a newer builder, ms; "" where it was not."""
        return self.fields.get(b"since", b"")[:16].decode("ascii", errors="replace")


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


class Fed(NamedTuple):
    """What feeding the lanes came to.

    Attributes:
        wait_ms: until the next entry of the delayed set is due; None where none waits.
        rebuilds: how many rebuilds still have pages to queue.
        quiet_ms: since the newest interactive entry came; None where none ever did.
    """

    wait_ms: int | None
    rebuilds: int
    quiet_ms: int | None = None


class Queue:
    """The lanes of some partitions, seen by one builder.

    Args:
        client: for short calls.
        blocking: for taking entries; its socket timeout lies above `block_ms`, and it does not repeat calls, so that
            a lost answer is noticed: what it told of is pending and waits for `take_again`.
        keys: names.
        builder: this builder's name, unique per start.
        partitions: whose lanes to read.
    """

    def __init__(
        self, client: Client, blocking: Client, keys: Keys, builder: str, partitions: Sequence[int] = (0,)
    ) -> None:
        self._client, self._blocking, self.builder = client, blocking, builder
        self.lanes = {keys.builds(p, lane): p for lane in LANES for p in partitions}
        self._interactive = [keys.builds(p) for p in partitions]
        self._in_a_row = 0
        self._feeding = {
            p: [keys.delayed(p), keys.rebuilding(p), *keys.lane(p), *keys.lane(p, "bulk")] for p in partitions
        }

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

    async def take(self, count: int, block_ms: int | None, rest_ms: int = 0) -> list[Entry]:
        """Take new entries: interactive ones, and where there is none, a few of whatever comes first.

        Where there are always interactive ones, the bulk lane has its turn now and then.

        Args:
            count: most interactive entries per partition. From the bulk lane come fewer at once, so that an
                interactive one never waits long for a builder's hands.
            block_ms: how long to wait for the first, 1 to 2000; None does not wait. Stop by not calling again, never
                by cancelling: a cancelled read can leave an entry pending that nobody saw.
            rest_ms: how long to wait for an interactive one before anything of the bulk lane is taken.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        try:
            with translated():
                if self._in_a_row < BULK_AFTER:
                    entries = await self._read(self._interactive, count, rest_ms or None)
                    if entries:
                        self._in_a_row += 1
                        return entries
                self._in_a_row = 0
                return await self._read(self.lanes, min(count, BULK_COUNT), block_ms)
        except NoGroup:
            await self.ensure_groups()
            return []

    def is_bulk(self, entry: Entry) -> bool:
        """Whether an entry came from the bulk lane."""
        return entry.stream not in self._interactive

    async def take_again(self, count: int) -> list[Entry]:
        """Entries that are pending under this builder's name, after an interruption; their delivery count stays.

        Args:
            count: most entries per lane.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        entries: list[Entry] = []
        with translated():
            for stream in self.lanes:
                pending = await self._pending(stream, self.builder, count)
                pipeline: Any = self._client.pipeline(transaction=False)
                for id_ in pending:
                    pipeline.xrange(stream, id_, id_)
                # What was trimmed while it was pending has no fields, and is judged like any other unreadable entry.
                for (id_, deliveries), found in zip(pending.items(), await pipeline.execute(), strict=True):
                    fields = found[0][1] if found else {}
                    entries.append(Entry(stream, self.lanes[stream], id_.decode(), fields, deliveries))
        return entries

    async def claim(self, dead: str, count: int) -> list[Entry]:
        """Take over entries of a dead builder from the first lane in which it has any.

        Args:
            dead: its name.
            count: most entries; one that was delivered twice or more comes alone.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        for stream, partition in self.lanes.items():
            call = Call(script("claim"), [stream], [GROUP, dead, self.builder, count])
            found = await run(self._blocking, call)
            if found:
                return [
                    Entry(stream, partition, id_.decode(), dict(zip(flat[::2], flat[1::2], strict=True)), deliveries)
                    for id_, deliveries, flat in found
                ]
        return []

    async def consumers(self) -> set[str]:
        """Names of all builders that a lane knows.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        found: set[str] = set()
        for stream in self.lanes:
            try:
                with translated():
                    consumers = await self._client.xinfo_consumers(stream, GROUP)
            except ResponseError as error:
                if "NOGROUP" in str(error) or "no such key" in str(error):
                    continue
                raise
            found |= {consumer["name"].decode() for consumer in consumers}
        return found

    async def remove(self, builder: str, hand_back: int = 0) -> int:
        """Take a name out of the lanes; where entries are left under it, it stays.

        Args:
            builder: the name.
            hand_back: most entries per lane that go back as new ones; 0 hands back none.

        Returns:
            how many went back.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        handed_back = 0
        for stream in self.lanes:
            answer = await run(self._client, Call(script("leave"), [stream], [GROUP, builder, hand_back]))
            handed_back += answer[0]
        return handed_back

    def feeds(self, partitions: Iterable[int] | None = None, most: int = 100) -> list[Call]:
        """Calls that bring up what is due and what waits for room; `fed` reads their answers.

        Args:
            partitions: where; everywhere if not given.
            most: due entries to move at once, per partition.
        """
        chosen = self._feeding if partitions is None else partitions
        return [Call(script("feed"), self._feeding[p], [most, GROUP]) for p in chosen]

    @staticmethod
    def fed(answers: Sequence[Any]) -> Fed:
        """What the answers of `feeds` say."""
        waits = [wait_ms for _, wait_ms, _, _ in answers if wait_ms >= 0]
        quiet = [quiet_ms for *_, quiet_ms in answers if quiet_ms >= 0]
        rebuilds = sum(rebuilds for _, _, rebuilds, _ in answers)
        return Fed(min(waits, default=None), rebuilds, min(quiet, default=None))

    async def _read(self, streams: Iterable[str], count: int, block_ms: int | None) -> list[Entry]:
        try:
            answer = await self._blocking.xreadgroup(
                GROUP, self.builder, dict.fromkeys(streams, ">"), count=count, block=block_ms
            )
        except ResponseError as error:
            if "NOGROUP" in str(error):
                raise NoGroup from error
            raise
        return [entry for stream, entries in _by_stream(answer) for entry in self._entries(stream, entries)]

    async def _pending(self, stream: str, consumer: str, count: int) -> dict[bytes, int]:
        try:
            pending = await self._client.xpending_range(stream, GROUP, "-", "+", count, consumer)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            return {}
        return {item["message_id"]: item["times_delivered"] for item in pending}

    def _entries(self, stream: str, raw: Sequence[Any]) -> list[Entry]:
        partition = self.lanes[stream]
        return [Entry(stream, partition, id_.decode(), fields or {}) for id_, fields in raw if id_]


class Past(NamedTuple):
    """What led up to a position.

    Attributes:
        entries: oldest first.
        is_whole: whether they begin with the very first that there ever was.
    """

    entries: list[Entry]
    is_whole: bool


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

    async def newest(self, partition: int, before: str, count: int) -> list[Entry]:
        """Events before a position, newest first.

        Args:
            partition: whose events.
            before: a position, "" for the end.
            count: most events.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        stream = self._keys.events(partition)
        with translated():
            raw = await self._client.xrevrange(stream, max=f"({before}" if before else "+", count=count)
        return self._entries(stream, raw)

    async def before(self, partition: int, at: str, count: int) -> Past:
        """Events up to a position, that of an event, with that event itself.

        Args:
            partition: whose events.
            at: the position; where no event has it, it is of another history or trimmed, and there are none.
            count: most events.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        stream = self._keys.events(partition)
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            pipeline.xrevrange(stream, max=at, count=count)
            # Asked behind it: had anything been trimmed before, it would say so.
            pipeline.xinfo_stream(stream)
            raw, info = await pipeline.execute(raise_on_error=False)
            entries = self._entries(stream, reversed(_found(raw)))
            if not entries or entries[-1].id != at:
                return Past([], is_whole=False)
            return Past(entries, len(entries) < count and _is_its_end(START, info))

    async def is_resumable(self, partition: int, after: str) -> bool:
        """Whether every event after a position is still there.

        False for a position older than what is kept, for one that this stream has not reached, and for one of another
        history, from before Redis was emptied or restored: all would read as silence or as a gap. Errs towards False,
        after which a reader takes a snapshot.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        return not await self.find_lost({partition: after})

    async def find_lost(self, after: Mapping[int, str]) -> list[int]:
        """Partitions in which a position cannot be resumed, as `is_resumable` says.

        Args:
            after: a position for each partition that is asked about.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        streams = {partition: self._keys.events(partition) for partition in after}
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for partition, at in after.items():
                pipeline.xrange(streams[partition], min=at, max=at)
            found = zip(after, await pipeline.execute(), strict=True)
            # Ids are times, so another history goes past any position; but the very entry is in this one only.
            missing = [partition for partition, entries in found if not entries]
            for partition in missing:
                pipeline.xinfo_stream(streams[partition])
            infos = zip(missing, await pipeline.execute(raise_on_error=False), strict=True)
            return [partition for partition, info in infos if not _is_its_end(after[partition], info)]

    async def _info(self, stream: str) -> dict[str, Any]:
        with translated():
            try:
                info: dict[str, Any] = await self._client.xinfo_stream(stream)
            except ResponseError as error:
                if "no such key" in str(error):
                    return {}
                raise
        return info

    def _entries(self, stream: str, raw: Iterable[Any]) -> list[Entry]:
        partition = self._streams[stream]
        return [Entry(stream, partition, id_.decode(), fields or {}) for id_, fields in raw]


def _is_its_end(after: str, info: Any) -> bool:
    """Whether nothing can be missing behind a position at which there is no event."""
    if _is_no_stream(info):
        return after == START
    known = _found(info)
    if after == START:
        return bool(known["entries-added"] == known["length"])
    return bool(after == known["last-generated-id"].decode())


def _found(answer: Any) -> Any:
    """An answer out of several, raised where it is an error."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def _is_no_stream(answer: Any) -> bool:
    return isinstance(answer, ResponseError) and "no such key" in str(answer)


def _by_stream(answer: Any) -> list[tuple[str, Any]]:
    return [(stream.decode(), entries) for stream, entries in answer or []]
