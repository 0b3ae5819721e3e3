"""Held pages are compared with Redis, and what differs is made true without an event."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.server.follower import Follower
from services.server.hosts import Hosts
from services.server.hub import Hub
from services.server.memory import PageMemory, PageName
from services.server.recheck import Recheck
from services.server.witness import Witness
from shared.codec import compress
from shared.connection import Client, connect
from shared.event_log import EventLog
from shared.hostnames import HostnameStore
from shared.keys import Keys
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.server.conftest import Own, Publisher, StartServer
from tests.integration.server.test_visitors import shows
from tests.stores import Stores

pytestmark = pytest.mark.redis7

SPRING = PageName("acme", "spring")


class Parts:
    """A server's memory with all that keeps it true; it follows, and compares when told to."""

    def __init__(self, client: Client, blocking: Client, keys: Keys, stores: Stores) -> None:
        events = EventLog(client, blocking, keys)
        self.memory = PageMemory(stores.published.read, 1_000_000)
        witness = Witness(client, stores.witnesses, self.memory, keys)
        hosts = Hosts(HostnameStore(client, keys, Settings()))
        # The follower never thinks that it is time to look whether history goes on: that would find all by itself.
        self.follower = Follower(events, self.memory, Hub(), witness, hosts, clock=itertools.repeat(0.0).__next__)
        self.recheck = Recheck(stores.published, events, self.memory, self.follower, witness, 17)

    async def compare(self) -> int:
        """Compare all that is held; how many pages were found so far."""
        await self.recheck.compare(self.memory.names)
        return self.recheck.found

    async def shows(self, page: bytes) -> bool:
        held = await self.memory.get(SPRING)
        return held is not None and held.page == page


@pytest.fixture
async def parts(
    client: Client, keys: Keys, stores: Stores, settings: Settings, publisher: Publisher
) -> AsyncIterator[Parts]:
    """Parts that hold one page, which was published twice."""
    await publisher.publish(b"one")
    await publisher.publish(b"two")
    blocking = connect(settings.redis_url, block_s=2)
    parts = Parts(client, blocking, keys, stores)
    parts.follower.start()
    await wait_until(lambda: parts.follower.is_following)
    assert await parts.shows(b"two")
    yield parts
    await parts.follower.stop()
    await blocking.aclose()


async def write(client: Client, keys: Keys, **fields: Any) -> None:
    """Change a page by hand, which no event tells."""
    await client.hset(keys.page(*SPRING), mapping=fields)


async def is_made_true(parts: Parts, client: Client, keys: Keys) -> None:
    """The page is served as it was, Redis has it again, under a seq of its own, and nothing more is found."""
    assert await parts.shows(b"two")
    seq, body = await client.hmget(keys.page(*SPRING), "seq", "body")
    assert (int(seq), body) == (3, compress(b"two"))
    assert await parts.compare() == 1


@pytest.mark.parametrize("changed", [{"seq": 3}, {"etag": "other"}, {"seq": 3, "etag": "other"}])
async def test_a_page_that_was_changed_by_hand_is_found(
    parts: Parts, client: Client, keys: Keys, changed: dict[str, Any]
) -> None:
    await write(client, keys, **changed, body=compress(b"by hand"))

    assert await parts.compare() == 1

    assert await parts.shows(b"by hand")
    assert await parts.compare() == 1


async def test_what_is_the_same_is_not_read(parts: Parts, client: Client, keys: Keys) -> None:
    await client.config_resetstat()
    held = parts.memory.look(SPRING)

    assert await parts.compare() == 0

    assert parts.memory.look(SPRING) is held
    assert "cmdstat_hgetall" not in await client.info("commandstats")


async def test_a_page_never_goes_back_but_redis_is_told(parts: Parts, client: Client, keys: Keys) -> None:
    await write(client, keys, seq=1, version=1, etag="e1-1", body=compress(b"one"))

    assert await parts.compare() == 1

    await is_made_true(parts, client, keys)


async def test_a_page_that_was_deleted_by_hand_comes_back(parts: Parts, client: Client, keys: Keys) -> None:
    await client.delete(keys.page(*SPRING))

    assert await parts.compare() == 1

    await is_made_true(parts, client, keys)


@pytest.mark.parametrize("damage", ["bytes", "seq", "etag", "type"])
async def test_damage_changes_nothing(parts: Parts, client: Client, keys: Keys, damage: str) -> None:
    fields: dict[str, dict[str, Any]] = {
        "bytes": {"seq": 3, "body": b"junk"},
        "seq": {"seq": b"junk"},
        "etag": {"etag": b"\xff"},
        "type": {},
    }
    if damage == "type":
        await client.set(keys.page(*SPRING), b"of another type")
    else:
        await write(client, keys, **fields[damage])
    held = parts.memory.look(SPRING)

    assert await parts.compare() == 0

    assert parts.memory.look(SPRING) is held


async def test_a_page_whose_event_is_on_its_way_is_nobodys_fault(parts: Parts, publisher: Publisher) -> None:
    for number in range(20):
        await asyncio.gather(publisher.publish(b"page %d" % number), parts.compare())

    assert await parts.compare() == 0


async def test_a_page_that_was_taken_off_is_compared_too(
    parts: Parts, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.unpublish()
    await wait_until(lambda: parts.memory.look(SPRING).answers is None)  # type: ignore[union-attr]
    assert await parts.compare() == 0

    await write(client, keys, seq=9, version=2, etag="e", body=compress(b"by hand"))

    assert await parts.compare() == 1
    assert await parts.shows(b"by hand")


async def test_a_running_server_finds_a_change_by_hand_by_itself(own: Own, start_server: StartServer) -> None:
    await own.publisher.publish(b"one")
    site = await start_server(redis_url=own.valkey.url, recheck_pages_per_s=1_000)
    assert await shows(site, b"one")

    # A Redis that is away is no reason to forget a page, nor to stop looking.
    await asyncio.to_thread(own.valkey.kill)
    assert await shows(site, b"one")
    await asyncio.to_thread(own.valkey.start)
    await own.publisher._client.hset(Keys().page(*SPRING), mapping={"etag": "other", "body": compress(b"by hand")})

    await wait_until(lambda: shows(site, b"by hand"), 20)
    assert "platen_server_pages_corrected_total 1.0" in (await site.http.get("/-/metrics")).text


async def test_a_page_that_is_published_while_it_is_compared_is_not_found_wrong(
    parts: Parts, publisher: Publisher
) -> None:
    async def publish() -> None:
        for number in range(100):
            await publisher.publish(b"%d" % number)

    publishing = asyncio.create_task(publish())
    while not publishing.done():
        await parts.compare()
    await publishing

    assert await parts.compare() == 0
