"""The visitor path on a real Redis."""

import asyncio
from pathlib import Path

import pytest

from services.valkey import Valkey
from shared.connection import Client, connect
from shared.keys import Keys
from shared.settings import Settings
from shared.store import Store
from tests.conftest import wait_until
from tests.integration.server.conftest import Publisher, Site, StartServer

pytestmark = pytest.mark.redis7


async def body_of(site: Site, path: str = "/acme/spring") -> bytes:
    return (await site.http.get(path)).content


async def shows(site: Site, text: bytes, path: str = "/acme/spring") -> bool:
    return await body_of(site, path) == text


async def test_a_published_page_is_served_with_what_caches_need(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"<p>hello</p>")

    answer = await site.http.get("/acme/spring")

    assert (answer.status_code, answer.content) == (200, b"<p>hello</p>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["etag"] == '"e1-1"'
    assert answer.headers["cache-control"] == "max-age=0, must-revalidate"
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["surrogate-key"] == "acme acme/spring"
    assert answer.headers["content-length"] == "12"


async def test_a_newer_publication_replaces_the_page_in_memory(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"one")
    assert await shows(site, b"one")

    await publisher.publish(b"two")

    await wait_until(lambda: shows(site, b"two"))


async def test_a_page_asked_for_too_early_appears_once_it_is_published(site: Site, publisher: Publisher) -> None:
    assert (await site.http.get("/acme/spring")).status_code == 404

    await publisher.publish(b"now")

    await wait_until(lambda: shows(site, b"now"))


async def test_a_page_taken_off_is_gone_and_comes_back_with_the_next_publish(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"here")
    assert await shows(site, b"here")

    await publisher.unpublish()

    await wait_until(lambda: _status_is(site, 410))
    await publisher.publish(b"again")
    await wait_until(lambda: shows(site, b"again"))


async def test_head_has_the_headers_of_get_and_no_body(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"hello")

    get, head = await site.http.get("/acme/spring"), await site.http.head("/acme/spring")

    assert head.content == b""
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


async def test_who_has_the_page_is_told_304_with_the_same_headers(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"hello")
    fresh = await site.http.get("/acme/spring")

    known = await site.http.get("/acme/spring", headers={"if-none-match": fresh.headers["etag"]})

    assert (known.status_code, known.content) == (304, b"")
    repeated = ("etag", "vary", "cache-control", "cdn-cache-control", "last-modified", "surrogate-key")
    assert all(known.headers[name] == fresh.headers[name] for name in repeated)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/acme/nothing", 404),
        ("GET", "/Acme", 404),
        ("GET", "/acme/a%2Fb", 404),
        ("GET", "/acme/%2e%2e%2fx", 404),
        ("GET", "/acme/spring/more", 404),
        ("GET", "/-/nothing", 404),
        ("POST", "/acme/spring", 405),
        ("DELETE", "/acme", 405),
    ],
)
async def test_what_is_not_there_says_so(site: Site, method: str, path: str, status: int) -> None:
    answer = await site.http.request(method, path)

    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    if status == 405:
        assert answer.headers["allow"] == "GET, HEAD"


async def test_another_spelling_of_an_address_leads_to_the_page(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"home", page="index")

    for spelling in ("/acme/", "/acme/index"):
        answer = await site.http.get(f"{spelling}?from=mail")
        assert (answer.status_code, answer.headers["location"]) == (308, "/acme?from=mail")
    assert await shows(site, b"home", "/acme")


async def test_a_version_has_an_address_for_ever(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"one")
    await publisher.publish(b"two")

    first = await site.http.get("/-/v/acme/spring/1")

    assert first.content == b"one"
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert first.headers["x-robots-tag"] == "noindex"
    known = await site.http.get("/-/v/acme/spring/1", headers={"if-none-match": first.headers["etag"]})
    assert known.status_code == 304
    for path in ("/-/v/acme/spring/9", "/-/v/acme/spring/x", "/-/v/acme/spring/1e3", "/-/v/A/spring/1"):
        assert (await site.http.get(path)).status_code == 404


async def test_two_servers_follow_each_on_its_own(start_server: StartServer, publisher: Publisher) -> None:
    first, second = await start_server(), await start_server()
    await publisher.publish(b"one")
    await asyncio.gather(body_of(first), body_of(second))

    await publisher.publish(b"two")

    await wait_until(lambda: shows(first, b"two"))
    await wait_until(lambda: shows(second, b"two"))


async def test_held_pages_outlive_redis_and_a_flush(
    site: Site, client: Client, publisher: Publisher, keys: Keys
) -> None:
    await publisher.publish(b"kept")
    assert await shows(site, b"kept")

    await client.flushall()
    # The follower has seen it: its position is from the future of the emptied stream.
    await client.xadd(keys.events(0), {"type": "x", "data": "{}"}, id="1-1")

    await wait_until(lambda: _status_is(site, 200))
    assert await shows(site, b"kept")


async def test_while_redis_is_stopped_held_pages_are_served_and_afterwards_all_is_true(
    start_server: StartServer, tmp_path: Path, keys: Keys
) -> None:
    valkey = Valkey(tmp_path / "v")
    await asyncio.to_thread(valkey.start)
    client = connect(valkey.url, block_s=2)
    publisher = Publisher(client, keys, Store(client, keys, Settings()))
    await publisher.store.create_site("acme", "Acme", _request())
    site = await start_server(redis_url=valkey.url)
    await publisher.publish(b"held")
    assert await shows(site, b"held")

    await asyncio.to_thread(valkey.kill)

    assert await shows(site, b"held")
    missing = await site.http.get("/acme/other")
    assert missing.status_code == 503
    assert "retry-after" in missing.headers
    await wait_until(lambda: _is_ready(site, 503))
    await asyncio.to_thread(valkey.start)
    await publisher.publish(b"newer")
    await wait_until(lambda: shows(site, b"newer"))
    await wait_until(lambda: _is_ready(site, 200))
    await client.aclose()
    await asyncio.to_thread(valkey.kill)


def _request() -> "object":
    from shared.store import Request  # noqa: PLC0415

    return Request("ada", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "site", "site")


async def _status_is(site: Site, status: int) -> bool:
    return (await site.http.get("/acme/spring")).status_code == status


async def _is_ready(site: Site, status: int) -> bool:
    return (await site.http.get("/-/readyz")).status_code == status
