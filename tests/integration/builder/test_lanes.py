"""Lanes: no site waits behind another's thousand pages, people go before batches, and a burst is built once."""

import asyncio
import json

import pytest

from services.builder.worker import Worker
from shared.connection import Client
from shared.idempotency import Request
from shared.keys import GROUP, Keys
from shared.queue import BULK_COUNT, Fed, Queue
from shared.rebuilds import RebuildStore
from shared.scripts import Call, run, script
from shared.settings import Settings
from shared.streams import Entry
from tests.conftest import wait_until
from tests.integration.builder.conftest import TRACE, Publish, StartBuilder, config, count, events, is_in
from tests.stores import Stores

pytestmark = pytest.mark.redis7

ROOM = 64


async def test_a_site_does_not_wait_behind_another_ones_thousand_pages(
    client: Client, keys: Keys, stores: Stores, settings: Settings
) -> None:
    await _publish_many(stores, "big", 1000)
    await _publish_many(stores, "small", 3)

    order = await _deliveries(client, keys, settings)

    assert len(order) == len(set(order)) == 1003
    last_of_small = max(order.index(("small", f"p{page}")) for page in range(3))
    assert last_of_small < ROOM + 2 * 3 + 1
    assert [page for site, page in order if site == "big"] == [f"p{page}" for page in range(1000)]


async def test_sites_that_wait_are_served_in_rotation(
    client: Client, keys: Keys, stores: Stores, settings: Settings
) -> None:
    await _publish_many(stores, "big", 300)
    for site in ("a", "b", "c"):
        await _publish_many(stores, site, 20)

    order = await _deliveries(client, keys, settings)

    behind = [site for site, _ in order[ROOM:]]
    rotation = behind[: 4 * 20]
    assert {site: rotation.count(site) for site in set(rotation)} == {"a": 20, "b": 20, "c": 20, "big": 20}
    assert set(behind[4 * 20 :]) == {"big"}


async def test_nothing_is_left_behind_when_all_have_been_served(
    client: Client, keys: Keys, stores: Stores, settings: Settings, start_builder: StartBuilder
) -> None:
    await _publish_many(stores, "big", 200)
    await start_builder()

    await wait_until(lambda: count(client, keys, "page-built", 200))

    assert await client.exists(*keys.lane(0)[1:], keys.open(0)) == 0
    assert await client.xlen(keys.builds(0)) == 0


async def test_people_go_before_batches(client: Client, keys: Keys, publish: Publish, settings: Settings) -> None:
    queue = await _queue(client, keys, settings)
    for number in range(20):
        await client.xadd(keys.builds(0, "bulk"), {"type": "config-published", "data": b"%d" % number})
    await publish(config("Editor"))

    first, second = await queue.take(32, None), await queue.take(32, None)

    assert [entry.stream for entry in first] == [keys.builds(0)]
    assert {entry.stream for entry in second} == {keys.builds(0, "bulk")}
    assert len(second) == BULK_COUNT


async def test_a_person_is_not_kept_waiting_by_the_rest_before_a_batch(
    client: Client, keys: Keys, publish: Publish, settings: Settings
) -> None:
    queue = await _queue(client, keys, settings)
    await client.xadd(keys.builds(0, "bulk"), {"type": "config-published"})
    resting = asyncio.create_task(queue.take(32, None, rest_ms=60_000))
    await wait_until(lambda: _is_blocked(client))

    await publish(config("Editor"))

    assert [entry.stream for entry in await resting] == [keys.builds(0)]


async def test_feeding_tells_how_long_people_have_been_quiet(
    client: Client, keys: Keys, publish: Publish, settings: Settings
) -> None:
    queue = await _queue(client, keys, settings)
    assert (await _feed(client, queue)).quiet_ms is None

    await publish(config("Editor"))
    now_s, _ = await client.time()
    assert (await _feed(client, queue)).quiet_ms in range(5_000)

    await client.delete(keys.builds(0))
    await client.xadd(keys.builds(0), {"type": "config-published"}, id=f"{now_s * 1000 - 60_000}-0")
    assert (await _feed(client, queue)).quiet_ms in range(59_000, 120_000)


async def test_a_builder_rests_between_batches_of_a_rebuild_while_people_publish(
    client: Client, keys: Keys, publish: Publish, settings: Settings, start_builder: StartBuilder
) -> None:
    worker = await start_builder()
    rests = _recorded(worker)
    for page in range(20):
        await publish(config("Page"), page=f"p{page}")
    await wait_until(lambda: count(client, keys, "page-built", 20))
    assert set(rests) <= {0}

    await RebuildStore(client, keys, settings).begin("acme", Request("ada", TRACE, "rebuild", "f"))
    await wait_until(lambda: count(client, keys, "page-built", 40))

    assert max(rests) > 0


def _recorded(worker: Worker) -> list[int]:
    """The rests of a builder, as it takes them."""
    rests: list[int] = []
    take = worker.queue.take

    async def taking(most: int, block_ms: int | None, rest_ms: int = 0) -> list[Entry]:
        rests.append(rest_ms)
        return await take(most, block_ms, rest_ms)

    worker.queue.take = taking  # type: ignore[method-assign]
    return rests


async def test_a_thousand_publishes_of_one_page_are_at_most_three_builds(
    client: Client, keys: Keys, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    await publish(config("Before"), page="other")
    await asyncio.gather(start_builder(), start_builder())
    await wait_until(lambda: count(client, keys, "page-built", 1))

    # As many at once as the client has connections: behind those a publish would wait for one, and not for Redis.
    at_once = asyncio.Semaphore(50)

    async def take(number: int) -> None:
        async with at_once:
            await publish(config(f"Take {number}"))

    await asyncio.gather(*(take(number) for number in range(1000)))

    await wait_until(lambda: is_in(stores, 1000, "live"))
    states = [publication.state for publication in await _all(stores)]
    assert set(states) <= {"live", "superseded"}
    assert len(states) == 1000
    started = [event for event in await events(client, keys) if event["type"] == "build-started"]
    assert 1 <= len(started) - 1 <= 3
    [page] = await stores.published.read([("acme", "spring")])
    assert page is not None
    assert page.seq == 1000
    assert await client.exists(keys.open(0), keys.delayed(0)) == 0


async def test_a_steady_flow_on_one_page_is_built_all_the_same(
    client: Client, keys: Keys, publish: Publish, settings: Settings
) -> None:
    """A page published without a pause never pauses for its build, so after a while it is built in between."""
    queue = await _queue(client, keys, settings)
    for number in range(3):
        await publish(config(f"Take {number}"))
    head, lane = keys.head("acme", "spring"), keys.builds(0)

    for ago_ms, outcome in ((1_000, b"delayed"), (6_000, b"build"), (-60_000, b"build")):
        now_s, _ = await client.time()
        await client.hset(head, "started_at", now_s * 1000 - ago_ms)
        entries = await queue.take(10, None) or await _again(client, keys, queue)
        [answer] = [answer for entry in entries if (answer := await _start(client, keys, entry)) != b"superseded"]
        assert answer == outcome, ago_ms
        if outcome == b"build":
            await publish(config("Next"))
            await client.hset(head, "started_at", 0)
    assert await client.exists(lane)


async def _is_blocked(client: Client) -> bool:
    return bool((await client.info("clients"))["blocked_clients"])


async def _feed(client: Client, queue: Queue) -> Fed:
    return queue.fed([await run(client, call) for call in queue.feeds()])


async def _again(client: Client, keys: Keys, queue: Queue) -> list[Entry]:
    """What was put off, due at once."""
    for member in await client.zrange(keys.delayed(0), 0, -1):
        await client.zadd(keys.delayed(0), {member: 0})
    for call in queue.feeds():
        await run(client, call)
    return await queue.take(10, None)


async def _start(client: Client, keys: Keys, entry: Entry) -> bytes:
    event = json.loads(entry.data)
    site, page = event["site"], event["page"]
    names = [keys.site(site), keys.head(site, page), keys.versions(site, page), keys.publications(site, page)]
    names += [entry.stream, keys.events(0), keys.open(0), keys.rebuilds(site), keys.delayed(0)]
    arguments = [site, page, event["seq"], entry.id, GROUP, "b1", TRACE, 3_600_000]
    answer: list[bytes] = await run(client, Call(script("start"), names, arguments))
    return answer[0]


async def _publish_many(stores: Stores, site: str, pages: int) -> None:
    await stores.sites.create(site, site, Request("ada", TRACE, f"site {site}", "site"))
    for page in range(pages):
        request = Request("ada", TRACE, f"{site} {page}", "f")
        await stores.publishing.save(site, f"p{page}", config("Page"), "", publish=True, request=request)


async def _queue(client: Client, keys: Keys, settings: Settings) -> Queue:
    queue = Queue(client, client, keys, "b1")
    await queue.ensure_groups()
    return queue


async def _deliveries(client: Client, keys: Keys, settings: Settings) -> list[tuple[str, str]]:
    """Pages in the order in which a builder gets them, feeding the lane after each batch as it does."""
    queue = await _queue(client, keys, settings)
    order = []
    while entries := await queue.take(32, None):
        for entry in entries:
            event = json.loads(entry.data)
            order.append((event["site"], event["page"]))
            await client.xack(entry.stream, GROUP, entry.id)
            await client.xdel(entry.stream, entry.id)
        for call in queue.feeds():
            await run(client, call)
    return order


async def _all(stores: Stores) -> list[object]:
    found, before = [], 0
    while True:
        listing = await stores.publications.listed("acme", "spring", before, 200)
        found += listing.items
        if not listing.after:
            return found
        before = int(listing.after)
