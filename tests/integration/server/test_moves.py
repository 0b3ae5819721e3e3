"""Pages that were moved: what visitors of the old and of the new address get."""

import pytest

from shared.connection import Client
from shared.errors import Conflict, NotFound
from shared.idempotency import Request
from shared.keys import Keys
from tests.conftest import wait_until
from tests.integration.server.conftest import TRACE, Publisher, Site, StartServer

pytestmark = pytest.mark.redis7

HOST = "www.acme.example"


async def ask(site: Site, path: str, host: str = "localhost") -> tuple[int, str]:
    answer = await site.http.get(path, headers={"host": host})
    return answer.status_code, answer.headers.get("location") or answer.text


async def comes_to(site: Site, path: str, status: int, said: str, host: str = "localhost") -> None:
    """Wait until an address answers so."""

    async def is_so() -> bool:
        return await ask(site, path, host) == (status, said)

    await wait_until(is_so, what=f"{path} to answer {status} {said}")


async def test_the_new_address_serves_and_the_old_one_leads_there(
    site: Site, start_server: StartServer, publisher: Publisher
) -> None:
    await publisher.publish(b"hello")
    await publisher.name(HOST)
    assert await ask(site, "/acme/spring") == (200, "hello")
    assert (await ask(site, "/acme/summer"))[0] == 404

    await publisher.move("spring", "summer")

    later = await start_server()
    for server in (site, later):
        await comes_to(server, "/acme/summer", 200, "summer v1")
        await comes_to(server, "/acme/spring?a=1&b=%20", 301, "/acme/summer?a=1&b=%20")
        await comes_to(server, "/spring", 301, "/summer", HOST)
        await comes_to(server, "/summer", 200, "summer v1", HOST)
        assert await ask(server, "/acme/SPRING") == (308, "/acme/spring")
    moved = await site.http.get("/acme/spring")
    assert moved.headers["cache-control"] == "max-age=0, must-revalidate"


async def test_visitors_have_the_page_before_it_is_built_anew(site: Site, publisher: Publisher, client: Client) -> None:
    await publisher.publish(b"hello")

    await publisher.stores.publishing.move("acme", "spring", "summer", _request("m"))

    await comes_to(site, "/acme/summer", 200, "hello")
    state = await publisher.stores.pages.show("acme", "summer")
    assert state.wanted is not None
    assert (state.wanted.cause, state.wanted.state, state.head.live_seq) == ("refresh", "queued", 2)


async def test_a_move_is_told_as_served_and_so_is_what_waited_for_the_servers_before_it(
    publisher: Publisher, start_server: StartServer
) -> None:
    await publisher.publish(b"hello")
    moved = await publisher.move("spring", "summer")
    await start_server(heartbeat_ms=50)

    async def are_told() -> bool:
        found = [await publisher.stores.publications.show("acme", "summer", seq) for seq in (1, moved - 1, moved)]
        return [publication.served is not None for publication in found] == [True, True, True]

    await wait_until(are_told)


async def test_chains_collapse_and_moving_back_ends_them(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"hello", page="a")
    for before, after in (("a", "b"), ("b", "c")):
        await publisher.move(before, after)

    await comes_to(site, "/acme/a", 301, "/acme/c")
    await comes_to(site, "/acme/b", 301, "/acme/c")
    await publisher.move("c", "a")
    await comes_to(site, "/acme/a", 200, "a v1")
    for old in ("/acme/b", "/acme/c"):
        await comes_to(site, old, 301, "/acme/a")


async def test_a_new_page_takes_the_place_of_the_marker_and_no_number_comes_twice(
    site: Site, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"one", page="a")
    await publisher.publish(b"two", page="a")
    await publisher.move("a", "b")
    await comes_to(site, "/acme/a", 301, "/acme/b")

    # Saved only: visitors are led on until it is live.
    saved = await publisher.save("a")
    assert saved.version is not None
    assert saved.version.number == 3
    assert await ask(site, "/acme/a") == (301, "/acme/b")
    seq = await publisher.publish(b"new", page="a")

    await comes_to(site, "/acme/a", 200, "new")
    await comes_to(site, "/acme/b", 200, "b v2")
    assert seq == 4
    assert not await client.hexists(keys.page("acme", "a"), "moved")
    # What led to a leads nowhere else once b goes on.
    await publisher.move("b", "c")
    await comes_to(site, "/acme/b", 301, "/acme/c")
    assert await ask(site, "/acme/a") == (200, "new")


async def test_permanent_addresses_follow(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"one", page="a")
    await publisher.publish(b"two", page="a")
    await publisher.move("a", "b")
    await publisher.move("b", "index")

    await comes_to(site, "/-/v/acme/a/1", 301, "/-/v/acme/index/1")
    assert await ask(site, "/-/v/acme/index/1") == (200, "one")
    await comes_to(site, "/acme/a", 301, "/acme")


async def test_a_page_that_was_taken_off_is_gone_at_its_new_address_too(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"hello", page="a")
    await publisher.unpublish("a")
    await publisher.move("a", "b")

    await comes_to(site, "/acme/a", 301, "/acme/b")
    assert (await ask(site, "/acme/b"))[0] == 410


async def test_an_address_that_nobody_ever_saw_leads_nowhere(site: Site, publisher: Publisher) -> None:
    await publisher.save("a")
    await publisher.move("a", "b")

    assert (await ask(site, "/acme/a"))[0] == 404
    assert (await ask(site, "/acme/b"))[0] == 404
    assert (await publisher.stores.pages.show("acme", "b")).head.version == 1


async def test_what_is_refused(publisher: Publisher) -> None:
    await publisher.publish(b"hello", page="a")
    await publisher.publish(b"other", page="b")

    with pytest.raises(Conflict, match="is or was another page's"):
        await publisher.stores.publishing.move("acme", "a", "b", _request("1"))
    with pytest.raises(NotFound, match="no page 'acme/x'"):
        await publisher.stores.publishing.move("acme", "x", "y", _request("2"))
    with pytest.raises(NotFound, match="no site"):
        await publisher.stores.publishing.move("nobody", "x", "y", _request("3"))
    await publisher.save("a", publish=True)
    with pytest.raises(Conflict, match="has not ended"):
        await publisher.stores.publishing.move("acme", "a", "c", _request("4"))
    # A slug that another page left is not free either.
    await publisher.move("b", "d")
    await publisher.publish(b"third", page="e")
    with pytest.raises(Conflict, match="is or was another page's"):
        await publisher.stores.publishing.move("acme", "e", "b", _request("5"))


async def test_under_way_is_seen_among_the_work_of_many_pages(publisher: Publisher) -> None:
    await publisher.publish(b"hello", page="a")
    await publisher.publish(b"busy", page="b")
    await publisher.save("b", publish=True)
    for number in range(10):
        await publisher.save(f"p{number}", publish=True)

    with pytest.raises(Conflict, match="has not ended"):
        await publisher.stores.publishing.move("acme", "b", "c", _request("1"))
    await publisher.move("a", "d")


async def test_a_moved_page_is_found_under_its_new_name_only(publisher: Publisher) -> None:
    await publisher.publish(b"hello", page="a")
    await publisher.move("a", "b")
    stores = publisher.stores

    assert [page for page, _ in (await stores.pages.listed("acme", "", 10)).items] == ["b"]
    for look in (
        stores.pages.show("acme", "a"),
        stores.versions.listed("acme", "a", 0, 10),
        stores.versions.show("acme", "a", 1),
        stores.publications.listed("acme", "a", 0, 10),
        stores.publishing.unpublish("acme", "a", _request("u")),
        stores.publishing.republish("acme", "a", 1, _request("r")),
    ):
        with pytest.raises(NotFound) as caught:
            await look
        assert caught.value.mend == "it was moved to acme/b"
    assert [p.cause for p in (await stores.publications.listed("acme", "b", 0, 10)).items] == [
        "refresh",
        "move",
        "publish",
    ]


async def test_a_request_sent_again_moves_once_and_one_from_before_is_told_where_the_page_is(
    publisher: Publisher,
) -> None:
    await publisher.publish(b"hello", page="a")
    saved = _request("save")
    await publisher.stores.publishing.save("acme", "a", b"{}", "", publish=False, request=saved)

    first = await publisher.stores.publishing.move("acme", "a", "b", _request("m"))
    again = await publisher.stores.publishing.move("acme", "a", "b", _request("m"))

    assert first.publication is not None
    assert (again.replayed, again.publication) == (True, first.publication)
    with pytest.raises(NotFound) as caught:
        await publisher.stores.publishing.save("acme", "a", b"{}", "", publish=False, request=saved)
    assert caught.value.mend == "it was moved to acme/b"


async def test_markers_outlive_a_flush(site: Site, publisher: Publisher, client: Client, keys: Keys) -> None:
    await publisher.publish(b"hello", page="a")
    await publisher.move("a", "b")
    await comes_to(site, "/acme/a", 301, "/acme/b")
    await comes_to(site, "/acme/b", 200, "b v1")

    await client.flushall()

    async def is_written_back() -> bool:
        found = await client.hget(keys.page("acme", "a"), "moved"), await client.hget(keys.page("acme", "b"), "version")
        return found == (b"b", b"1")

    await wait_until(is_written_back)
    assert await client.hget(keys.head("acme", "a"), "moved") == b"b"
    assert [page for page, _ in (await publisher.stores.pages.listed("acme", "", 10)).items] == ["b"]
    assert await ask(site, "/acme/a") == (301, "/acme/b")


def _request(key: str) -> Request:
    return Request("ada", TRACE, f"own {key}", "f")
