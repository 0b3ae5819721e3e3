"""The events streams: what happened, for everybody who follows it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from shared.connection import Client, translated
from shared.keys import Keys
from shared.streams import START, Entry, by_stream


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
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for stream in self._streams:
                pipeline.xinfo_stream(stream)
            infos = zip(self.partitions, await pipeline.execute(raise_on_error=False), strict=True)
            return {partition: _tail(info) for partition, info in infos}

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
        return [entry for stream, raw in by_stream(answer) for entry in self._entries(stream, raw)]

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


def _tail(info: Any) -> str:
    """The newest position of a stream that was asked about itself."""
    return START if _is_no_stream(info) else str(_found(info)["last-generated-id"].decode())


def _found(answer: Any) -> Any:
    """An answer out of several, raised where it is an error."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def _is_no_stream(answer: Any) -> bool:
    return isinstance(answer, ResponseError) and "no such key" in str(answer)
