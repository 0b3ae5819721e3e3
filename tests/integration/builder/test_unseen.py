"""What could wait for ever without anybody seeing it: each was once found by reading, and is tried here."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from services.builder.commit import Ledger
from services.builder.rebuilds import Rebuilds
from services.builder.reconcile import Found, Reconciler
from services.builder.work import Work, read_entry
from services.builder.worker import Worker, new_name
from shared.connection import Client, connect
from shared.heartbeat import Heartbeat
from shared.idempotency import Request
from shared.keys import BUILDERS, GROUP, Keys
from shared.queue import Queue
from shared.rebuilds import RebuildStore
from shared.scripts import run
from shared.settings import Settings
from shared.tasks import end
from tests.conftest import wait_until
from tests.integration.builder.conftest import TRACE, Publish, StartBuilder, config, count, is_in, state_of
from tests.stores import Stores

Deliver = Callable[..., Awaitable[None]]


@pytest.fixture
def deliver(client: Client, keys: Keys) -> Deliver:
    """Hand all new entries to a builder that is not there, as often as it takes."""

    async def deliver(builder: str, times: int = 1) -> None:
        await Queue(client, client, keys, builder).ensure_groups()
        await client.xreadgroup(GROUP, builder, {keys.builds(0): ">"}, count=1000)
        ids = [id_ for id_, _ in await client.xrange(keys.builds(0))]
        for _ in range(times - 1):
            await client.xclaim(keys.builds(0), GROUP, builder, 0, ids)

    return deliver


@asynccontextmanager
async def load(client: Client, keys: Keys, publish: Publish) -> AsyncIterator[None]:
    """More to build than one builder keeps up with, all the while."""

    async def keep_full() -> None:
        number = 0
        while True:
            if await client.xlen(keys.builds(0)) < 60:
                await asyncio.gather(*(publish(config("Load"), page=f"load{number + i}") for i in range(16)))
                number += 16
            await asyncio.sleep(0.002)

    loading = asyncio.create_task(keep_full())
    await wait_until(lambda: _has_entries(client, keys, 20))
    yield
    await end(loading)


async def test_a_publication_that_is_poison_ends_failed_and_stays_so(
    client: Client,
    keys: Keys,
    stores: Stores,
    publish: Publish,
    deliver: Deliver,
    start_builder: StartBuilder,
    settings: Settings,
) -> None:
    await start_builder(msgspec.structs.replace(settings, heartbeat_ms=50))
    await publish(config("Fine"))
    await wait_until(lambda: is_in(stores, 1, "live"))
    await client.hset("platen:quiet", "all", "test")
    await wait_until(lambda: _is_quiet(client))
    await publish(config("Poison"))
    await deliver("dead", times=3)

    await client.delete("platen:quiet")

    await wait_until(lambda: is_in(stores, 2, "failed"))
    publication = await stores.publications.show("acme", "spring", 2)
    assert publication.failure is not None
    assert publication.failure.code == "poison"
    assert await client.exists(keys.open(0)) == 0
    assert await client.xlen(keys.dead(0)) == 1
    assert await Reconciler(client, keys, settings, "r").reconcile(0, 0, is_thorough=True) == Found()


async def test_what_a_late_read_delivered_is_built_all_the_same(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    """A read that was given up may arrive afterwards, and its entries are then pending under a living name."""
    builder = await start_builder()
    await _quieten(builder)
    await publish(config("Unseen"))
    await client.xreadgroup(GROUP, builder.name, {keys.builds(0): ">"})

    builder.quiet.clear()

    await wait_until(lambda: is_in(stores, 1, "live"))


async def test_a_quiet_builder_finishes_what_it_had_in_hand_when_redis_went_away(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    builder = await start_builder()
    await _quieten(builder)
    await publish(config("In hand"))
    await client.xreadgroup(GROUP, builder.name, {keys.builds(0): ">"})

    await builder._abandon()

    await wait_until(lambda: is_in(stores, 1, "live"))
    await wait_until(lambda: builder.doing.state == "quiet")
    assert builder.quiet.is_set()


async def test_what_was_in_hand_is_taken_up_again_under_constant_load(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder, settings: Settings
) -> None:
    builder = await start_builder(msgspec.structs.replace(settings, batch_size=4))
    await _quieten(builder)
    for page in range(8):
        await publish(config("Mine"), page=f"mine{page}")
    await client.xreadgroup(GROUP, builder.name, {keys.builds(0): ">"})
    async with load(client, keys, publish):
        builder.quiet.clear()

        for page in range(8):
            await wait_until(lambda page=page: is_in(stores, 1, "live", f"mine{page}"))  # type: ignore[misc]


async def test_an_entry_that_was_trimmed_while_it_was_in_hand_is_settled(
    client: Client, keys: Keys, publish: Publish, start_builder: StartBuilder
) -> None:
    builder = await start_builder()
    await _quieten(builder)
    await publish(config("Trimmed"))
    await client.xreadgroup(GROUP, builder.name, {keys.builds(0): ">"})
    await client.xtrim(keys.builds(0), maxlen=0)

    builder.quiet.clear()

    await wait_until(lambda: _holds_nothing(client, keys))


async def test_many_orphans_do_not_make_the_living_look_dead(
    client: Client,
    keys: Keys,
    stores: Stores,
    publish: Publish,
    deliver: Deliver,
    start_builder: StartBuilder,
    settings: Settings,
) -> None:
    for page in range(32):
        await publish(config("Orphan"), page=f"p{page}")
    await deliver("dead", times=2)
    await publish(config("Mine"), page="mine")
    await deliver("living")
    async with (
        Heartbeat(client, BUILDERS, "living", settings.heartbeat_ms, lambda: b"{}"),
        load(client, keys, publish),
    ):
        await start_builder(msgspec.structs.replace(settings, batch_size=4))

        await wait_until(lambda: _are_live(stores, [f"p{page}" for page in range(32)]), longest_s=30)

        assert await state_of(stores, 1, "mine") == "queued"


async def test_orphans_that_come_alone_do_not_wait_for_new_work(
    client: Client, keys: Keys, stores: Stores, publish: Publish, deliver: Deliver, start_builder: StartBuilder
) -> None:
    for page in range(20):
        await publish(config("Orphan"), page=f"p{page}")
    await deliver("dead", times=2)

    await start_builder()

    await wait_until(lambda: count(client, keys, "page-built", 1))
    began = time.monotonic()
    await wait_until(lambda: count(client, keys, "page-built", 20))
    # One in each block of half a second would be ten seconds.
    assert time.monotonic() - began < 5


async def test_a_page_published_faster_than_its_entries_come_up_is_built_all_the_same(
    client: Client, keys: Keys, publish: Publish, settings: Settings
) -> None:
    worker = Worker(client, client, settings, new_name())
    await worker.queue.ensure_groups()
    head, ledger = keys.head("acme", "spring"), Ledger(keys, settings, "b1")
    outcomes = []
    for number in range(4):
        await publish(config(f"Take {number}"))
        await publish(config("Newer"))
        entries = await worker.queue.take(10, None)
        work = read_entry(entries[-2])
        assert isinstance(work, Work)
        outcomes.append((await run(client, ledger.start(work)))[0])
        if number == 1:
            # Passed over for longer than anything of the page may be.
            now_s, _ = await client.time()
            await client.hset(head, "skipped_at", (now_s - 6) * 1000)

    assert outcomes == [b"superseded", b"superseded", b"build", b"superseded"]


async def test_pages_of_a_rebuild_that_was_called_off_belong_to_the_next_one(
    client: Client, keys: Keys, publish: Publish, start_builder: StartBuilder, settings: Settings
) -> None:
    rebuilds, feeder = RebuildStore(client, keys, settings), Rebuilds(client, keys, settings, "feeder")
    builder = await start_builder()
    for page in range(20):
        await publish(config("Page"), page=f"p{page:02}")
    await wait_until(lambda: count(client, keys, "page-built", 20))
    await _quieten(builder)
    await rebuilds.begin("acme", Request("ada", TRACE, "one", "f"))
    await feeder.turn()
    await rebuilds.cancel("acme", 1)
    await rebuilds.begin("acme", Request("ada", TRACE, "two", "f"))
    await feeder.turn()

    builder.quiet.clear()

    await wait_until(lambda: count(client, keys, "page-built", 40))
    second = await rebuilds.show("acme", 2)
    assert (second.state, second.live, second.skipped) == ("done", 20, 0)


@pytest.mark.parametrize("damaged", ["version", "publication"])
async def test_damaged_data_cost_one_publication_and_none_of_its_neighbours(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder, damaged: str
) -> None:
    await publish(config("Damaged"))
    await publish(config("Neighbour"), page="neighbour")
    key = keys.versions("acme", "spring") if damaged == "version" else keys.publications("acme", "spring")
    await client.hset(key, "1", b'{"number":1,"created_at":1,"config":{')

    await start_builder()

    await wait_until(lambda: is_in(stores, 1, "live", "neighbour"))
    await wait_until(lambda: _has_letters(client, keys, 1))
    [(_, letter)] = await client.xrange(keys.dead(0))
    assert letter[b"code"] == f"damaged-{damaged.replace('publication', 'record')}".encode()
    if damaged == "version":
        assert await state_of(stores, 1) == "failed"
    assert await client.xlen(keys.builds(0)) == 0


async def test_a_busy_partition_does_not_hold_up_what_is_due_in_another(client: Client, settings: Settings) -> None:
    keys, two = Keys(2), msgspec.structs.replace(settings, partitions=2, batch_size=4)
    stores = Stores(client, keys, two)
    busy = keys.partition("acme")
    await stores.sites.create("acme", "Acme", Request("ada", TRACE, "site", "s"))
    numbers = iter(range(1_000_000))

    async def publish(text: bytes, page: str) -> None:
        request = Request("ada", TRACE, f"k{next(numbers)}", "f")
        await stores.publishing.save("acme", page, text, "", publish=True, request=request)

    blocking = connect(settings.redis_url, block_s=2)
    worker = Worker(client, blocking, two, new_name())
    await worker.queue.ensure_groups()
    building = asyncio.create_task(worker.run())
    loading = asyncio.create_task(_fill(client, keys.builds(busy), publish))
    await wait_until(lambda: worker.doing.built > 50)
    quiet = keys.builds(1 - busy)
    due = {"lane": quiet, "type": "config-published", "data": "{}", "traceparent": ""}
    await client.zadd(keys.delayed(1 - busy), {json.dumps(due): 0})

    await wait_until(lambda: _is_gone(client, keys.delayed(1 - busy)), longest_s=5)

    await end(loading)
    worker.stop.set()
    await building
    await blocking.aclose()


async def test_a_retry_comes_up_when_it_is_due(client: Client, keys: Keys, start_builder: StartBuilder) -> None:
    builder = await start_builder()
    await wait_until(lambda: builder.doing.state == "idle")
    late_ms = []
    for number in range(5):
        member = json.dumps({"lane": keys.builds(0), "type": "x", "data": f"{number}", "traceparent": ""})
        seconds, micros = await client.time()
        await client.zadd(keys.delayed(0), {member: seconds * 1000 + micros // 1000 + 620})
        due = time.monotonic() + 0.62
        await wait_until(lambda: _is_gone(client, keys.delayed(0)))
        late_ms.append((time.monotonic() - due) * 1000)

    assert sorted(late_ms)[2] < 150, late_ms


async def test_a_render_child_that_died_between_two_batches_costs_no_page_an_attempt(
    stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    builder = await start_builder()
    await publish(config("First"))
    await wait_until(lambda: is_in(stores, 1, "live"))
    child = builder._sandbox._child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    await child.wait()

    await publish(config("Second"))

    await wait_until(lambda: is_in(stores, 2, "live"))
    assert [step.state for step in (await stores.publications.show("acme", "spring", 2)).steps] == [
        "queued",
        "building",
        "live",
    ]


async def test_a_stop_is_heeded_while_orphans_are_built(
    client: Client,
    keys: Keys,
    stores: Stores,
    publish: Publish,
    deliver: Deliver,
    start_builder: StartBuilder,
    settings: Settings,
) -> None:
    builder = await start_builder(msgspec.structs.replace(settings, drain_s=0.5, heartbeat_ms=50))
    await _quieten(builder)
    await publish(config("Orphan"))
    await deliver("dead")
    os.kill(builder._sandbox.pid, signal.SIGSTOP)
    builder.quiet.clear()
    await wait_until(lambda: is_in(stores, 1, "building"))

    began = time.monotonic()
    builder.stop.set()

    await wait_until(lambda: _is_out(client, keys, builder.name))
    assert time.monotonic() - began < 5
    assert (await client.xpending(keys.builds(0), GROUP))["pending"] == 0


async def test_an_attempt_that_was_interrupted_is_made_again_and_counts_once(
    client: Client, keys: Keys, stores: Stores, publish: Publish, settings: Settings
) -> None:
    worker = Worker(client, client, settings, new_name())
    await worker.queue.ensure_groups()
    await publish(config("Again"))
    [entry] = await worker.queue.take(10, None)
    work = read_entry(entry)
    assert isinstance(work, Work)

    for _ in range(8):
        await run(client, worker._ledger.start(work))

    assert (await stores.publications.show("acme", "spring", 1)).attempts == 1


async def test_a_rebuild_that_nobody_knows_any_more_is_no_longer_fed(
    client: Client, keys: Keys, publish: Publish, settings: Settings
) -> None:
    await publish(config("Page"))
    await client.zadd(keys.rebuilding(0), {"acme/7": 0})

    await asyncio.wait_for(Rebuilds(client, keys, settings, "feeder").turn(), 5)

    assert await client.exists(keys.rebuilding(0)) == 0


async def test_one_entry_too_many_does_not_hide_one_too_few_for_ever(
    client: Client, keys: Keys, publish: Publish, settings: Settings
) -> None:
    for page in ("there", "missing"):
        await publish(config("Page"), page=page)
    [_, (missing, _)] = await client.xrange(keys.builds(0))
    await client.xdel(keys.builds(0), missing)
    await client.xadd(keys.builds(0), {"type": "page-teleported", "data": b'{"type":"page-teleported"}'})
    reconciler = Reconciler(client, keys, settings, "r")

    assert await reconciler.reconcile(0, 0) == Found()
    assert await reconciler.reconcile(0, 0, is_thorough=True) == Found(requeued=1)


async def test_publications_from_a_future_that_was_set_back_are_looked_after(
    client: Client, keys: Keys, publish: Publish, settings: Settings
) -> None:
    await publish(config("Page"))
    await client.xtrim(keys.builds(0), maxlen=0)
    now_s, _ = await client.time()
    await client.zadd(keys.open(0), {"acme/spring/1": (now_s + 3600) * 1000})

    assert await Reconciler(client, keys, settings, "r").reconcile(0, 10_000) == Found(requeued=1)


async def test_a_task_whose_cancellation_gets_lost_is_ended_all_the_same() -> None:
    lost = []

    async def loop() -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if len(lost) == 2:
                    raise
                lost.append(1)

    task = asyncio.create_task(loop())
    await asyncio.wait({task}, timeout=0)

    await asyncio.wait_for(end(task, None), 5)

    assert len(lost) == 2
    assert task.cancelled()


async def _fill(client: Client, stream: str, publish: Callable[[bytes, str], Awaitable[None]]) -> None:
    number = 0
    while True:
        if await client.xlen(stream) < 40:
            await asyncio.gather(*(publish(config("Load"), f"p{number + i}") for i in range(16)))
            number += 16
        await asyncio.sleep(0.002)


async def _quieten(builder: Worker) -> None:
    await wait_until(lambda: builder.doing.state == "idle")
    builder.quiet.set()
    await wait_until(lambda: builder.doing.state == "quiet")


async def _is_quiet(client: Client) -> bool:
    return all(b'"quiet"' in said for said in await client.hvals(BUILDERS))


async def _has_entries(client: Client, keys: Keys, wanted: int) -> bool:
    return bool(await client.xlen(keys.builds(0)) >= wanted)


async def _holds_nothing(client: Client, keys: Keys) -> bool:
    return not (await client.xpending(keys.builds(0), GROUP))["pending"]


async def _are_live(stores: Stores, pages: list[str]) -> bool:
    return all([await state_of(stores, 1, page) == "live" for page in pages])


async def _has_letters(client: Client, keys: Keys, wanted: int) -> bool:
    return bool(await client.xlen(keys.dead(0)) == wanted)


async def _is_gone(client: Client, key: str) -> bool:
    return not await client.exists(key)


async def _is_out(client: Client, keys: Keys, name: str) -> bool:
    return name.encode() not in [consumer["name"] for consumer in await client.xinfo_consumers(keys.builds(0), GROUP)]
