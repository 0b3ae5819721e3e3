"""The follower on a real Redis: what it makes true, and what it does where history is gone."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from services.server.catch_up import CatchUp
from services.server.follower import Follower
from services.server.hosts import Hosts
from services.server.hub import Hub
from services.server.memory import PageMemory, PageName
from services.server.snapshots import Snapshots
from services.server.stream import Stream
from services.server.witness import Witness
from shared.connection import Client, connect
from shared.errors import StoreUnavailable
from shared.event_log import EventLog
from shared.hostnames import HostnameStore
from shared.keys import Keys
from shared.records import PublishedPage
from shared.settings import Settings
from shared.streams import position
from tests.conftest import wait_until
from tests.integration.server.conftest import Publisher
from tests.stores import Stores

pytestmark = pytest.mark.redis7

SPRING = PageName("acme", "spring")
TOPIC = ("acme", "spring")


class Parts:
    """A follower and all around it, not started."""

    def __init__(self, client: Client, blocking: Client, keys: Keys, stores: Stores, step_s: int = 60) -> None:
        self.events = EventLog(client, blocking, keys)
        self.memory, self.hub = PageMemory(stores.published.read, 1_000_000), Hub()
        self.witness = Witness(client, stores.witnesses, self.memory, keys)
        hosts = Hosts(HostnameStore(client, keys, Settings()))
        clock = itertools.count(0, step_s).__next__
        self.follower = Follower(self.events, self.memory, self.hub, self.witness, hosts, clock=clock)
        snapshots = Snapshots(stores.sites, stores.pages, stores.publications, self.events, keys)
        self.catch_up = CatchUp(snapshots, self.follower, keys, behind_s=0.05)

    async def holds(self, body: bytes) -> bool:
        held = await self.memory.get(SPRING)
        return held is not None and held.page == body


@pytest.fixture
def step_s() -> int:
    return 60


@pytest.fixture
async def parts(client: Client, keys: Keys, stores: Stores, settings: Settings, step_s: int) -> AsyncIterator[Parts]:
    """Every look at its clock is a minute after the one before: each read seems to come late."""
    blocking = connect(settings.redis_url, block_s=2)
    parts = Parts(client, blocking, keys, stores, step_s)
    yield parts
    await parts.follower.stop()
    await blocking.aclose()


def stream() -> Stream:
    return Stream(lambda: None)


async def test_events_trimmed_before_they_were_read_are_noticed_although_others_follow(
    parts: Parts, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"one")
    parts.follower.start()
    await wait_until(lambda: parts.follower.is_following)
    assert await parts.holds(b"one")
    watcher = stream()
    parts.hub.join(TOPIC, watcher)

    # The page changes, and all that the follower will ever see is an event that has nothing to do with it.
    page = await client.hgetall(keys.page(*SPRING))
    await publisher.publish(b"two", page="elsewhere")
    two = (await client.hgetall(keys.page("acme", "elsewhere")))[b"body"]
    async with client.pipeline(transaction=True) as gap:
        gap.hset(keys.page(*SPRING), mapping={**page, b"seq": 9, b"body": two})
        gap.xadd(keys.events(0), {"type": "page-built", "data": b"{}"})
        gap.xadd(keys.events(0), {"type": "unrelated", "data": b'{"type":"unrelated"}'})
        gap.xtrim(keys.events(0), maxlen=1, approximate=False)
        await gap.execute()

    await wait_until(lambda: parts.holds(b"two"))
    await wait_until(lambda: watcher.needs_snapshot)


@pytest.mark.parametrize("step_s", [0, 60], ids=["at once", "late"])
async def test_what_follows_on_another_history_is_told_to_nobody_who_knows_the_one_that_is_lost(
    parts: Parts, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"one")
    parts.follower.start()
    await wait_until(lambda: parts.follower.is_following)
    watcher = stream()
    parts.hub.join(TOPIC, watcher)
    await publisher.publish(b"two")
    lost = (await parts.events.tail())[0]
    await parts.follower.reach(0, lost, 10)
    assert b"event: page-built" in watcher.take()
    pieces: list[bytes] = []
    watcher.send = lambda piece: pieces.append(piece.text)  # type: ignore[method-assign]

    # A replica takes over that had not got the last write yet, and goes on.
    async with client.pipeline(transaction=True) as failover:
        failover.xdel(keys.events(0), lost)
        event = b'{"type":"build-started","site":"acme","page":"spring","seq":3,"version":3,"state":"building","at":1}'
        failover.xadd(keys.events(0), {"type": "build-started", "data": event})
        await failover.execute()

    await wait_until(lambda: watcher.needs_snapshot)
    assert pieces == []


async def test_what_a_turn_that_failed_has_read_is_not_taken_for_what_is_there_later(
    parts: Parts, publisher: Publisher, client: Client, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.follower.start()
    await wait_until(lambda: parts.follower.is_following)
    assert await parts.memory.get(SPRING) is None
    load, find_lost = parts.memory._load, parts.events.find_lost
    reads, is_read, may_arrive, is_back = 0, asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def read_late(names: Sequence[PageName]) -> list[PublishedPage | None]:
        nonlocal reads
        reads += 1
        is_first, found = reads == 1, await load(names)
        if is_first:
            is_read.set()
            await may_arrive.wait()
        return found

    async def fail(after: Mapping[int, str]) -> list[int]:
        if reads and not is_back.is_set():
            raise StoreUnavailable("away")
        return await find_lost(after)

    monkeypatch.setattr(parts.memory, "_load", read_late)
    monkeypatch.setattr(parts.events, "find_lost", fail)
    await publisher.publish(b"one")
    await is_read.wait()

    await publisher.publish(b"two")
    async with client.pipeline(transaction=True) as gap:
        gap.xadd(keys.events(0), {"type": "unrelated", "data": b'{"type":"unrelated"}'})
        gap.xtrim(keys.events(0), maxlen=1, approximate=False)
        await gap.execute()
    newest = (await parts.events.tail())[0]
    is_back.set()
    with contextlib.suppress(StoreUnavailable):
        # It may begin anew before that answer is there, or wait for it.
        await parts.follower.reach(0, newest, 1)
    may_arrive.set()

    await wait_until(lambda: parts.memory.look(SPRING) is not None)
    await parts.follower.reach(0, newest, 10)
    assert await parts.holds(b"two")


async def test_a_page_published_in_a_gap_is_no_longer_missing(
    parts: Parts, publisher: Publisher, client: Client, keys: Keys
) -> None:
    parts.follower.start()
    await publisher.publish(b"other", page="other")
    await parts.follower.reach(0, (await parts.events.tail())[0], 10)
    assert await parts.memory.get(SPRING) is None
    page = await client.hgetall(keys.page("acme", "other"))

    async with client.pipeline(transaction=True) as gap:
        gap.hset(keys.page(*SPRING), mapping=page)
        gap.xadd(keys.events(0), {"type": "page-built", "data": b"{}"})
        gap.xadd(keys.events(0), {"type": "unrelated", "data": b'{"type":"unrelated"}'})
        gap.xtrim(keys.events(0), maxlen=1, approximate=False)
        await gap.execute()

    await wait_until(lambda: parts.holds(b"other"))


async def test_a_snapshot_is_not_told_before_this_process_serves_what_it_says(
    parts: Parts, publisher: Publisher
) -> None:
    await publisher.publish(b"one")
    assert await parts.holds(b"one")
    parts.follower.applied = await parts.events.tail()
    await publisher.publish(b"two")

    for topic in (TOPIC, ("acme", "")):
        with pytest.raises(StoreUnavailable):
            await anext(parts.catch_up.begin(topic, "", stream()))

    parts.follower.start()
    await wait_until(lambda: parts.holds(b"two"))
    assert b'"seq":2' in await anext(parts.catch_up.begin(TOPIC, "", stream()))


async def test_history_is_not_told_before_this_process_serves_what_it_says(parts: Parts, publisher: Publisher) -> None:
    first = (await parts.events.tail())[0]
    await publisher.publish(b"one")
    parts.follower.start()
    await wait_until(lambda: parts.follower.is_following)
    await parts.follower.stop()
    await publisher.publish(b"two")
    watcher = stream()

    told = b"".join([piece async for piece in parts.catch_up.begin(TOPIC, first, watcher)])

    assert (told.count(b"event: page-built"), told.count(b'"seq":2')) == (1, 0)
    assert watcher.sent == parts.follower.applied[0]


async def test_a_position_from_before_an_emptied_redis_is_not_resumed(
    parts: Parts, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"one")
    before = (await parts.events.tail())[0]
    assert await parts.events.is_resumable(0, before)

    await client.flushall()
    # A second later: ids are milliseconds, and within one they could not be told apart.
    later = f"{position(before)[0] + 1_000}-0"
    await client.xadd(keys.events(0), {"type": "x", "data": "{}"}, id=later)

    assert not await parts.events.is_resumable(0, before)
    assert await parts.events.is_resumable(0, "0-0")
    assert await parts.events.is_resumable(0, (await parts.events.tail())[0])


async def test_a_history_that_went_past_a_position_without_it_is_another_one(
    parts: Parts, client: Client, keys: Keys
) -> None:
    for entry in ("1-0", "9-0"):
        await client.xadd(keys.events(0), {"type": "x", "data": "{}"}, id=entry)

    assert await parts.events.is_resumable(0, "1-0")
    assert not await parts.events.is_resumable(0, "5-0")


async def test_the_last_event_before_a_long_silence_is_kept_to_go_on_from(
    parts: Parts, publisher: Publisher, client: Client, keys: Keys
) -> None:
    # Redis trims by blocks of some kilobytes, so that each of these has one of its own.
    for at in ("1000-0", "2000-0", "3000-0"):
        await client.xadd(keys.events(0), {"type": "of old", "data": "x" * 5000}, at)

    for number in range(2):
        await publisher.publish(b"%d" % number)

    assert await parts.events.find_lost({0: "3000-0"}) == []
    assert await client.xrange(keys.events(0), max="2000-0") == []
