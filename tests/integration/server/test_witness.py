"""Redis goes back in time: what servers hold is written back, and no number is given out again."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.valkey import Valkey
from shared.codec import compress
from shared.connection import Client, connect
from shared.errors import NotFound
from shared.idempotency import Request
from shared.keys import META, Keys
from shared.records import PublishedPage
from shared.settings import Settings
from shared.witness import Lifted, Witnessed
from tests.conftest import needs_program, wait_until
from tests.integration.server.conftest import TRACE, Own, Publisher, Site, StartServer, make_publisher
from tests.integration.server.test_visitors import happened
from tests.stores import Stores

pytestmark = pytest.mark.redis7

LATER = "9999999999999-0"


def held(seq: int = 7, version: int = 4, body: bytes = b"held", **changes: Any) -> Witnessed:
    """A page as a server holds it, which had followed everything that happened."""
    followed = changes.pop("followed", LATER)
    size, packed = len(body), compress(body) if version else b""
    page = {"etag": f"held-{seq}", "csp": "c", "built_at": 5, "top_seq": seq, "top_version": version, **changes}
    return Witnessed("acme", "spring", PublishedPage(seq=seq, version=version, body=packed, **page), size, followed)


async def witness(stores: Stores, *pages: Witnessed) -> list[Lifted | Exception]:
    return await stores.witnesses.lift(pages, TRACE)


async def everything(client: Client) -> dict[bytes, bytes]:
    """All that Redis holds, to be compared."""
    return {key: await client.dump(key) for key in await client.keys("*")}


async def test_an_empty_redis_learns_a_page_and_can_publish_it_again(
    stores: Stores, client: Client, keys: Keys
) -> None:
    assert await witness(stores, held()) == ["live"]

    state = await stores.pages.show("acme", "spring")
    assert (state.head.seq, state.head.version) == (7, 4)
    assert (state.head.live_seq, state.head.live_version, state.head.wanted_seq) == (7, 4, 7)
    assert state.live is not None
    assert [(step.state, step.by) for step in state.live.steps] == [("live", "restored")]
    [page] = await stores.published.read([("acme", "spring")])
    assert page is not None
    assert (page.seq, page.version, page.etag, page.csp, page.body) == (7, 4, "held-7", "c", compress(b"held"))
    artifact = await stores.versions.artifact("acme", "spring", 4)
    assert artifact is not None
    assert (artifact.body, artifact.etag, artifact.built_at) == (compress(b"held"), "held-7", 5)
    assert (await stores.sites.show("acme")).title == "acme"
    assert [name for name, _ in (await stores.pages.listed("acme", "", 10)).items] == ["spring"]
    assert [site.slug for site in (await stores.sites.listed("", 10)).items] == ["acme"]
    assert [listed.seq for listed in (await stores.publications.listed("acme", "spring", 0, 10)).items] == [7]

    assert await _next_numbers(Publisher(client, keys, stores)) == (5, 8)


async def test_testifying_twice_and_from_many_servers_changes_nothing_more(stores: Stores, client: Client) -> None:
    answers = await asyncio.gather(*(witness(stores, held()) for _ in range(20)))

    assert sorted(answer for [answer] in answers) == ["known"] * 19 + ["live"]  # type: ignore[type-var]
    before = await everything(client)
    assert await witness(stores, held(), held(5, 3)) == ["known", "known"]
    assert await everything(client) == before


async def test_what_redis_knows_better_is_never_lowered(stores: Stores, client: Client, publisher: Publisher) -> None:
    for body in (b"one", b"two", b"three"):
        await publisher.publish(body)
    before = await everything(client)

    assert await witness(stores, held(2, 2), held(3, 3)) == ["known", "known"]
    assert await everything(client) == before


async def test_of_two_servers_the_one_that_holds_the_newer_page_wins_in_any_order(stores: Stores) -> None:
    for order in ((held(7, 4), held(9, 6)), (held(9, 6), held(7, 4))):
        # Both had stopped following long before the other one testified.
        await witness(stores, *(page._replace(followed="5-0") for page in order))
        head = (await stores.pages.show("acme", "spring")).head
        assert (head.live_seq, head.live_version, head.seq, head.version) == (9, 6, 9, 6)


async def test_numbers_given_out_to_what_never_went_live_are_not_given_out_again(
    stores: Stores, publisher: Publisher
) -> None:
    await publisher.publish(b"one")

    assert await witness(stores, held(1, 1, top_seq=12, top_version=9)) == ["counted"]

    assert await _next_numbers(publisher) == (10, 13)


async def test_an_unpublished_page_is_gone_again_and_its_numbers_are_kept(
    stores: Stores, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"one")

    assert await witness(stores, held(3, 0, top_version=2, built_at=0, etag="", csp="")) == ["live"]

    [page] = await stores.published.read([("acme", "spring")])
    assert page is not None
    assert (page.is_gone, page.seq, page.body) == (True, 3, b"")
    state = await stores.pages.show("acme", "spring")
    assert (state.head.live_seq, state.head.live_version, state.head.version) == (3, 0, 2)
    assert (await stores.publications.show("acme", "spring", 3)).cause == "unpublish"
    [(_, newest)] = await client.xrevrange(keys.events(0), count=1)
    assert newest[b"type"] == b"page-unpublished"


async def test_a_build_that_had_not_gone_live_in_redis_ends_as_live(stores: Stores, publisher: Publisher) -> None:
    accepted = await publisher.save(publish=True)
    assert accepted.publication is not None
    built_at = accepted.publication.steps[0].at + 1

    assert await witness(stores, held(1, 1, built_at=built_at)) == ["live"]

    publication = await stores.publications.show("acme", "spring", 1)
    assert [(step.state, step.by) for step in publication.steps] == [("queued", "ada"), ("live", "restored")]


async def test_a_seq_that_was_given_out_anew_goes_to_nobody_twice(stores: Stores, publisher: Publisher) -> None:
    await publisher.save(publish=True)

    assert await witness(stores, held(1, 1, built_at=5)) == ["live"]

    assert (await stores.publications.show("acme", "spring", 1)).state == "queued"
    head = (await stores.pages.show("acme", "spring")).head
    assert (head.seq, head.live_seq, head.wanted_seq) == (2, 2, 2)
    assert await witness(stores, held(1, 1, built_at=5)) == ["known"]


async def test_what_went_live_after_redis_went_back_is_what_people_want_now(
    stores: Stores, publisher: Publisher
) -> None:
    await publisher.publish(b"newer")

    assert await witness(stores, held(7, 4, followed="5-0")) == ["newer"]

    [page] = await stores.published.read([("acme", "spring")])
    assert page is not None
    assert (page.seq, page.version, page.body) == (8, 1, compress(b"newer"))
    head = (await stores.pages.show("acme", "spring")).head
    assert (head.seq, head.live_seq, head.wanted_seq, head.version) == (8, 8, 8, 4)
    assert await witness(stores, held(7, 4, followed="5-0"), held(7, 4)) == ["known", "known"]


async def test_what_went_live_and_lost_its_bytes_gives_way_to_what_is_held(
    stores: Stores, client: Client, keys: Keys, publisher: Publisher
) -> None:
    await publisher.publish(b"newer")
    await client.delete(keys.page("acme", "spring"))

    assert await witness(stores, held(7, 4, followed="5-0")) == ["live"]

    [page] = await stores.published.read([("acme", "spring")])
    assert page is not None
    assert (page.seq, page.body) == (7, compress(b"held"))


async def test_a_published_key_that_is_lost_alone_comes_back(
    stores: Stores, client: Client, keys: Keys, publisher: Publisher
) -> None:
    await publisher.publish(b"one")
    await client.delete(keys.page("acme", "spring"))

    assert await witness(stores, held(1, 1, b"one")) == ["live"]

    [page] = await stores.published.read([("acme", "spring")])
    assert page is not None
    assert page.body == compress(b"one")


async def test_a_key_of_another_type_is_left_alone_and_so_is_all_the_rest(
    stores: Stores, client: Client, keys: Keys
) -> None:
    await client.set(keys.pages("acme"), "junk")
    before = await everything(client)

    assert await witness(stores, held()) == ["damaged"]

    assert await everything(client) == before


# Whole servers


@pytest.fixture
def own_valkey(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Valkey:
    """A server that a test may stop, of the kind that the test runs on."""
    if request.node.callspec.params["redis_server"] == "redis7":
        program = needs_program("redis-server")
        monkeypatch.setattr("services.valkey.get_binary_path", lambda: program)
    return Valkey(tmp_path / "own")


@pytest.fixture
async def old(own_valkey: Valkey, keys: Keys) -> AsyncIterator[Own]:
    await asyncio.to_thread(own_valkey.start)
    client = connect(own_valkey.url, block_s=2)
    try:
        yield Own(own_valkey, await make_publisher(client, keys, Stores(client, keys, Settings())))
    finally:
        await client.aclose()
        await asyncio.to_thread(own_valkey.kill)


async def shows(site: Site, text: bytes, path: str = "/acme/spring") -> bool:
    answer = await site.http.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.content == text


class Visitor:
    """Asks for a page all the time, and keeps what it sees.

    Args:
        sites: servers to ask in turn.
        path: the page.
    """

    def __init__(self, *sites: Site, path: str = "/acme/spring") -> None:
        self._sites, self._path = sites, path
        self.seen: set[tuple[int, bytes]] = set()

    async def __aenter__(self) -> "Visitor":
        self._task = asyncio.create_task(self._ask())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self) -> None:
        while True:
            for site in self._sites:
                answer = await site.http.get(self._path)
                self.seen.add((answer.status_code, answer.content))


async def restored(site: Site) -> int:
    """How many pages a server says it wrote back."""
    metrics = (await site.http.get("/-/metrics")).text
    [line] = [line for line in metrics.splitlines() if line.startswith("platen_server_pages_restored_total ")]
    return round(float(line.split()[1]))


async def test_an_emptied_redis_is_filled_again_while_visitors_see_nothing_of_it(
    start_server: StartServer, publisher: Publisher, client: Client, stores: Stores, keys: Keys
) -> None:
    sites = [await start_server(), await start_server()]
    for body in (b"one", b"two"):
        await publisher.publish(body)
    await publisher.publish(b"off", page="off")
    await publisher.unpublish("off")
    for site in sites:
        await wait_until(lambda site=site: shows(site, b"two"))  # type: ignore[misc]
        assert (await site.http.get("/acme/off")).status_code == 410

    async with Visitor(*sites) as visitor, Visitor(*sites, path="/acme/off") as passer_by:
        await client.flushall()
        await wait_until(lambda: _is_live(stores, "spring", 2))
        await wait_until(lambda: _is_live(stores, "off", 2))
        assert await client.hget(META, "partitions") == b"1"
        assert (await sites[0].http.get("/-/v/acme/spring/2")).content == b"two"
        assert await publisher.publish(b"three") == 3
        assert (await stores.pages.show("acme", "spring")).head.live_version == 3
        for site in sites:
            await wait_until(lambda site=site: shows(site, b"three"))  # type: ignore[misc]
        await wait_until(lambda: (200, b"three") in visitor.seen)

    assert visitor.seen == {(200, b"two"), (200, b"three")}
    assert {status for status, _ in passer_by.seen} == {410}
    assert sum([await restored(site) for site in sites]) == 2


async def test_a_redis_that_takes_no_writes_is_told_once_it_does(
    site: Site, publisher: Publisher, client: Client, stores: Stores
) -> None:
    await publisher.publish(b"kept")
    assert await shows(site, b"kept")

    async def is_ready(status: int) -> bool:
        return (await site.http.get("/-/readyz")).status_code == status

    await client.config_set("maxmemory", 1)
    try:
        await client.flushall()
        await wait_until(lambda: is_ready(503))
        assert await shows(site, b"kept")
    finally:
        await client.config_set("maxmemory", 0)

    await wait_until(lambda: _is_live(stores, "spring", 1))
    await wait_until(lambda: is_ready(200))


async def test_a_single_page_that_went_back_is_noticed_by_the_next_event_about_it(
    site: Site, publisher: Publisher, client: Client, stores: Stores, keys: Keys
) -> None:
    await publisher.publish(b"one")
    names = [keys.head("acme", "spring"), keys.page("acme", "spring")]
    older = {name: await client.dump(name) for name in names}
    await publisher.publish(b"two")
    await wait_until(lambda: shows(site, b"two"))

    async with client.pipeline(transaction=True) as restoring:
        for name, value in older.items():
            restoring.restore(name, 0, value, replace=True)
        restoring.xadd(keys.events(0), happened("page-built", "spring"))
        await restoring.execute()

    await wait_until(lambda: _is_live(stores, "spring", 3))
    await wait_until(lambda: _serves_seq(site, 3))
    assert await shows(site, b"two")


async def test_events_that_follow_at_once_do_not_hide_that_redis_was_emptied(
    site: Site, publisher: Publisher, client: Client, stores: Stores, keys: Keys
) -> None:
    await publisher.publish(b"kept")
    assert await shows(site, b"kept")
    await wait_until(lambda: _has_followed(client, keys, site))

    async with client.pipeline(transaction=True) as emptying:
        emptying.flushall()
        emptying.xadd(keys.events(0), {"type": "unrelated", "data": b'{"type":"unrelated"}'})
        await emptying.execute()

    async def is_written_back() -> bool:
        await client.xadd(keys.events(0), {"type": "unrelated", "data": b'{"type":"unrelated"}'})
        return await _is_live(stores, "spring", 1)

    await wait_until(is_written_back)


async def test_a_version_that_was_rolled_back_from_is_not_numbered_again(
    site: Site, publisher: Publisher, client: Client, stores: Stores
) -> None:
    await publisher.publish(b"one")
    await publisher.publish(b"two")
    # Nothing tells of this version, but whoever reads the page anew finds it counted.
    await publisher.save()
    await stores.publishing.republish("acme", "spring", 1, Request("ada", TRACE, "back", "f"))
    await wait_until(lambda: shows(site, b"one"))

    await client.flushall()
    await wait_until(lambda: _is_live(stores, "spring", 3))

    assert await _next_numbers(publisher) == (4, 4)


async def test_a_publication_that_was_still_queued_is_not_numbered_again(
    site: Site, publisher: Publisher, client: Client, keys: Keys, stores: Stores
) -> None:
    await publisher.publish(b"one")
    assert await shows(site, b"one")
    await publisher.save(publish=True)
    await wait_until(lambda: _has_followed(client, keys, site))

    await client.flushall()
    await wait_until(lambda: _is_live(stores, "spring", 1))

    assert await _next_numbers(publisher) == (3, 3)


@pytest.mark.parametrize("servers", [1, 2])
async def test_an_older_file_learns_what_happened_after_it(
    start_server: StartServer, old: Own, tmp_path: Path, servers: int
) -> None:
    valkey, publisher = old
    await publisher.publish(b"one")
    await publisher.publish(b"off", page="off")
    await publisher.save()
    valkey.stop()
    shutil.copytree(valkey.data / "appendonlydir", tmp_path / "backup")
    await asyncio.to_thread(valkey.start)
    sites = [await start_server(redis_url=valkey.url) for _ in range(servers)]
    await publisher.publish(b"two")
    await publisher.unpublish("off")
    for site in sites:
        await wait_until(lambda site=site: shows(site, b"two"))  # type: ignore[misc]
        assert (await site.http.get("/acme/off")).status_code == 410

    async with Visitor(*sites) as visitor:
        valkey.stop()
        shutil.rmtree(valkey.data / "appendonlydir")
        shutil.copytree(tmp_path / "backup", valkey.data / "appendonlydir")
        await asyncio.to_thread(valkey.start)
        await wait_until(lambda: _is_live(publisher.stores, "spring", 2))
        await wait_until(lambda: _is_live(publisher.stores, "off", 2))
        assert await publisher.publish(b"three") == 3
        for site in sites:
            await wait_until(lambda site=site: shows(site, b"three"))  # type: ignore[misc]
        await wait_until(lambda: (200, b"three") in visitor.seen)

    assert visitor.seen == {(200, b"two"), (200, b"three")}
    head = (await publisher.stores.pages.show("acme", "spring")).head
    assert (head.live_version, head.version) == (4, 4)
    assert [found.seq for found in (await publisher.stores.publications.listed("acme", "spring", 0, 9)).items] == [
        3,
        2,
        1,
    ]
    for site in sites:
        assert (await site.http.get("/acme/off")).status_code == 410


async def _serves_seq(site: Site, seq: int) -> bool:
    return (await site.http.get("/acme/spring")).headers["x-platen-seq"] == str(seq)


async def _next_numbers(publisher: Publisher) -> tuple[int, int]:
    """Version and seq of a page published now."""
    accepted = await publisher.save(publish=True)
    assert accepted.version is not None
    assert accepted.publication is not None
    return accepted.version.number, accepted.publication.seq


async def _is_live(stores: Stores, page: str, seq: int) -> bool:
    try:
        return (await stores.pages.show("acme", page)).head.live_seq == seq
    except NotFound:
        return False


async def _has_followed(client: Client, keys: Keys, site: Site) -> bool:
    """Whether a status stream, which waits for the follower, is told of the newest event."""
    newest = (await client.xinfo_stream(keys.events(0)))["last-generated-id"]
    async with site.http.stream("GET", "/-/events", params={"site": "acme", "page": "spring"}) as watching:
        async for line in watching.aiter_lines():
            if line.startswith("id: "):
                return line == f"id: {newest.decode()}"
    return False
