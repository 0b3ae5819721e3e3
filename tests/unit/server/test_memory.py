"""Page memory: what is held, what is read, and which of two pages wins."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from services.server.answers import ANSWERS_BYTES
from services.server.asked import Asked
from services.server.memory import PageMemory, PageName
from shared.codec import compress
from shared.errors import StoreUnavailable, Undecodable
from shared.records import PublishedPage
from tests.conftest import wait_until

HOME = PageName("acme", "index")
# A page that no coding makes shorter.
NOISE = random.Random(1).randbytes(1000)


class Shelf:
    """Stands where Redis does: pages by name, reads that a test can hold back and count."""

    def __init__(self) -> None:
        self.pages: dict[PageName, PublishedPage] = {}
        self.reads: list[list[PageName]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.is_away = False

    def put(self, name: PageName, seq: int, body: bytes = b"page", version: int = 1) -> None:
        self.pages[name] = PublishedPage(seq=seq, version=version, etag=f"e{seq}", body=compress(body))

    async def load(self, names: Sequence[PageName]) -> list[PublishedPage | None]:
        self.reads.append(list(names))
        found = [self.pages.get(name) for name in names]
        await self.open.wait()
        if self.is_away:
            raise StoreUnavailable("away")
        return found


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def test_a_page_is_read_once_and_then_held(shelf: Shelf) -> None:
    shelf.put(HOME, 1, b"hello")
    memory = PageMemory(shelf.load, 1_000_000)

    first, second = await memory.get(HOME), await memory.get(HOME)

    assert first is second
    assert first is not None
    assert first.page == b"hello"
    assert len(shelf.reads) == 1


async def test_many_who_ask_at_once_share_one_read(shelf: Shelf) -> None:
    shelf.put(HOME, 1)
    memory = PageMemory(shelf.load, 1_000_000)

    found = await asyncio.gather(*(memory.get(HOME) for _ in range(100)))

    assert len(shelf.reads) == 1
    assert len(set(found)) == 1


async def test_a_visitor_who_leaves_does_not_take_the_read_from_the_others(shelf: Shelf) -> None:
    shelf.put(HOME, 1)
    shelf.open.clear()
    memory = PageMemory(shelf.load, 1_000_000)
    leaving, staying = (asyncio.create_task(memory.get(HOME)) for _ in range(2))
    await asyncio.sleep(0)

    leaving.cancel()
    shelf.open.set()

    assert (await staying) is not None


async def test_a_read_that_began_before_a_publish_never_installs_the_old_page(shelf: Shelf) -> None:
    shelf.put(HOME, 1, b"old")
    shelf.open.clear()
    memory = PageMemory(shelf.load, 1_000_000)
    asking = asyncio.create_task(memory.get(HOME))
    await wait_until(lambda: bool(shelf.reads))

    shelf.put(HOME, 2, b"new")
    refreshing = asyncio.create_task(memory.refresh([HOME]))
    await asyncio.sleep(0)
    shelf.open.set()
    await refreshing

    found = await asking
    assert found is not None
    assert (found.seq, found.page) == (2, b"new")


async def test_a_lower_seq_never_replaces_a_higher_one(shelf: Shelf) -> None:
    memory = PageMemory(shelf.load, 1_000_000)
    shelf.put(HOME, 5, b"five")
    await memory.get(HOME)

    shelf.put(HOME, 4, b"four")
    await memory.refresh([HOME])

    found = await memory.get(HOME)
    assert found is not None
    assert found.page == b"five"


async def test_a_page_that_vanished_from_redis_goes_on_being_served(shelf: Shelf) -> None:
    memory = PageMemory(shelf.load, 1_000_000)
    shelf.put(HOME, 1)
    await memory.get(HOME)

    shelf.pages.clear()
    await memory.refresh([HOME])

    assert await memory.get(HOME) is not None


async def test_a_seq_given_out_anew_is_taken_from_redis(shelf: Shelf) -> None:
    memory = PageMemory(shelf.load, 1_000_000)
    shelf.put(HOME, 5, b"five")
    await memory.get(HOME)

    shelf.pages[HOME] = PublishedPage(seq=5, version=2, etag="other", body=compress(b"another five"))
    await memory.refresh([HOME])

    found = await memory.get(HOME)
    assert found is not None
    assert found.page == b"another five"


async def test_a_refresh_tells_which_pages_redis_has_forgotten(shelf: Shelf) -> None:
    names = {kind: PageName("acme", kind) for kind in ("lower", "missing", "counted", "same", "newer")}
    memory = PageMemory(shelf.load, 1_000_000)
    for name in names.values():
        shelf.put(name, 5)
        await memory.get(name)
    memory.note(names["counted"], 6, 9)

    shelf.put(names["lower"], 4)
    del shelf.pages[names["missing"]]
    shelf.put(names["newer"], 7)

    ahead = await memory.refresh([*names.values(), PageName("acme", "unknown")])
    assert ahead == [names["lower"], names["missing"], names["counted"]]


async def test_a_held_page_says_all_that_redis_would_hold_of_it(shelf: Shelf) -> None:
    memory = PageMemory(shelf.load, 1_000_000)
    gone = PageName("acme", "gone")
    shelf.pages[HOME] = PublishedPage(
        seq=5,
        version=2,
        etag="e",
        csp="default-src 'none'",
        built_at=9,
        body=compress(b"five"),
        top_seq=6,
        top_version=4,
    )
    shelf.pages[gone] = PublishedPage(seq=7, version=0, top_seq=7, top_version=3)

    for name in (HOME, gone):
        held = await memory.get(name)
        assert held is not None
        assert held.published == shelf.pages[name]


async def test_a_missing_page_is_asked_for_once_until_it_is_published(shelf: Shelf) -> None:
    memory = PageMemory(shelf.load, 1_000_000)
    assert await memory.get(HOME) is None
    assert await memory.get(HOME) is None
    assert len(shelf.reads) == 1

    shelf.put(HOME, 1)
    await memory.refresh([HOME])

    assert await memory.get(HOME) is not None


async def test_names_of_missing_pages_are_bounded(shelf: Shelf) -> None:
    memory = PageMemory(shelf.load, 1_000_000, most_missing=10)

    for number in range(100):
        await memory.get(PageName("acme", f"p{number}"))

    assert len(memory._missing) == 10


async def test_memory_is_bounded_and_the_page_not_asked_for_longest_goes(shelf: Shelf) -> None:
    names = [PageName("acme", f"p{number}") for number in range(4)]
    for name in names:
        shelf.put(name, 1, NOISE)
    memory = PageMemory(shelf.load, 3 * (len(compress(NOISE)) + ANSWERS_BYTES))

    for name in names[:3]:
        await memory.get(name)
    await memory.get(names[0])
    await memory.get(names[3])

    assert set(memory.names) == {names[0], names[2], names[3]}
    assert memory.size_bytes == 3 * (len(compress(NOISE)) + ANSWERS_BYTES)


async def test_codings_are_counted_and_make_others_go(shelf: Shelf) -> None:
    page = NOISE.hex().encode()
    names = [PageName("acme", f"p{number}") for number in range(3)]
    for name in names:
        shelf.put(name, 1, page)
    alone = len(compress(page)) + ANSWERS_BYTES
    memory = PageMemory(shelf.load, 3 * alone + 3_000)
    held = [await memory.get(name) for name in names]

    for coding in ("br", "gzip"):
        assert held[2] is not None
        held[2].answer(Asked((coding,)))

    assert memory.names == names[1:]
    assert memory.size_bytes == alone + held[2].size_bytes <= 3 * alone + 3_000
    # Whoever still has in hand what is no longer held may ask for more of it.
    assert held[0] is not None
    held[0].answer(Asked(("br",)))
    assert memory.size_bytes == alone + held[2].size_bytes


async def test_a_page_that_grew_is_taken_off_as_large_as_it_became(shelf: Shelf) -> None:
    shelf.put(HOME, 1, NOISE)
    memory = PageMemory(shelf.load, 1_000_000)
    held = await memory.get(HOME)
    assert held is not None
    held.answer(Asked(("gzip", "identity")))

    shelf.put(HOME, 2, NOISE)
    await memory.refresh([HOME])

    assert memory.size_bytes == len(compress(NOISE)) + ANSWERS_BYTES


async def test_what_is_held_needs_no_redis_and_what_is_not_says_so(shelf: Shelf) -> None:
    memory = PageMemory(shelf.load, 1_000_000)
    shelf.put(HOME, 1)
    await memory.get(HOME)
    shelf.is_away = True

    assert await memory.get(HOME) is not None
    with pytest.raises(StoreUnavailable):
        await memory.get(PageName("acme", "other"))

    shelf.is_away = False
    assert await memory.get(PageName("acme", "other")) is None


async def test_only_pages_that_this_process_knows_are_read_again(shelf: Shelf) -> None:
    memory = PageMemory(shelf.load, 1_000_000)

    await memory.refresh([HOME])

    assert shelf.reads == []


async def test_a_damaged_page_does_not_replace_a_good_one(shelf: Shelf) -> None:
    memory = PageMemory(shelf.load, 1_000_000)
    shelf.put(HOME, 1, b"good")
    await memory.get(HOME)

    shelf.pages[HOME] = PublishedPage(seq=2, version=2, body=b"not zstd")
    await memory.refresh([HOME])

    found = await memory.get(HOME)
    assert found is not None
    assert found.page == b"good"


async def test_a_damaged_page_is_not_taken_for_a_missing_one(shelf: Shelf) -> None:
    memory = PageMemory(shelf.load, 1_000_000)
    assert await memory.get(HOME) is None
    shelf.pages[HOME] = PublishedPage(seq=1, version=1, body=b"not zstd")

    with pytest.raises(Undecodable):
        await memory.refresh([HOME])
    with pytest.raises(Undecodable):
        await memory.get(HOME)

    shelf.put(HOME, 2, b"mended")
    found = await memory.get(HOME)
    assert found is not None
    assert found.page == b"mended"


async def test_a_look_counts_as_asking_for_the_page(shelf: Shelf) -> None:
    names = [PageName("acme", f"p{number}") for number in range(3)]
    for name in names:
        shelf.put(name, 1, b"")
    memory = PageMemory(shelf.load, 2 * (len(compress(b"")) + ANSWERS_BYTES))
    await memory.get(names[0])
    await memory.get(names[1])

    memory.peek(("acme", "p0"))
    await memory.get(names[2])

    assert memory.peek(names[0]) is not None
    assert memory.peek(names[1]) is None
