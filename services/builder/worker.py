"""The builder's loop: take, build, settle.

One batch renders in the child while the one before it is settled and the next is taken.

It stops by flag between short blocking reads, never by cancelling one. What becomes of a failed build is decided
in `Worker.settle` and nowhere else. When Redis is away the loop waits; entries it had taken stay pending under its
name and are the first thing it takes up again.
"""

import asyncio
import logging
import os
import random
import secrets
import socket
from collections import deque

import msgspec

from services.builder.build import Bench, Result
from services.builder.child import Built, Fault, Limits
from services.builder.commit import Ledger
from services.builder.sandbox import Sandbox
from services.builder.work import Retry, judge
from shared import keys as names
from shared.connection import Client, check_partitions, connect
from shared.errors import Unavailable
from shared.heartbeat import Heartbeat
from shared.keys import Keys
from shared.retry import backoff_ms
from shared.scripts import Call, run_all
from shared.settings import Settings
from shared.streams import Entry, Queue

log = logging.getLogger(__name__)

BLOCK_MS = 500
CLAIM_IDLE_MS = 1_000
LONGEST_PAUSE_S = 2.0


class Doing(msgspec.Struct):
    """What a builder says of itself with each heartbeat.

    Attributes:
        builder: its name.
        pid, host: where it runs.
        state: "idle", "building" or "draining".
        built, failed: pages since it started.
        batch: entries in its hands.
    """

    builder: str
    pid: int
    host: str
    state: str = "idle"
    built: int = 0
    failed: int = 0
    batch: int = 0


def new_name() -> str:
    """A builder's name: says where it runs, and is never used twice."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class Worker:
    """One builder.

    Args:
        client: for short calls.
        blocking: for blocking reads.
        settings: bounds.
        name: unique per start.
    """

    def __init__(self, client: Client, blocking: Client, settings: Settings, name: str) -> None:
        keys = Keys(settings.partitions)
        self._client, self._settings, self.name = client, settings, name
        self.quiet = asyncio.Event()
        self.doing = Doing(name, os.getpid(), socket.gethostname())
        self.queue = Queue(client, blocking, keys, name, range(settings.partitions))
        self._ledger = Ledger(keys, settings, name)
        self._sandbox = Sandbox(Limits(settings.build_memory_mib, settings.public_url), settings.build_deadline_s)
        self._bench = Bench(client, self._ledger, self._sandbox, settings)
        self._heartbeat = Heartbeat(client, names.BUILDERS, name, settings.heartbeat_ms, self._describe)
        self._under_way: deque[asyncio.Task[list[Result]]] = deque()
        self._interrupted = False
        self._next_sweep = 0.0

    async def run(self) -> None:
        """Build until `quiet` is set, then finish what is in hand and leave nothing behind."""
        await self._sandbox.start()
        async with self._heartbeat:
            failures = 0
            while self._under_way or not self.quiet.is_set():
                try:
                    await self._turn()
                    failures = 0
                except Unavailable as error:
                    failures += 1
                    await self._abandon()
                    await self.pause(failures, error)
            await self._leave()
        await self._sandbox.stop()

    async def _turn(self) -> None:
        """Begin a batch, and settle the one before it while this one renders."""
        batch = [] if self.quiet.is_set() else await self._next_batch()
        if batch:
            self.doing.state = "building"
            self.doing.batch += len(batch)
            self._under_way.append(asyncio.create_task(self._bench.build(batch)))
        if self._under_way and (not batch or len(self._under_way) > 1):
            await self.settle(await self._under_way.popleft())

    async def _next_batch(self) -> list[Entry]:
        # Waiting for new entries while a batch is under way would keep that from being settled.
        block_ms = None if self._under_way else BLOCK_MS
        return await self._recover() or await self.queue.take(self._settings.batch_size, block_ms)

    async def _abandon(self) -> None:
        """Let go of what is under way; its entries stay pending under this name, and are taken up again first."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._under_way.clear()
        self._interrupted = True
        self.doing.batch = 0

    async def _recover(self) -> list[Entry]:
        """Entries that this builder was interrupted over, and now and then those of builders that died."""
        now = asyncio.get_running_loop().time()
        if self._interrupted and not self._under_way:
            await self.queue.ensure_groups()
            mine = await self.queue.claim_from(self.name, self._settings.batch_size, idle_ms=0)
            self._interrupted = bool(mine)
            return mine
        if now < self._next_sweep:
            return []
        self._next_sweep = now + self._settings.heartbeat_ms / 1000
        await self.queue.move_due()
        return await self.queue.claim_from_the_dead(self._settings.batch_size, CLAIM_IDLE_MS)

    async def settle(self, results: list[Result]) -> None:
        """End each build: commit it, try it again later, or make it a dead letter. All in one round trip.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; what was not settled stays pending.
        """
        answers = await run_all(self._client, [self._settlement(result) for result in results])
        for result, answer in zip(results, answers, strict=True):
            if isinstance(answer, Exception):
                raise answer
            if isinstance(result.outcome, Fault):
                self.doing.failed += 1
                log.warning("entry %s %s: %s", result.entry.id, answer[0].decode(), result.outcome.reason)
            else:
                self.doing.built += 1
        if not self._under_way:
            self.doing.state, self.doing.batch = "idle", 0

    def _settlement(self, result: Result) -> Call:
        """The one place where a failure is judged."""
        outcome, work = result.outcome, result.work
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
        """Wait before looking for Redis again, longer each time; a stop ends the wait."""
        delay_s = min(LONGEST_PAUSE_S, backoff_ms(failures, random.random()) / 1000)  # noqa: S311
        log.warning("Redis is away, looking again in %.1f s: %s", delay_s, error)
        try:
            await asyncio.wait_for(self.quiet.wait(), delay_s)
        except TimeoutError:
            return

    async def _leave(self) -> None:
        """Take this builder's name out of the groups; entries it could not settle go to the others."""
        self.doing.state = "draining"
        try:
            await self.queue.forget(self.name)
        except Unavailable as error:
            log.warning("leaving while Redis is away: %s", error)

    def _describe(self) -> bytes:
        return msgspec.json.encode(self.doing)


async def run_builder(settings: Settings, stop: asyncio.Event) -> None:
    """Run a builder until told to stop.

    Args:
        settings: bounds, and where Redis is.
        stop: set it to drain.

    Raises:
        Misconfigured: this Redis was set up with another number of partitions, or refuses us.
    """
    client, blocking = connect(settings.redis_url), connect(settings.redis_url, block_s=BLOCK_MS / 1000)
    worker = Worker(client, blocking, settings, new_name())
    worker.quiet = stop
    try:
        await _wait_for_redis(worker, client, settings)
        await worker.run()
    finally:
        await client.aclose()
        await blocking.aclose()


async def _wait_for_redis(worker: Worker, client: Client, settings: Settings) -> None:
    failures = 0
    while not worker.quiet.is_set():
        try:
            await check_partitions(client, settings.partitions)
            return await worker.queue.ensure_groups()
        except Unavailable as error:
            failures += 1
            await worker.pause(failures, error)
    return None
