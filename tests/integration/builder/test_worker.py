"""The builder on a real Redis: what is published becomes a page, whatever happens to builders and entries."""

import asyncio
import os
import random
import signal
from pathlib import Path

import msgspec
import pytest

from services.builder.build import WANTED_AFTER_ALL
from services.builder.work import Work, read_entry
from services.builder.worker import Worker, new_name
from services.valkey import Valkey
from shared.codec import decompress
from shared.connection import Client, connect
from shared.idempotency import Request
from shared.keys import BUILDERS, GROUP, Keys, beat
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.builder.conftest import TRACE, Publish, StartBuilder, config, count, events, is_in, state_of
from tests.stores import Stores

pytestmark = pytest.mark.redis7

PAGE_BUILT = b'{"type":"page-built","site":"acme","page":"spring","seq":1,"version":1,"state":"live","at":1}'


async def test_a_published_config_becomes_a_page_and_leaves_nothing_behind(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    await publish(config("Hello"))

    worker = await start_builder()

    await wait_until(lambda: is_in(stores, 1, "live"))
    [page] = await stores.published.read([("acme", "spring")])
    assert page is not None
    assert b"<title>Hello" in decompress(page.body)
    publication = await stores.publications.show("acme", "spring", 1)
    assert [step.state for step in publication.steps] == ["queued", "building", "live"]
    assert publication.steps[1].by == worker.name
    assert await client.xlen(keys.builds(0)) == 0
    assert (await client.xpending(keys.builds(0), GROUP))["pending"] == 0


async def test_a_hundred_pages_are_built_by_two_builders_each_once(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    for number in range(100):
        await publish(config(f"Page {number}"), page=f"p{number}")

    await asyncio.gather(start_builder(), start_builder())

    await wait_until(lambda: count(client, keys, "page-built", 100))
    built = [event["page"] for event in await events(client, keys) if event["type"] == "page-built"]
    assert len(built) == len(set(built)) == 100


async def test_a_burst_on_one_page_ends_with_the_last_config_live(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    await start_builder()

    for number in range(60):
        await publish(config(f"Take {number}"))

    await wait_until(lambda: is_in(stores, 60, "live"))
    states = [await state_of(stores, seq) for seq in range(1, 61)]
    assert set(states) <= {"live", "superseded"}
    built = [event["seq"] for event in await events(client, keys) if event["type"] == "page-built"]
    assert built == sorted(set(built))
    [page] = await stores.published.read([("acme", "spring")])
    assert page is not None
    assert b"Take 59" in decompress(page.body)


async def test_shuffled_deliveries_never_take_a_page_back(
    client: Client, keys: Keys, stores: Stores, publish: Publish, settings: Settings
) -> None:
    """Two builders get the same page's entries in a random order, with the check at the start left out."""
    dice = random.Random(7)
    blocking = connect(settings.redis_url, block_s=2)
    builders = [Worker(client, blocking, settings, new_name()) for _ in range(2)]
    await builders[0].queue.ensure_groups()
    batches = []
    for number in range(12):
        # Started while it is still the newest, so the start lets it pass and only the commit's fence is left.
        await publish(config(f"Take {number}"))
        # Nor is it put off as part of a burst: no build of the page is known to have begun of late.
        await client.hdel(keys.head("acme", "spring"), "started_at")
        worker = dice.choice(builders)
        [entry] = await worker.queue.take(1, 100)
        batches.append((worker, await worker._bench.build([entry])))

    dice.shuffle(batches)
    lives = []
    for worker, results in batches:
        await worker.settle(results)
        [page] = await stores.published.read([("acme", "spring")])
        assert page is not None
        lives.append(page.seq)

    assert lives == sorted(lives)
    assert lives[-1] == 12
    assert {await state_of(stores, seq) for seq in range(1, 13)} == {"live", "superseded"}
    built = [event["seq"] for event in await events(client, keys) if event["type"] == "page-built"]
    assert built == sorted(set(built)) == sorted(set(lives))
    assert (await client.xpending(keys.builds(0), GROUP))["pending"] == 0
    await blocking.aclose()


async def test_entries_of_a_dead_builder_are_claimed_and_built(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder, settings: Settings
) -> None:
    quick = msgspec.structs.replace(settings, heartbeat_ms=50)
    blocking = connect(settings.redis_url, block_s=2)
    dead = Worker(client, blocking, quick, "the-dead-one")
    await dead.queue.ensure_groups()
    await publish(config("Orphan"))
    assert len(await dead.queue.take(10, 100)) == 1

    await start_builder(quick)

    await wait_until(lambda: is_in(stores, 1, "live"))
    await wait_until(lambda: _has_no_consumer(client, keys, "the-dead-one"), what="its name to be forgotten")
    await blocking.aclose()


async def test_entries_of_a_builder_that_lives_are_left_to_it(
    client: Client, keys: Keys, stores: Stores, publish: Publish, settings: Settings
) -> None:
    blocking = connect(settings.redis_url, block_s=2)
    slow, other = (Worker(client, blocking, settings, name) for name in ("slow", "other"))
    await slow.queue.ensure_groups()
    await publish(config("Mine"))
    await slow.queue.take(10, 100)

    for beats in range(20):
        await client.set(beat("slow"), beats)
        await other._orphans.look()
        assert not other._orphans.are_left

    await client.delete(beat("slow"))
    await other._orphans.look()
    assert not other._orphans.are_left
    await other._orphans.look()
    assert other._orphans.are_left
    [entry] = await other._orphans.take(10)
    assert entry.deliveries == 2
    await blocking.aclose()


async def test_an_entry_that_cannot_be_read_is_kept_and_its_neighbours_are_built(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    await client.xadd(keys.builds(0), {"type": "config-published", "data": b"\xff\xfe not json"})
    await client.xadd(keys.builds(0), {"type": "page-built", "data": PAGE_BUILT})
    await publish(config("Neighbour"))

    await start_builder()

    await wait_until(lambda: is_in(stores, 1, "live"))
    # A script that this Redis has never seen is sent again, after the others.
    await wait_until(lambda: _has_letters(client, keys, 2))
    letters = [fields for _, fields in await client.xrange(keys.dead(0))]
    assert [letter[b"code"] for letter in letters] == [b"undecodable", b"not-work"]
    assert letters[0][b"data"] == b"\xff\xfe not json"
    await wait_until(lambda: _is_drained(client, keys))


async def test_a_version_that_cannot_be_rendered_fails_and_the_page_before_stays(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    await start_builder()
    await publish(config("Good"))
    await wait_until(lambda: is_in(stores, 1, "live"))

    await publish(b'{"title":"Bad","widgets":[{"type":"hologram"}]}')

    await wait_until(lambda: is_in(stores, 2, "failed"))
    publication = await stores.publications.show("acme", "spring", 2)
    assert publication.failure is not None
    assert "hologram" in publication.failure.reason
    [page] = await stores.published.read([("acme", "spring")])
    assert page is not None
    assert page.seq == 1
    [failed] = [event for event in await events(client, keys) if event["type"] == "build-failed"]
    assert failed["live_version"] == 1


async def test_a_page_that_takes_too_long_is_killed_tried_again_and_given_up(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder, settings: Settings
) -> None:
    # A deadline no render can meet; two attempts, so one retry goes through the delayed set.
    impatient = msgspec.structs.replace(settings, build_deadline_s=1.5, build_attempts=2, heartbeat_ms=50)
    worker = await start_builder(impatient)
    await wait_until(lambda: _beats(client, worker))
    worker._sandbox._deadline_s = 0.000_001
    await publish(config("Slow"))

    await wait_until(lambda: is_in(stores, 1, "failed"))

    publication = await stores.publications.show("acme", "spring", 1)
    assert [step.state for step in publication.steps] == [
        "queued", "building", "retrying", "building", "failed",
    ]  # fmt: skip
    assert publication.failure is not None
    assert publication.failure.code == "render-timed-out"
    worker._sandbox._deadline_s = 10
    await publish(config("Quick"))
    await wait_until(lambda: is_in(stores, 2, "live"))


async def test_a_page_superseded_while_it_renders_makes_way_for_its_newer_one(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder, settings: Settings
) -> None:
    patient = msgspec.structs.replace(settings, build_deadline_s=50)
    worker = await start_builder(patient)
    await wait_until(lambda: _beats(client, worker))
    before = worker._sandbox.pid
    # A child that has stopped renders for ever.
    os.kill(before, signal.SIGSTOP)
    await publish(config("Overtaken"))
    await wait_until(lambda: is_in(stores, 1, "building"))

    await publish(config("Newest"))

    await wait_until(lambda: is_in(stores, 1, "superseded"))
    await wait_until(lambda: is_in(stores, 2, "live"))
    assert worker._sandbox.pid != before
    assert not await count(client, keys, "build-failed", 1)
    await wait_until(lambda: _is_drained(client, keys))


async def test_a_page_given_up_by_mistake_is_tried_again(
    client: Client, publish: Publish, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocking = connect(settings.redis_url, block_s=2)
    worker = Worker(client, blocking, settings, new_name())
    await worker.queue.ensure_groups()
    await worker._sandbox.start()
    await publish(config("Wanted"))

    async def is_wanted(_: Work) -> bool:
        return False

    monkeypatch.setattr(worker._bench, "_is_wanted", is_wanted)
    os.kill(worker._sandbox.pid, signal.SIGSTOP)

    [result] = await worker._bench.build(await worker.queue.take(1, 100))

    assert result.outcome == WANTED_AFTER_ALL
    assert result.attempt == 1
    await worker._sandbox.stop()
    await blocking.aclose()


async def test_a_page_is_wanted_while_redis_is_away(
    client: Client, publish: Publish, settings: Settings, tmp_path: Path
) -> None:
    blocking = connect(settings.redis_url, block_s=2)
    worker = Worker(client, blocking, settings, new_name())
    await worker.queue.ensure_groups()
    await publish(config("Old"))
    [entry] = await worker.queue.take(1, 100)
    await publish(config("New"))
    work = read_entry(entry)
    assert isinstance(work, Work)
    assert not await worker._bench._is_wanted(work)

    worker._bench._client = connect(f"unix://{tmp_path}/nobody")

    assert await worker._bench._is_wanted(work)
    await blocking.aclose()


async def test_a_stopped_builder_leaves_no_trace(
    client: Client, keys: Keys, settings: Settings, start_builder: StartBuilder
) -> None:
    worker = await start_builder()
    await wait_until(lambda: _beats(client, worker))

    worker.stop.set()

    await wait_until(lambda: _has_left(client, worker))


async def test_a_builder_that_loses_redis_takes_its_entries_up_again(keys: Keys, tmp_path: Path) -> None:
    valkey = Valkey(tmp_path / "v")
    await asyncio.to_thread(valkey.start)
    settings = Settings(redis_url=valkey.url, heartbeat_ms=100)
    client, blocking = connect(valkey.url), connect(valkey.url, block_s=2)
    stores = Stores(client, keys, settings)
    await stores.sites.create("acme", "Acme", Request("ada", TRACE, "site", "site"))
    worker = Worker(client, blocking, settings, new_name())
    await worker.queue.ensure_groups()
    for number in range(600):
        request = Request("ada", TRACE, f"k{number}", "f")
        await stores.publishing.save("acme", f"p{number}", config("Hello"), "", publish=True, request=request)
    running = asyncio.create_task(worker.run())
    for built in (50, 250):
        # In the middle of the backlog, so that it has entries in its hands.
        await wait_until(lambda wanted=built: worker.doing.built >= wanted)
        await asyncio.to_thread(valkey.kill)
        await asyncio.to_thread(valkey.start)

    await wait_until(lambda: count(client, keys, "page-built", 600), longest_s=20)

    built = [event["page"] for event in await events(client, keys) if event["type"] == "page-built"]
    assert len(built) == len(set(built)) == 600
    await wait_until(lambda: _is_drained(client, keys))
    worker.stop.set()
    await running
    await client.aclose()
    await blocking.aclose()
    await asyncio.to_thread(valkey.kill)


async def _has_no_consumer(client: Client, keys: Keys, name: str) -> bool:
    return name.encode() not in [consumer["name"] for consumer in await client.xinfo_consumers(keys.builds(0), GROUP)]


async def _beats(client: Client, worker: Worker) -> bool:
    return bool(await client.exists(beat(worker.name)) and await client.hexists(BUILDERS, worker.name))


async def _has_left(client: Client, worker: Worker) -> bool:
    return not (await client.exists(beat(worker.name)) or await client.hexists(BUILDERS, worker.name))


async def _has_letters(client: Client, keys: Keys, wanted: int) -> bool:
    return bool(await client.xlen(keys.dead(0)) == wanted)


async def _is_drained(client: Client, keys: Keys) -> bool:
    return not await client.xlen(keys.builds(0)) and not (await client.xpending(keys.builds(0), GROUP))["pending"]
