"""Poison, the future, and leaving: what entries and ends do to builders, and what they must not."""

import asyncio
import os
import signal

import msgspec
import pytest

from services.builder.worker import Worker, new_name
from shared.connection import Client, connect
from shared.keys import EVERY_BUILDER, GROUP, QUIET, Keys, beat
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.builder.conftest import Publish, StartBuilder, config, events, is_in, state_of
from tests.stores import Stores

FUTURE = b'{"type":"page-teleported","site":"acme","page":"spring"}'


async def test_an_entry_that_kills_three_builders_is_buried_and_its_neighbours_are_built(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder, settings: Settings
) -> None:
    blocking = connect(settings.redis_url, block_s=2)
    for page in ("before", "poison", "after"):
        await publish(config(page), page=page)
    for death in range(1, 4):
        victim = Worker(client, blocking, settings, f"victim-{death}")
        await victim.queue.ensure_groups()
        entries = await victim.queue.take(10, None) if death == 1 else await _take_orphans(victim)
        if death == 3:
            # The first two neighbours died with it, so from here on each is taken alone: only the poison is in hand.
            while b"poison" not in entries[0].data:
                assert len(entries) == 1
                await victim.settle(await victim._bench.build(entries))
                entries = await _take_orphans(victim)
        assert any(b"poison" in entry.data for entry in entries)
        assert {entry.deliveries for entry in entries} == {death}

    await start_builder(msgspec.structs.replace(settings, heartbeat_ms=50))

    await wait_until(lambda: is_in(stores, 1, "live", "after"))
    [(_, letter)] = await client.xrange(keys.dead(0))
    assert letter[b"code"] == b"poison"
    assert b"poison" in letter[b"data"]
    assert await is_in(stores, 1, "live", "before")
    await blocking.aclose()


async def test_an_interruption_is_no_delivery(client: Client, keys: Keys, publish: Publish, settings: Settings) -> None:
    """Redis going away often must not make poison of what a builder had in hand."""
    blocking = connect(settings.redis_url, block_s=2)
    worker = Worker(client, blocking, settings, new_name())
    await worker.queue.ensure_groups()
    await publish(config("Mine"))
    await worker.queue.take(10, None)

    for _ in range(10):
        [entry] = await worker.queue.take_again(10)
        assert entry.deliveries == 1
        assert b"acme" in entry.data
    await blocking.aclose()


async def test_an_unreadable_entry_is_one_dead_letter_however_often_it_is_settled(
    client: Client, keys: Keys, settings: Settings
) -> None:
    blocking = connect(settings.redis_url, block_s=2)
    worker = Worker(client, blocking, settings, new_name())
    await worker.queue.ensure_groups()
    await client.xadd(keys.builds(0), {"data": b"\xff"})
    results = await worker._bench.build(await worker.queue.take(10, None))

    await worker.settle(results)
    await worker.settle(results)

    assert await client.xlen(keys.dead(0)) == 1
    await blocking.aclose()


async def test_ten_megabytes_in_an_entry_are_a_dead_letter_like_any_other(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    big = b"x" * 10_000_000
    await client.xadd(keys.builds(0), {"type": big, "data": big, "traceparent": big})
    await publish(config("Neighbour"))

    await start_builder()

    await wait_until(lambda: is_in(stores, 1, "live"))
    await wait_until(lambda: _has_letters(client, keys, 1))
    [(_, letter)] = await client.xrange(keys.dead(0))
    assert letter[b"code"] == b"undecodable"
    assert letter[b"data"] == big
    assert all(len(event["site"]) < 10 for event in await events(client, keys))


async def test_an_event_from_the_future_waits_for_a_newer_builder_and_then_alarms(
    client: Client,
    keys: Keys,
    stores: Stores,
    publish: Publish,
    start_builder: StartBuilder,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = {"type": "page-teleported", "data": FUTURE, "traceparent": ""}
    await client.xadd(keys.builds(0), entry)
    await publish(config("Neighbour"))
    await start_builder()
    await wait_until(lambda: is_in(stores, 1, "live"))
    await wait_until(lambda: _is_put_off(client, keys))
    [member] = await client.zrange(keys.delayed(0), 0, -1)
    assert await client.xlen(keys.dead(0)) == 0

    since = int(msgspec.json.decode(member)["since"])
    late = msgspec.json.encode(msgspec.json.decode(member) | {"since": str(since - settings.future_keep_s * 1000)})
    await client.zadd(keys.delayed(0), {late: 0})
    await client.zrem(keys.delayed(0), member)

    await wait_until(lambda: _has_letters(client, keys, 1))
    [(_, letter)] = await client.xrange(keys.dead(0))
    assert (letter[b"code"], letter[b"data"]) == (b"unknown-event", FUTURE)
    assert await client.xlen(keys.builds(0)) == 0
    assert "page-teleported" in caplog.text


async def test_a_builder_that_must_go_hands_back_what_it_cannot_finish(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder, settings: Settings
) -> None:
    short = msgspec.structs.replace(settings, drain_s=0.3)
    leaving = await start_builder(short)
    await wait_until(lambda: _has_beaten(client, leaving, 1))
    os.kill(leaving._sandbox.pid, signal.SIGSTOP)
    await publish(config("Slow"))
    await wait_until(lambda: is_in(stores, 1, "building"))

    leaving.stop.set()

    await wait_until(lambda: _is_out(client, keys, leaving.name))
    assert (await client.xpending(keys.builds(0), GROUP))["pending"] == 0
    assert await client.xlen(keys.builds(0)) == 1
    await start_builder()
    await wait_until(lambda: is_in(stores, 1, "live"))
    assert await client.xlen(keys.builds(0)) == 0


async def test_a_builder_that_stops_finishes_what_it_has(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    worker = await start_builder()
    await asyncio.gather(*(publish(config("Page"), page=f"p{number}") for number in range(40)))
    await wait_until(lambda: worker.doing.built > 0)

    worker.stop.set()

    await wait_until(lambda: _is_out(client, keys, worker.name))
    assert (await client.xpending(keys.builds(0), GROUP))["pending"] == 0
    left = await client.xlen(keys.builds(0)) + await client.zcard(keys.lane(0).waiting)
    states = [await state_of(stores, 1, f"p{number}") for number in range(40)]
    assert states.count("live") == 40 - left
    assert states.count("queued") == left


@pytest.mark.parametrize("told", ["by signal", "by name", "with all"])
async def test_a_quiet_builder_takes_nothing_and_stays(
    client: Client,
    keys: Keys,
    stores: Stores,
    publish: Publish,
    start_builder: StartBuilder,
    settings: Settings,
    told: str,
) -> None:
    worker = await start_builder(msgspec.structs.replace(settings, heartbeat_ms=50))
    await wait_until(lambda: worker.doing.state == "idle")
    if told == "by signal":
        worker.quiet.set()
    else:
        await client.hset(QUIET, worker.name if told == "by name" else EVERY_BUILDER, "ada")
    await wait_until(lambda: worker.doing.state == "quiet")

    await publish(config("Later"))
    before = await client.get(beat(worker.name))
    await wait_until(lambda: _has_beaten(client, worker, int(before) + 3))

    assert await state_of(stores, 1) == "queued"
    worker.quiet.clear()
    await client.delete(QUIET)
    await wait_until(lambda: is_in(stores, 1, "live"))


async def test_a_zombie_changes_nothing(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder, settings: Settings
) -> None:
    """A builder that was stopped for long wakes up with a finished page that somebody else has built meanwhile."""
    blocking = connect(settings.redis_url, block_s=2)
    zombie = Worker(client, blocking, settings, "zombie")
    await zombie.queue.ensure_groups()
    await publish(config("Once"))
    results = await zombie._bench.build(await zombie.queue.take(10, None))
    await start_builder(msgspec.structs.replace(settings, heartbeat_ms=50))
    await wait_until(lambda: is_in(stores, 1, "live"))

    await zombie.settle(results)

    built = [event for event in await events(client, keys) if event["type"] == "page-built"]
    assert len(built) == 1
    assert built[0]["by"] != "zombie"
    await blocking.aclose()


async def test_a_builder_beats_again_after_whatever_went_wrong(
    client: Client, start_builder: StartBuilder, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    worker = await start_builder(msgspec.structs.replace(settings, heartbeat_ms=50))
    await wait_until(lambda: _has_beaten(client, worker, 1))
    worker._heartbeat._describe = lambda: 1 / 0  # type: ignore[assignment,return-value]
    await wait_until(lambda: "ZeroDivisionError" in caplog.text)

    worker._heartbeat._describe = worker._describe

    before = worker._heartbeat._beats
    await wait_until(lambda: _has_beaten(client, worker, before + 1))


async def _take_orphans(worker: Worker) -> list[object]:
    while not worker._orphans.are_left:
        await worker._orphans.look()
    return list(await worker._orphans.take(10))


async def _has_letters(client: Client, keys: Keys, wanted: int) -> bool:
    return bool(await client.xlen(keys.dead(0)) == wanted)


async def _is_put_off(client: Client, keys: Keys) -> bool:
    return bool(await client.zcard(keys.delayed(0)))


async def _is_out(client: Client, keys: Keys, name: str) -> bool:
    listed = [consumer["name"] for consumer in await client.xinfo_consumers(keys.builds(0), GROUP)]
    return name.encode() not in listed and not await client.exists(beat(name))


async def _has_beaten(client: Client, worker: Worker, wanted: int) -> bool:
    return int(await client.get(beat(worker.name)) or 0) >= wanted
