"""The reconciler: publications that have not ended although nothing is queued for them are queued again.

It covers what the rest does not foresee: a lane that was trimmed or deleted, a group that was lost, a clock that was
set back, and bugs. Every builder does it now and then; doing it twice is harmless, because start and commit look at
the record first.

Comparing two numbers is enough while all is well: publications that are open, and entries there are for them. Where
entries are missing they are looked through, and now and then in any case, since one too many hides one too few. An
entry may move while that is done; then its publication is queued twice, which is harmless.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import msgspec
from redis.exceptions import ResponseError

from shared.background import Background
from shared.connection import Client, translated
from shared.errors import Undecodable
from shared.events import Event, decode_event
from shared.keys import GROUP, Keys
from shared.queue import LANES
from shared.retry import LONGEST_MS
from shared.scripts import Call, run, run_all, script
from shared.settings import Settings

log = logging.getLogger(__name__)

RECONCILE_S = 10.0
GRACE_MS = 10_000
THOROUGH_EVERY = 10
CHUNK = 1_000


class Found(NamedTuple):
    """What was mended in a partition.

    Attributes:
        stranded: entries nobody held, appended anew.
        early: entries that were due too late.
        requeued: publications without an entry, queued again.
    """

    stranded: int = 0
    early: int = 0
    requeued: int = 0


class _Waiting(msgspec.Struct, frozen=True):
    data: str


class Reconciler(Background):
    """One builder's.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
        builder: this builder's name.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings, builder: str) -> None:
        super().__init__()
        self._client, self._keys, self._settings, self._builder = client, keys, settings, builder
        self._turns = 0

    async def wait(self) -> None:
        # Not in step with the other builders.
        await asyncio.sleep(RECONCILE_S * (0.5 + random.random()))  # noqa: S311

    async def turn(self) -> None:
        """Look over every partition."""
        self._turns += 1
        for partition in range(self._settings.partitions):
            try:
                found = await self.reconcile(partition, GRACE_MS, is_thorough=self._turns % THOROUGH_EVERY == 0)
            except ResponseError:
                log.exception("partition %d cannot be looked over", partition)
                continue
            if any(found):
                log.warning("partition %d was mended: %s", partition, found)

    async def reconcile(self, partition: int, grace_ms: int, *, is_thorough: bool = False) -> Found:
        """Mend one partition.

        Args:
            grace_ms: publications younger than this are left alone.
            is_thorough: look through the entries whatever the numbers say.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = self._keys
        builds, bulk = names.lane(partition), names.lane(partition, "bulk")
        script_keys = [names.delayed(partition), names.open(partition), *builds[:2], *bulk[:2]]
        survey = Call(script("survey"), script_keys, [GROUP, LONGEST_MS])
        count, work, now_ms, stranded, early = await run(self._client, survey)
        requeued = 0
        if count > work or (is_thorough and count):
            requeued = await self._requeue_missing(partition, now_ms, grace_ms)
        return Found(stranded, early, requeued)

    async def _requeue_missing(self, partition: int, now_ms: int, grace_ms: int) -> int:
        with translated():
            listed = await self._client.zrangebyscore(self._keys.open(partition), "-inf", now_ms - grace_ms)
            # From the future: Redis's clock was set back since.
            listed += await self._client.zrangebyscore(self._keys.open(partition), f"({now_ms + grace_ms}", "+inf")
        missing = {tuple(name.decode().split("/")) for name in listed}
        if missing:
            async for data in self._entries(partition):
                missing.discard(_name_of(data))
        calls = [self._requeue(partition, *name) for name in missing]
        answers = [
            answer for i in range(0, len(calls), CHUNK) for answer in await run_all(self._client, calls[i : i + CHUNK])
        ]
        return sum(isinstance(answer, list) and answer[0] == b"requeued" for answer in answers)

    def _requeue(self, partition: int, site: str, page: str, seq: str) -> Call:
        names = self._keys
        script_keys = [
            names.head(site, page),
            names.publications(site, page),
            names.events(partition),
            names.open(partition),
            names.rebuilds(site),
            *names.lane(partition),
        ]
        keep_ms = self._settings.events_keep_s * 1000
        return Call(script("requeue"), script_keys, [site, page, seq, self._builder, keep_ms, GROUP])

    async def _entries(self, partition: int) -> AsyncIterator[bytes]:
        """The data of every entry there is."""
        lanes = [self._keys.lane(partition, lane) for lane in LANES]
        for members in (self._keys.delayed(partition), *(lane.waiting for lane in lanes)):
            async for member in self._members(members):
                yield msgspec.json.decode(member, type=_Waiting).data.encode()
        for lane in lanes:
            async for fields in self._stream(lane.stream):
                yield fields.get(b"data", b"")

    async def _members(self, key: str) -> AsyncIterator[bytes]:
        first = 0
        while True:
            with translated():
                members = await self._client.zrange(key, first, first + CHUNK - 1)
            for member in members:
                yield member
            if len(members) < CHUNK:
                return
            first += CHUNK

    async def _stream(self, stream: str) -> AsyncIterator[dict[bytes, bytes]]:
        after = "-"
        while True:
            with translated():
                entries: list[Any] = await self._client.xrange(stream, min=after, count=CHUNK)
            for _, fields in entries:
                yield fields
            if len(entries) < CHUNK:
                return
            after = f"({entries[-1][0].decode()}"


def _name_of(data: bytes) -> tuple[str, ...]:
    try:
        event = decode_event(data)
    except Undecodable:
        return ()
    return (event.site, event.page, str(event.seq)) if isinstance(event, Event) else ()
