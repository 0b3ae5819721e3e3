"""A server that starts holds pages before anybody asks for them."""

import asyncio
from collections.abc import Sequence

import pytest

from services.server.memory import PageMemory, PageName
from services.server.warm import WarmStart
from shared.codec import compress
from shared.connection import Client
from shared.event_log import EventLog
from shared.keys import Keys
from shared.records import PublishedPage
from tests.conftest import wait_until
from tests.integration.server.conftest import Own, Publisher, StartServer
from tests.stores import Stores

pytestmark = pytest.mark.redis7

NAMES = [f"p{number:02}" for number in range(50)]
MANY = 1_000_000_000


class Start:
    """A warm start on its own.

    Args:
        most_pages, most_bytes: its bounds.
    """

    def __init__(
        self, client: Client, keys: Keys, stores: Stores, most_pages: int = 1_000, most_bytes: int = MANY
    ) -> None:
        self.memory = PageMemory(stores.published.read, most_bytes)
        events = EventLog(client, client, keys, range(keys.partitions))
        self._warm = WarmStart(
            stores.sites, stores.pages, events, self.memory, most_pages=most_pages, most_bytes=most_bytes
        )

    async def run(self) -> list[str]:
        """Run it to its end; the pages that are held then, first the one that goes first."""
        self._warm.start()
        assert self._warm._task is not None
        await self._warm._task
        return [name.page for name in self.memory.names]


async def test_pages_are_held_before_anybody_asks_and_outlive_redis(own: Own, start_server: StartServer) -> None:
    for page in NAMES:
        await own.publisher.publish(b"here", page=page)
    site = await start_server(redis_url=own.valkey.url, warm_pages=1_000)

    async def all_are_held() -> bool:
        return f"platen_server_pages {len(NAMES)}.0" in (await site.http.get("/-/metrics")).text

    await wait_until(all_are_held)
    await asyncio.to_thread(own.valkey.kill)

    for page in NAMES:
        assert (await site.http.get(f"/acme/{page}")).content == b"here"


async def test_what_was_published_last_comes_first_and_goes_last(
    client: Client, keys: Keys, stores: Stores, publisher: Publisher
) -> None:
    for page in (*NAMES, NAMES[7]):
        await publisher.publish(b"here", page=page)

    assert await Start(client, keys, stores, most_pages=4).run() == [NAMES[47], NAMES[48], NAMES[49], NAMES[7]]


async def test_half_of_the_memory_is_filled_and_no_more(
    client: Client, keys: Keys, stores: Stores, publisher: Publisher
) -> None:
    for page in NAMES:
        await publisher.publish(b"here", page=page)
    start = Start(client, keys, stores, most_bytes=100_000)

    held = await start.run()

    assert held[::-1] == NAMES[::-1][: len(held)]
    assert 50_000 <= start.memory.size_bytes < 55_000


async def test_where_history_says_little_the_lists_say_the_rest(
    client: Client, keys: Keys, stores: Stores, publisher: Publisher
) -> None:
    for page in NAMES:
        await publisher.publish(b"here", page=page)
    await publisher.save("never-live")
    await client.xtrim(keys.events(0), maxlen=1, approximate=False)

    held = await Start(client, keys, stores).run()

    assert sorted(held) == NAMES
    assert held[-1] == NAMES[-1]


async def test_a_damaged_page_and_a_damaged_event_keep_no_other_page_cold(
    client: Client, keys: Keys, stores: Stores, publisher: Publisher
) -> None:
    for page in NAMES:
        await publisher.publish(b"here", page=page)
    await client.xadd(keys.events(0), {"type": "page-built", "data": b"\xff"})
    await client.delete(keys.page("acme", NAMES[3]))
    await client.set(keys.page("acme", NAMES[3]), b"of another type")
    await client.hset(keys.page("acme", NAMES[4]), "body", b"junk")
    await client.hset(keys.page("acme", NAMES[5]), "seq", b"junk")

    assert sorted(await Start(client, keys, stores).run()) == NAMES[:3] + NAMES[6:]


@pytest.mark.parametrize("change", ["an event", "a gap in history"])
async def test_a_page_that_changes_while_it_is_read_ahead_is_not_held_as_it_was(change: str) -> None:
    name, held_back = PageName("acme", "spring"), asyncio.Event()
    reads: list[int] = []

    async def load(names: Sequence[PageName]) -> list[PublishedPage | None]:
        reads.append(len(reads) + 1)
        seq = reads[-1]
        await held_back.wait()
        return [PublishedPage(seq=seq, version=1, etag=f"e{seq}", body=compress(b"page")) for _ in names]

    memory = PageMemory(load, MANY)
    warming = asyncio.create_task(memory.warm([name], MANY))
    await wait_until(lambda: bool(reads))

    if change == "an event":
        await memory.refresh([name])
    else:
        memory.forget_missing()
    held_back.set()
    await warming

    held = memory.look(name)
    assert held is not None
    assert held.published.seq == 2


async def test_a_redis_that_comes_later_is_waited_for(own: Own, start_server: StartServer) -> None:
    await own.publisher.publish(b"here")
    await asyncio.to_thread(own.valkey.kill)
    site = await start_server(ready=False, redis_url=own.valkey.url, warm_pages=1_000)
    assert (await site.http.get("/acme/other")).status_code == 503

    await asyncio.to_thread(own.valkey.start)

    async def is_held() -> bool:
        return "platen_server_pages 1.0" in (await site.http.get("/-/metrics")).text

    await wait_until(is_held)
