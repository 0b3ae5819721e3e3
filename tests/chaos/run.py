"""One run from its seed to its verdict: start, clients and nemesis, heal, settle, read, check."""

import asyncio
import contextlib
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.chaos.checker import Past, check, times_to_end
from tests.chaos.clients import Editors
from tests.chaos.cluster import Cluster
from tests.chaos.final import count_left, find_silent, read_final, read_newest
from tests.chaos.history import Final, History, now, read_history
from tests.chaos.nemesis import Nemesis
from tests.chaos.operators import Operators
from tests.chaos.plan import KINDS, NEED_SHIM, make_plan, rounds
from tests.chaos.readers import Readers
from tests.chaos.shim import Shim
from tests.chaos.visitors import Visitors
from tests.conftest import find_program
from tests.harness import ROOT

PUBLISHES_PER_S = 25.0
SETTLE_S = 60.0
HEARD_S = 10.0
SAY_EVERY_S = 5.0


class Order(NamedTuple):
    """What run to make.

    Attributes:
        folder: where history, final state and logs are kept; made anew.
        seed: decides everything that can be decided.
        seconds: how long faults last; starting and settling come on top.
        without: kinds of faults to leave out.
        source: tree that the services run from.
        program: path of the Redis to use, "" for the embedded Valkey.
        partitions: how many the sites are spread over.
    """

    folder: Path
    seed: int
    seconds: float
    without: Sequence[str] = ()
    source: Path = ROOT
    program: str = ""
    partitions: int = 1


class Outcome(NamedTuple):
    """What came of a run.

    Attributes:
        folder: where its history is.
        violations: by promise.
        faults: how many there were, by kind.
        missing: kinds of faults that occurred less often than the run must have them.
        publishes, changes, rebuilds, visits, told: how many there were.
        pages: that took part.
        longest_s: from the acknowledgement of a publication to the first news of its end.
        left_out: kinds of faults that were left out.
    """

    folder: Path
    violations: dict[str, list[str]]
    faults: dict[str, int]
    missing: list[str]
    publishes: int
    changes: int
    rebuilds: int
    visits: int
    told: int
    pages: int
    longest_s: float
    left_out: list[str]

    @property
    def is_proof(self) -> bool:
        """Whether every fault occurred and every promise was kept."""
        return not self.missing and not any(self.violations.values())


Say = Callable[[str], None]


async def run(order: Order, say: Say) -> Outcome:
    """Make a run.

    Args:
        order: which.
        say: told how it goes, a line at a time.
    """
    order.folder.mkdir(parents=True)
    shim = Shim(order.folder) if can_have_shim() else None
    possible = KINDS if shim else [kind for kind in KINDS if kind not in NEED_SHIM]
    kinds = [kind for kind in possible if kind not in order.without]
    history = History(order.folder / "history.jsonl")
    with contextlib.closing(history):
        async with _cluster(order, history, shim) as cluster:
            final = await _go_through(cluster, history, Nemesis(cluster, history, shim), order, kinds, say)
    (order.folder / "final.json").write_bytes(msgspec.json.encode(final))
    return judge(order.folder, kinds, rounds(order.seconds))


def judge(folder: Path, kinds: Sequence[str], least: int) -> Outcome:
    """Check what a run left in its folder.

    Args:
        kinds: faults that it must have had.
        least: how often each of them.
    """
    past = Past.of(read_history(folder / "history.jsonl"))
    final = msgspec.json.decode((folder / "final.json").read_bytes(), type=Final)
    faults = Counter(fault.kind for fault in past.faults)
    acknowledged = [operation for operation in past.operations if operation.is_acknowledged]
    return Outcome(
        folder=folder,
        violations=check(past, final),
        faults={kind: faults[kind] for kind in kinds},
        missing=[kind for kind in kinds if faults[kind] < least],
        publishes=sum(operation.what == "publish" for operation in acknowledged),
        changes=len(past.operations),
        rebuilds=sum(request.what == "begin" and bool(request.number) for request in past.rebuilds),
        visits=len(past.visits),
        told=len(past.told),
        pages=sum(bool(page.publications) for page in final.pages.values()),
        longest_s=max(times_to_end(past).values(), default=0.0),
        left_out=[kind for kind in KINDS if kind not in kinds],
    )


def can_have_shim() -> bool:
    """Whether Redis's disk and clock can be put into our hands here."""
    return sys.platform == "linux" and find_program("cc") is not None


@contextlib.asynccontextmanager
async def _cluster(order: Order, history: History, shim: Shim | None) -> AsyncIterator[Cluster]:
    dice = random.Random(f"proxies {order.seed}")
    preload = shim.environment if shim else {}
    cluster = Cluster(order.folder, history, dice, order.source, order.program, preload, order.partitions)
    try:
        await cluster.start()
        yield cluster
    finally:
        await cluster.stop()


async def _go_through(
    cluster: Cluster, history: History, nemesis: Nemesis, order: Order, kinds: Sequence[str], say: Say
) -> Final:
    editors = Editors(cluster, history, f"editors {order.seed}", PUBLISHES_PER_S)
    await editors.create_sites()
    visitors, readers = Visitors(cluster, history, f"visitors {order.seed}"), Readers(cluster, history, str(order.seed))
    operators = Operators(cluster, history, f"operators {order.seed}")
    progress = _Progress(editors, readers, nemesis, say)
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(work) for work in (readers.run(), progress.run())]
        working = [group.create_task(work) for work in (editors.run(), visitors.run(), operators.run())]
        await nemesis.run(make_plan(order.seed, order.seconds, kinds))
        say("healing")
        await cluster.heal()
        editors.pace.is_over = visitors.pace.is_over = operators.pace.is_over = True
        readers.is_hurried = True
        async with cluster.redis.client() as redis:
            was_quiet = await _until(lambda: _has_settled(working, cluster, readers, redis), SETTLE_S)
            await _until(lambda: _all_are_heard(cluster, redis), HEARD_S)
            say("reading the final state" if was_quiet else f"it did not become quiet within {SETTLE_S:.0f} s")
            final = await read_final(cluster, history, redis, was_quiet=was_quiet)
        for task in (*watching, *working):
            task.cancel()
    return final


async def _has_settled(working: Sequence[asyncio.Task[None]], cluster: Cluster, readers: Readers, redis: Any) -> bool:
    """Whether all outcomes are known, all work is done, and every reader was told, by every server."""
    if not all(task.done() for task in working) or any(await count_left(cluster.keys, redis)):
        return False
    return readers.have_been_told(await read_newest(cluster.keys, redis))


async def _all_are_heard(cluster: Cluster, redis: Any) -> bool:
    return not await find_silent(cluster, redis)


async def _until(condition: Callable[[], Any], longest_s: float) -> bool:
    deadline = now() + longest_s
    while not await condition():
        if now() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True


class _Progress:
    """A line every few seconds."""

    def __init__(self, editors: Editors, readers: Readers, nemesis: Nemesis, say: Say) -> None:
        self._editors, self._readers, self._nemesis, self._say = editors, readers, nemesis, say

    async def run(self) -> None:
        began = now()
        while True:
            await asyncio.sleep(SAY_EVERY_S)
            counts = f"{self._editors.acknowledged:>6,} published  {len(self._readers.ended):>6,} ended"
            self._say(f"{now() - began:4.0f} s  {counts}  {self._nemesis.inflicted:>3} faults")
