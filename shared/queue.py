"""The lanes: work for the builders' group, and what a dead builder leaves behind.

Acknowledging is not here but in the scripts that settle an entry, so that it happens together with what it
acknowledges.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from shared.connection import Client, translated
from shared.keys import GROUP, Keys, Lane
from shared.scripts import Call, run, script
from shared.streams import Entry, by_stream

LANES: tuple[Lane, ...] = ("interactive", "bulk")
BULK_COUNT = 3
BULK_AFTER = 16


class NoGroup(Exception):
    """The group is gone: Redis was emptied, or somebody deleted a lane."""


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
        return [entry for stream, entries in by_stream(answer) for entry in self._entries(stream, entries)]

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
