"""What a watcher has to know before live events: the history after its last id, or a snapshot.

Nothing is told here before this process's follower has applied it: a watcher that reads `live` finds the page. And
nothing is left out in silence: where history is gone or too long, a `reset` comes before the snapshot.
"""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import NamedTuple

import msgspec

from services.server.follower import Follower
from services.server.gate import Gate
from services.server.held import HeldStream
from services.server.hub import EVERYTHING, SEVERAL, Position, Topic, concerning, encode_word, framed
from services.server.sharing import Sharing
from services.server.snapshots import Snapshots
from services.server.stream import Stream
from shared.keys import Keys
from shared.streams import START, parse_position, position

CHUNK = 500
BEHIND_S = 2.0


class _Snapshot(NamedTuple):
    """A snapshot as it is told.

    Attributes:
        at: the position that events are told from.
        seen: the newest position that it may show.
        block: its bytes.
    """

    at: str
    seen: str
    block: bytes


class CatchUp:
    """Brings streams up to the live events.

    Args:
        snapshots: where it reads.
        follower: how far this process has got, and what happened until there.
        keys: names.
        behind_s: how far behind Redis the follower may be before a watcher is asked to come back.
    """

    def __init__(self, snapshots: Snapshots, follower: Follower, keys: Keys, behind_s: float = BEHIND_S) -> None:
        self._snapshots, self._follower, self._keys = snapshots, follower, keys
        self._behind_s = behind_s
        self._shared_snapshots, self._gate = Sharing(self._read_snapshot), Gate()

    async def begin(self, topic: Topic, last: str, stream: Stream) -> AsyncIterator[bytes]:
        """Pieces for a stream that has just joined the hub.

        Args:
            topic: what it watches.
            last: the client's last id; what is no position counts as none.
            stream: its `sent` moves along.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away, or this process has not caught up with it.
        """
        asked = parse_position(last)
        if asked is None:
            yield await self._snapshot(topic, stream)
        else:
            stream.sent = f"{asked[0]}-{asked[1]}"
            async for piece in self._replay(topic, stream):
                yield piece
        if not self._follower.is_following:
            # Those who were here when it began were told.
            yield encode_word("paused")

    async def reset(self, topic: Topic, stream: Stream) -> AsyncIterator[bytes]:
        """Pieces for a stream whose history is gone."""
        snapshot = await self._snapshot(topic, stream)
        yield encode_word("reset") + snapshot

    def heartbeat(self, topic: Topic, stream: Stream) -> bytes:
        """A block that moves a quiet client's last id and fires nothing, so that it never falls behind the history."""
        stream.sent = self._follower.position_of(self._partition(topic), stream.sent)
        return b"id: %b\n\n" % stream.sent.encode()

    def beat(self, held: HeldStream) -> None:
        """The same for a stream that is live."""
        handed_on = self._follower.handed_on[self._partition(held.topic)]
        held.beat(*_beat(handed_on))

    def _partition(self, topic: Topic) -> int:
        # Several sites can be watched where there is one partition.
        return 0 if topic == EVERYTHING or topic[1] == SEVERAL else self._keys.partition(topic[0])

    async def _replay(self, topic: Topic, stream: Stream) -> AsyncIterator[bytes]:
        partition = self._partition(topic)
        await self._follower.reach(partition, START, self._behind_s)
        happened = await self._follower.histories[partition].since(stream.sent)
        if happened is None:
            async for piece in self.reset(topic, stream):
                yield piece
            return
        # The rest comes over the hub, once the follower has applied it.
        for first in range(0, len(happened), CHUNK):
            part = happened[first : first + CHUNK]
            stream.sent = part[-1].id
            yield b"".join([told.text for told in concerning(topic, part)])

    async def _snapshot(self, topic: Topic, stream: Stream) -> bytes:
        async with self._gate:
            at, seen, block = await self._shared_snapshots.ask(topic)
            await self._follower.reach(self._partition(topic), seen, self._behind_s)
        stream.sent = at
        return block

    async def _read_snapshot(self, topic: Topic) -> _Snapshot:
        at, seen, data = await self._snapshots.read(topic)
        text = msgspec.json.encode({"type": "snapshot", **data})
        return _Snapshot(at, seen, b"id: %b\nevent: snapshot\ndata: %b\n\n" % (at.encode(), text))


@lru_cache(64)
def _beat(at: str) -> tuple[Position, bytes]:
    return position(at), framed(b"id: %b\n\n" % at.encode())
