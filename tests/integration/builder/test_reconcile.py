"""The reconciler finds what no builder would ever come by again."""

import json

import pytest

from services.builder.reconcile import Found, Reconciler
from services.builder.worker import Worker
from shared.connection import Client, connect
from shared.keys import GROUP, Keys
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.builder.conftest import Publish, StartBuilder, config, count, events, is_in, state_of
from tests.stores import Stores

pytestmark = pytest.mark.redis7


@pytest.fixture
def reconciler(client: Client, keys: Keys, settings: Settings) -> Reconciler:
    return Reconciler(client, keys, settings, "r1")


async def test_a_trimmed_lane_is_filled_again(
    client: Client, keys: Keys, stores: Stores, publish: Publish, reconciler: Reconciler, start_builder: StartBuilder
) -> None:
    for page in range(150):
        await publish(config("Page"), page=f"p{page}")
    await client.xtrim(keys.builds(0), maxlen=0)
    await client.delete(keys.lane(0).waiting)

    assert await reconciler.reconcile(0, grace_ms=0) == Found(requeued=150)

    await start_builder()
    await wait_until(lambda: count(client, keys, "page-built", 150))
    assert await client.exists(keys.open(0)) == 0


async def test_nothing_is_queued_twice(publish: Publish, client: Client, keys: Keys, reconciler: Reconciler) -> None:
    for page in range(100):
        await publish(config("Page"), page=f"p{page}")
    member = json.dumps({"lane": keys.builds(0), "type": "x", "data": "{}", "traceparent": ""})
    await client.zadd(keys.delayed(0), {member: 0})
    await client.xdel(keys.builds(0), (await client.xrange(keys.builds(0), count=1))[0][0])

    assert await reconciler.reconcile(0, grace_ms=0) == Found()
    await client.zrem(keys.delayed(0), member)
    assert await reconciler.reconcile(0, grace_ms=0) == Found(requeued=1)
    assert await reconciler.reconcile(0, grace_ms=0) == Found()


async def test_what_is_young_is_left_alone(
    publish: Publish, client: Client, keys: Keys, reconciler: Reconciler
) -> None:
    await publish(config("Page"))
    await client.xtrim(keys.builds(0), maxlen=0)

    assert await reconciler.reconcile(0, grace_ms=10_000) == Found()


async def test_what_a_newer_one_has_overtaken_ends_superseded(
    publish: Publish, client: Client, keys: Keys, stores: Stores, reconciler: Reconciler, start_builder: StartBuilder
) -> None:
    await publish(config("First"))
    await client.xtrim(keys.builds(0), maxlen=0)
    await publish(config("Second"))

    assert await reconciler.reconcile(0, grace_ms=0) == Found()

    assert await state_of(stores, 1) == "superseded"
    await start_builder()
    await wait_until(lambda: is_in(stores, 2, "live"))
    ends = [event["seq"] for event in await events(client, keys) if event["type"] == "build-superseded"]
    assert ends == [1]


async def test_entries_of_a_name_that_was_deleted_by_hand_are_found(
    client: Client,
    keys: Keys,
    stores: Stores,
    publish: Publish,
    reconciler: Reconciler,
    settings: Settings,
    start_builder: StartBuilder,
) -> None:
    blocking = connect(settings.redis_url, block_s=2)
    gone = Worker(client, blocking, settings, "gone")
    await gone.queue.ensure_groups()
    await publish(config("Page"))
    await gone.queue.take(10, None)
    await client.xgroup_delconsumer(keys.builds(0), GROUP, "gone")

    assert await reconciler.reconcile(0, grace_ms=0) == Found(stranded=1)

    await start_builder()
    await wait_until(lambda: is_in(stores, 1, "live"))
    await blocking.aclose()


async def test_a_group_that_was_destroyed_is_made_anew_and_misses_nothing(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    await start_builder()
    await publish(config("First"))
    await wait_until(lambda: is_in(stores, 1, "live"))

    await client.xgroup_destroy(keys.builds(0), GROUP)
    await publish(config("Second"))

    await wait_until(lambda: is_in(stores, 2, "live"))


async def test_a_retry_due_in_an_hour_because_the_clock_was_set_back_is_due_now(
    client: Client, keys: Keys, stores: Stores, publish: Publish, reconciler: Reconciler, start_builder: StartBuilder
) -> None:
    await publish(config("Page"))
    [(entry, fields)] = await client.xrange(keys.builds(0))
    await client.xdel(keys.builds(0), entry)
    waiting = {"lane": keys.builds(0), "type": "config-published", "data": fields[b"data"].decode(), "traceparent": ""}
    now_s, _ = await client.time()
    await client.zadd(keys.delayed(0), {json.dumps(waiting): (now_s + 3600) * 1000})

    assert await reconciler.reconcile(0, grace_ms=0) == Found(early=1)

    await start_builder()
    await wait_until(lambda: is_in(stores, 1, "live"))


async def test_a_short_wait_stays_one_although_the_clock_was_set_back_by_less_than_the_longest(
    client: Client, keys: Keys, stores: Stores, publish: Publish, reconciler: Reconciler, start_builder: StartBuilder
) -> None:
    await publish(config("Page"))
    [(entry, fields)] = await client.xrange(keys.builds(0))
    await client.xdel(keys.builds(0), entry)
    now_s, _ = await client.time()
    then_ms, lane = (now_s + 40) * 1000, keys.builds(0)
    waiting = {"lane": lane, "type": "config-published", "data": fields[b"data"].decode(), "traceparent": ""}
    await client.zadd(keys.delayed(0), {json.dumps(waiting | {"put_off_at": str(then_ms)}): then_ms + 150})

    assert await reconciler.reconcile(0, grace_ms=0) == Found(early=1)

    [(_, due)] = await client.zrange(keys.delayed(0), 0, -1, withscores=True)
    assert now_s * 1000 < due < (now_s + 10) * 1000
    assert await reconciler.reconcile(0, grace_ms=0) == Found()
    await start_builder()
    await wait_until(lambda: is_in(stores, 1, "live"))


async def test_builders_reconcile_by_themselves(
    client: Client,
    keys: Keys,
    stores: Stores,
    publish: Publish,
    start_builder: StartBuilder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.builder.reconcile.RECONCILE_S", 0.05)
    monkeypatch.setattr("services.builder.reconcile.GRACE_MS", 0)
    await publish(config("Page"))
    await client.xtrim(keys.builds(0), maxlen=0)

    await start_builder()

    await wait_until(lambda: is_in(stores, 1, "live"))
