"""The builder's loop: take, build, settle.

One batch renders in the child while the one before it is settled and the next is taken. Entries that another builder
died over are built with nothing beside them, so that whatever killed it is found out and takes nobody along.

It stops by flag between short blocking reads, never by cancelling one. What becomes of a failed build is decided
in `Worker.settle` and nowhere else. When Redis is away the loop waits; entries it had taken stay pending under its
name and are the first thing it takes up again.
"""

import asyncio
import logging
import math
import os
import random
import secrets
import socket
from collections import deque
from typing import Any, NamedTuple

import msgspec

from services.builder.build import UNKNOWN, Bench, Result
from services.builder.child import Built, Fault, Limits
from services.builder.commit import Ledger
from services.builder.orphans import Orphans
from services.builder.previews import Previews
from services.builder.rebuilds import Rebuilds
from services.builder.reconcile import Reconciler
from services.builder.sandbox import Sandbox
from services.builder.work import EXPIRED, Future, Retry, judge, rest_ms
from shared import keys as names
from shared.builders import Doing, is_quiet
from shared.connection import Client, check_partitions, connect
from shared.durability import warn_of_losses
from shared.errors import Unavailable
from shared.firing import Firing
from shared.heartbeat import Heartbeat
from shared.keys import Keys
from shared.queue import Fed, Queue
from shared.retry import backoff_ms
from shared.scripts import Call, refuse_unavailable, run_all
from shared.settings import Settings
from shared.streams import Entry
from shared.tasks import end

log = logging.getLogger(__name__)

BLOCK_MS = 500
LONGEST_PAUSE_S = 0.5
# Of the grace period, what finishing may take; the rest is for handing back and leaving.
FINISHING = 0.8
MOST_HANDED_BACK = 1000


def new_name() -> str:
    """A builder's name: says where it runs, and is never used twice."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class _Batch(NamedTuple):
    entries: list[Entry]
    building: asyncio.Task[list[Result]]
    began: float


class Worker:
    """One builder.

    Args:
        client: for short calls.
        blocking: for taking entries; see Queue.
        settings: bounds.
        name: unique per start.

    Attributes:
        stop: set it to drain: take nothing new, finish or hand back what is in hand, leave.
        quiet: set it to take nothing new and stay.
    """

    def __init__(self, client: Client, blocking: Client, settings: Settings, name: str) -> None:
        keys = Keys(settings.partitions)
        self._client, self._settings, self.name = client, settings, name
        self.stop, self.quiet = asyncio.Event(), asyncio.Event()
        self.doing = Doing(builder=name, pid=os.getpid(), host=socket.gethostname())
        self.queue = Queue(client, blocking, keys, name, range(settings.partitions))
        self._ledger = Ledger(keys, settings, name)
        self._sandbox = Sandbox(Limits(settings.build_memory_mib, settings.public_url), settings.build_deadline_s)
        self._bench = Bench(client, self.queue, self._ledger, self._sandbox)
        self._heartbeat = Heartbeat(client, names.BUILDERS, name, settings.heartbeat_ms, self._describe)
        self._orphans = Orphans(client, self.queue)
        self._rebuilds = Rebuilds(client, keys, settings, name)
        self._reconciler = Reconciler(client, keys, settings, name)
        # `stop` may be replaced by whoever composes.
        self.previews = Previews(
            client,
            blocking,
            settings,
            ends=lambda: self.stop.is_set(),  # noqa: PLW0108
            rests=lambda: self.is_quiet,
        )
        self._firing = Firing(client, keys, settings)
        self._under_way: deque[_Batch] = deque()
        self._stopping: asyncio.Task[bool]
        self._looks_behind = False
        self._held = False
        self._next_look = self._next_feed = 0.0
        self._took_bulk_ms = 0.0
        self._quiet_ms: int | None = None

    async def run(self) -> None:
        """Build until `stop` is set, then leave nothing behind."""
        await self._sandbox.start()
        self._stopping = asyncio.create_task(self.stop.wait())
        async with self._heartbeat, self._rebuilds, self._reconciler, self._firing, self.previews:
            failures = 0
            while not self.stop.is_set():
                try:
                    await self._turn()
                    failures = 0
                except Unavailable as error:
                    failures += 1
                    await self._abandon()
                    await self.pause(failures, error)
            await self._leave()
        await self._sandbox.stop()

    @property
    def is_quiet(self) -> bool:
        """Whether it was told to take nothing new, by signal or by command."""
        return self._held or self.quiet.is_set()

    async def _turn(self) -> None:
        """Begin a batch, and settle the one before it while this one renders."""
        await self._look_around()
        if self._orphans.are_left and not self.is_quiet:
            await self._adopt()
        batch = await self._take()
        if batch:
            self._begin(batch)
        if self._under_way:
            # Of the bulk lane one batch at a time is enough: an interactive one may come any moment.
            await self._settle_unless_stopped(leave=1 if batch and not self.queue.is_bulk(batch[0]) else 0)
        elif self.is_quiet:
            await self._rest(self._seconds_to(self._next_look))
        self._tell()

    async def _adopt(self) -> None:
        """Build what a dead builder left, with nothing beside it; one batch, and then this one's own work goes on."""
        await self._finish()
        orphaned = await self._orphans.take(self._settings.batch_size)
        if orphaned:
            self._begin(orphaned)
            await self._settle_unless_stopped(leave=0)

    async def _take(self) -> list[Entry]:
        return await self._take_again() or ([] if self.is_quiet else await self._take_new())

    async def _take_again(self) -> list[Entry]:
        """Entries that are pending under this builder's name and not in its hands: the answer that told of them was
        lost, or they were in hand when Redis went away."""
        if not self._looks_behind:
            return []
        in_hand = {(entry.stream, entry.id) for batch in self._under_way for entry in batch.entries}
        pending = await self.queue.take_again(self._settings.batch_size + len(in_hand))
        mine = [entry for entry in pending if (entry.stream, entry.id) not in in_hand]
        self._looks_behind = bool(mine)
        return mine

    async def _take_new(self) -> list[Entry]:
        # Waiting for new entries while there is other work would keep that from being done.
        is_busy = self._under_way or self._orphans.are_left
        block_ms = None if is_busy else max(1, min(BLOCK_MS, round(self._seconds_to(self._next_feed) * 1000)))
        # Between batches of a rebuild, Redis and the cores are left to the people who publish.
        rest = 0 if is_busy else rest_ms(self._took_bulk_ms, self._quiet_ms)
        self._took_bulk_ms = 0
        return await self.queue.take(self._settings.batch_size, block_ms, rest)

    def _begin(self, entries: list[Entry]) -> None:
        self.doing.batch += len(entries)
        self._under_way.append(_Batch(entries, asyncio.create_task(self._bench.build(entries)), self._now()))

    async def _look_around(self) -> None:
        """What is done by the clock: bring up what is due, and once per heartbeat look who is dead or told us what."""
        if self._bench.fed is not None:
            self._heed(self._bench.fed, at_the_latest=self._next_feed)
            self._bench.fed = None
        if self._seconds_to(self._next_feed) == 0:
            answers = await run_all(self._client, self.queue.feeds())
            refuse_unavailable(answers)
            self._heed(self.queue.fed([answer for answer in answers if not isinstance(answer, Exception)]))
        if self._seconds_to(self._next_look) == 0:
            self._next_look = self._now() + self._settings.heartbeat_ms / 1000
            self._held = await is_quiet(self._client, self.name)
            self._looks_behind = True
            await self._orphans.look()

    def _heed(self, fed: Fed, at_the_latest: float = math.inf) -> None:
        """Be back when the next entry is due, and look for rebuilds where there are some."""
        due_ms = BLOCK_MS if fed.wait_ms is None else min(BLOCK_MS, fed.wait_ms)
        self._next_feed = min(at_the_latest, self._now() + due_ms / 1000)
        self._quiet_ms = fed.quiet_ms
        if fed.rebuilds:
            self._rebuilds.wake()

    async def _finish(self) -> None:
        while self._under_way:
            await self._settle_first()

    async def _settle_first(self) -> None:
        batch = self._under_way[0]
        await self.settle(await batch.building)
        self._under_way.popleft()
        if self.queue.is_bulk(batch.entries[0]):
            self._took_bulk_ms = 1000 * (self._now() - batch.began)
        if not self._under_way:
            self.doing.batch = 0

    async def _settle_unless_stopped(self, leave: int) -> None:
        """Settle what is under way but for the last batches; a stop need not wait for a page that takes long."""
        while len(self._under_way) > leave and not self.stop.is_set():
            building = self._under_way[0].building
            await asyncio.wait({building, self._stopping}, return_when=asyncio.FIRST_COMPLETED)
            if building.done():
                await self._settle_first()

    async def _abandon(self) -> None:
        """Let go of what is under way; its entries stay pending under this name, and are taken up again first."""
        await asyncio.gather(*(batch.building for batch in self._under_way), return_exceptions=True)
        self._under_way.clear()
        self._looks_behind = True
        self.doing.batch = 0

    async def settle(self, results: list[Result]) -> None:
        """End each build: commit it, try it again later, or make it a dead letter. All in one round trip.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; what was not settled stays pending.
        """
        answers = await run_all(self._client, [self._settlement(result) for result in results])
        refuse_unavailable(answers)
        odd = [(result.entry, self._note(result, answer)) for result, answer in zip(results, answers, strict=True)]
        letters = [self._ledger.bury(entry, fault) for entry, fault in odd if fault is not None]
        refuse_unavailable(await run_all(self._client, letters))

    def _note(self, result: Result, answer: Any) -> Fault | None:
        """Count and tell how a build ended. Returns: why its entry has to be buried after all, if it has."""
        if isinstance(answer, Exception):
            log.error("entry %s cannot be settled: %s", result.entry.id, answer)
            return Fault("damaged-record", False, f"The publication cannot be read: {answer}.")
        if answer[0] == b"expired":
            log.error("entry %s is of a type that no builder knew for too long: %s", result.entry.id, result.entry.type)
            return EXPIRED
        if answer[0] == b"unknown":
            return UNKNOWN
        if isinstance(result.outcome, Fault):
            self.doing.failed += 1
            log.warning("entry %s %s: %s", result.entry.id, answer[0].decode(), result.outcome.reason)
        elif isinstance(result.outcome, Built):
            self.doing.built += 1
        return None

    def _settlement(self, result: Result) -> Call:
        """The one place where a failure is judged."""
        outcome, work = result.outcome, result.work
        if isinstance(outcome, Future):
            return self._ledger.postpone(result.entry)
        if work is None:
            assert isinstance(outcome, Fault)  # noqa: S101 - an entry without work is one that could not be read
            return self._ledger.bury(result.entry, outcome)
        if isinstance(outcome, Built):
            return self._ledger.commit(work, outcome, result.build_ms)
        verdict = judge(outcome, result.attempt, self._settings.build_attempts, random.random())  # noqa: S311
        if isinstance(verdict, Retry):
            return self._ledger.retry(work, outcome, verdict.delay_ms)
        return self._ledger.fail(work, outcome)

    async def pause(self, failures: int, error: Unavailable) -> None:
        """Wait before looking for Redis again; a stop ends the wait."""
        delay_s = min(LONGEST_PAUSE_S, backoff_ms(failures, random.random()) / 1000)  # noqa: S311
        log.warning("Redis is away, looking again in %.1f s: %s", delay_s, error)
        await self._rest(delay_s)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return

    async def _leave(self) -> None:
        """Finish what is in hand as far as the grace period goes, hand back the rest, and take the name out."""
        self._tell()
        try:
            async with asyncio.timeout(self._settings.drain_s * FINISHING):
                await self._finish()
        except TimeoutError:
            log.warning("leaving with entries in hand: the grace period is over")
        except Unavailable as error:
            log.warning("leaving with entries in hand: %s", error)
        await end(*(batch.building for batch in self._under_way))
        try:
            handed_back = await self.queue.remove(self.name, MOST_HANDED_BACK)
        except Unavailable as error:
            log.warning("leaving while Redis is away, others will find what is left: %s", error)
        else:
            log.info("left, %d built, %d handed back", self.doing.built, handed_back)

    def _tell(self) -> None:
        if self.stop.is_set():
            self.doing.state = "draining"
        elif self._under_way:
            self.doing.state = "building"
        else:
            self.doing.state = "quiet" if self.is_quiet else "idle"

    def _describe(self) -> bytes:
        self.doing.previews = self.previews.made
        return msgspec.json.encode(self.doing)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _seconds_to(self, moment: float) -> float:
        return max(0.0, moment - self._now())


async def run_builder(
    settings: Settings, stop: asyncio.Event, quiet: asyncio.Event | None = None, *, warns: bool = True
) -> None:
    """Run a builder until told to stop.

    Args:
        settings: bounds, and where Redis is.
        stop: set it to drain.
        quiet: set it to take nothing new.
        warns: whether it is to say what Redis may lose; not where its parent has said it.

    Raises:
        Misconfigured: this Redis was set up with another number of partitions, or refuses us.
    """
    client = connect(settings.redis_url)
    blocking = connect(settings.redis_url, block_s=BLOCK_MS / 1000, repeats=False)
    worker = Worker(client, blocking, settings, new_name())
    worker.stop, worker.quiet = stop, quiet or worker.quiet
    try:
        await _wait_for_redis(worker, client, settings)
        if warns and not stop.is_set():
            await warn_of_losses(client)
        await worker.run()
    finally:
        await client.aclose()
        await blocking.aclose()


async def _wait_for_redis(worker: Worker, client: Client, settings: Settings) -> None:
    failures = 0
    while not worker.stop.is_set():
        try:
            await check_partitions(client, settings.partitions)
            return await worker.queue.ensure_groups()
        except Unavailable as error:
            failures += 1
            await worker.pause(failures, error)
    return None
