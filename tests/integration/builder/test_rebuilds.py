"""Rebuilds: every live page anew, behind people, with progress and cancel."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from string import ascii_letters

import pytest

from services.builder.rebuilds import MOST_OPEN, Rebuilds
from shared.connection import Client
from shared.errors import Conflict, NotFound
from shared.idempotency import Request
from shared.keys import Keys
from shared.rebuilds import Rebuild, RebuildStore
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.builder.conftest import TRACE, Publish, StartBuilder, config, count, events, is_in, state_of
from tests.stores import Stores

REQUEST = Request("ada", TRACE, "rebuild", "f")
Fill = Callable[[int], Awaitable[None]]


@pytest.fixture
def rebuilds(client: Client, keys: Keys, settings: Settings) -> RebuildStore:
    return RebuildStore(client, keys, settings)


@pytest.fixture
def fill(client: Client, keys: Keys, publish: Publish) -> Fill:
    """Publish some pages and wait until all are live."""

    async def fill(pages: int) -> None:
        for page in range(pages):
            await publish(config("Page"), page=f"p{page:04}")
        await wait_until(lambda: count(client, keys, "page-built", pages))

    return fill


async def test_every_live_page_of_the_site_is_built_once_more(
    client: Client, keys: Keys, stores: Stores, rebuilds: RebuildStore, fill: Fill, start_builder: StartBuilder
) -> None:
    await asyncio.gather(start_builder(), start_builder())
    await fill(120)
    await stores.publishing.save("acme", "draft", config("Draft"), "", publish=False, request=REQUEST)

    begun, replayed = await rebuilds.begin("acme", REQUEST._replace(idempotency_key="r"))

    assert (begun.number, begun.state, begun.total, replayed) == (1, "running", 121, False)
    await wait_until(lambda: _is_over(rebuilds, 1))
    done = await rebuilds.show("acme", 1)
    assert (done.state, done.queued, done.live, done.skipped, done.failed) == ("done", 120, 120, 1, 0)
    built = [event for event in await events(client, keys) if event["type"] == "page-built"]
    assert sorted(event["page"] for event in built[120:]) == [f"p{page:04}" for page in range(120)]
    assert {event["cause"] for event in built[120:]} == {"refresh"}
    assert all(event["unchanged"] for event in built[120:])
    assert (await stores.publications.show("acme", "p0000", 2)).rebuild == 1
    assert await client.exists(keys.open(0), keys.rebuilding(0)) == 0


async def test_bytes_that_are_there_are_not_written_again(
    client: Client, keys: Keys, stores: Stores, publish: Publish, rebuilds: RebuildStore, start_builder: StartBuilder
) -> None:
    await _append_to_disk(client)
    await start_builder()
    noise = random.Random(3)
    texts = ["".join(noise.choices(ascii_letters, k=5_000)) for _ in range(10)]
    widgets = [{"type": "text", "body": text} for text in texts]
    await publish(json.dumps({"title": "Long", "widgets": widgets}).encode())
    await wait_until(lambda: is_in(stores, 1, "live"))
    page, artifact, size = await _bytes(client, keys)

    await rebuilds.begin("acme", REQUEST)
    await wait_until(lambda: count(client, keys, "page-built", 2))

    again, same, grown = await _bytes(client, keys)
    assert (again[b"seq"], again[b"body"], same) == (b"2", page[b"body"], artifact)
    assert len(page[b"body"]) > 30_000
    assert grown - size < len(page[b"body"]) / 2


async def test_damaged_bytes_are_mended_by_a_rebuild(
    client: Client, keys: Keys, stores: Stores, publish: Publish, rebuilds: RebuildStore, start_builder: StartBuilder
) -> None:
    await start_builder()
    await publish(config("Page"))
    await wait_until(lambda: is_in(stores, 1, "live"))
    page, artifact, _ = await _bytes(client, keys)
    await client.hset(keys.page("acme", "spring"), "body", page[b"body"][:-1] + b"?")
    await client.hset(keys.artifacts("acme", "spring"), "1", b"?" * len(page[b"body"]))

    await rebuilds.begin("acme", REQUEST)
    await wait_until(lambda: count(client, keys, "page-built", 2))

    mended, artifact_mended, _ = await _bytes(client, keys)
    assert (mended[b"body"], artifact_mended) == (page[b"body"], artifact)


async def _append_to_disk(client: Client) -> None:
    """Debian's Redis runs without a file in the tests, until one needs it."""
    await client.config_set("appendonly", "yes")

    async def is_settled() -> bool:
        info = await client.info("persistence")
        return not info["aof_rewrite_in_progress"] and not info["aof_rewrite_scheduled"]

    await wait_until(is_settled)


async def _bytes(client: Client, keys: Keys) -> tuple[dict[bytes, bytes], bytes | None, int]:
    """The published page, its artifact, and the size of what Redis has appended to disk."""
    page, artifact = keys.page("acme", "spring"), keys.artifacts("acme", "spring")
    info = await client.info("persistence")
    return await client.hgetall(page), await client.hget(artifact, "1"), info.get("aof_current_size", 0)


async def test_the_same_request_begins_one_rebuild_and_a_second_has_to_wait(
    client: Client, rebuilds: RebuildStore, publish: Publish
) -> None:
    await publish(config("Page"))

    first = await rebuilds.begin("acme", REQUEST)
    again = await rebuilds.begin("acme", REQUEST)

    assert (first[0].number, first[1], again[0].number, again[1]) == (1, False, 1, True)
    with pytest.raises(Conflict, match="Rebuild 1"):
        await rebuilds.begin("acme", REQUEST._replace(idempotency_key="other"))


async def test_a_site_that_does_not_exist_cannot_be_rebuilt(client: Client, rebuilds: RebuildStore) -> None:
    with pytest.raises(NotFound, match="site"):
        await rebuilds.begin("nope", REQUEST)
    with pytest.raises(NotFound, match="rebuild"):
        await rebuilds.show("nope", 1)


async def test_a_rebuild_takes_nothing_away_from_what_somebody_asked_for(
    client: Client,
    keys: Keys,
    stores: Stores,
    settings: Settings,
    rebuilds: RebuildStore,
    publish: Publish,
    fill: Fill,
    start_builder: StartBuilder,
) -> None:
    builder = await start_builder()
    await fill(2)
    builder.quiet.set()
    await wait_until(lambda: builder.doing.state == "quiet")
    await publish(config("Mine"), page="p0001")
    await rebuilds.begin("acme", REQUEST)
    feeder = Rebuilds(client, keys, settings, "feeder")
    await feeder.turn()

    builder.quiet.clear()

    await wait_until(lambda: _is_over(rebuilds, 1))
    await wait_until(lambda: is_in(stores, 2, "live", "p0001"))
    assert (await rebuilds.show("acme", 1)).skipped == 1
    assert (await stores.pages.show("acme", "p0001")).head.live_version == 2


async def test_a_publish_overtakes_the_rebuild_of_its_page(
    client: Client,
    keys: Keys,
    stores: Stores,
    settings: Settings,
    rebuilds: RebuildStore,
    publish: Publish,
    fill: Fill,
    start_builder: StartBuilder,
) -> None:
    builder = await start_builder()
    await fill(1)
    builder.quiet.set()
    await wait_until(lambda: builder.doing.state == "quiet")
    await rebuilds.begin("acme", REQUEST)
    await Rebuilds(client, keys, settings, "feeder").turn()
    await publish(config("Mine"), page="p0000")

    builder.quiet.clear()

    await wait_until(lambda: is_in(stores, 3, "live", "p0000"))
    await wait_until(lambda: _is_over(rebuilds, 1))
    assert (await rebuilds.show("acme", 1)).superseded == 1
    assert await state_of(stores, 2, "p0000") == "superseded"


async def test_a_rebuild_that_is_called_off_leaves_the_pages_as_they_are(
    client: Client,
    keys: Keys,
    stores: Stores,
    settings: Settings,
    rebuilds: RebuildStore,
    fill: Fill,
    start_builder: StartBuilder,
) -> None:
    builder = await start_builder()
    await fill(MOST_OPEN + 60)
    builder.quiet.set()
    await wait_until(lambda: builder.doing.state == "quiet")
    await rebuilds.begin("acme", REQUEST)
    feeding = asyncio.create_task(Rebuilds(client, keys, settings, "feeder").turn())
    await wait_until(lambda: _has_queued(rebuilds, MOST_OPEN))
    cancelled = await rebuilds.cancel("acme", 1)
    await feeding

    builder.quiet.clear()

    assert cancelled.state == "cancelled"
    assert cancelled.queued < MOST_OPEN + 60
    await wait_until(lambda: _has_cancelled(rebuilds, cancelled.queued))
    assert await client.exists(keys.open(0), keys.lane(0, "bulk").waiting) == 0
    assert (await stores.pages.show("acme", "p0000")).head.live_seq == 1
    assert await state_of(stores, 2, "p0000") == "cancelled"
    ends = [event for event in await events(client, keys) if event["type"] == "build-cancelled"]
    assert len(ends) == cancelled.queued
    with pytest.raises(NotFound):
        await rebuilds.cancel("acme", 2)
    assert (await rebuilds.cancel("acme", 1)).state == "cancelled"


async def test_feeders_that_run_into_each_other_queue_each_page_once(
    client: Client, keys: Keys, settings: Settings, rebuilds: RebuildStore, fill: Fill, start_builder: StartBuilder
) -> None:
    builder = await start_builder()
    await fill(100)
    builder.quiet.set()
    await wait_until(lambda: builder.doing.state == "quiet")
    await rebuilds.begin("acme", REQUEST)

    await asyncio.gather(*(Rebuilds(client, keys, settings, f"feeder-{number}").turn() for number in range(3)))

    assert (await rebuilds.show("acme", 1)).queued == 100
    waiting = [json.loads(member)["data"] for member in await client.zrange(keys.lane(0, "bulk").waiting, 0, -1)]
    queued = [json.loads(data) for data in waiting]
    queued += [json.loads(fields[b"data"]) for _, fields in await client.xrange(keys.builds(0, "bulk"))]
    assert sorted(event["page"] for event in queued) == [f"p{page:04}" for page in range(100)]
    builder.quiet.clear()
    await wait_until(lambda: _is_over(rebuilds, 1))


async def test_only_the_newest_rebuilds_are_remembered(
    client: Client,
    keys: Keys,
    rebuilds: RebuildStore,
    fill: Fill,
    start_builder: StartBuilder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.rebuilds.KEEP", 2)
    await start_builder()
    await fill(1)

    for number in range(1, 5):
        await rebuilds.begin("acme", REQUEST._replace(idempotency_key=f"r{number}"))
        await wait_until(lambda wanted=number: _is_over(rebuilds, wanted))

    newest = await rebuilds.newest("acme")
    assert [rebuild.number for rebuild in newest] == [4, 3]
    assert await client.hlen(keys.rebuilds("acme")) < 3 * 13


async def _is_over(rebuilds: RebuildStore, number: int) -> bool:
    return (await rebuilds.show("acme", number)).state != "running"


async def _has_queued(rebuilds: RebuildStore, wanted: int) -> bool:
    return (await rebuilds.show("acme", 1)).queued >= wanted


async def _has_cancelled(rebuilds: RebuildStore, wanted: int) -> bool:
    found: Rebuild = await rebuilds.show("acme", 1)
    return found.cancelled == wanted
