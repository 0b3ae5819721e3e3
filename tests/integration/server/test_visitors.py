"""The visitor path on a real Redis."""

import asyncio
import random
from collections.abc import AsyncIterator

import msgspec
import pytest

from shared.codec import compress
from shared.connection import Client
from shared.idempotency import Request
from shared.keys import SERVERS, Keys, beat
from tests.conftest import wait_until
from tests.integration.server.conftest import TRACE, Own, Publisher, Site, StartServer

pytestmark = pytest.mark.redis7

# Where a test counts reads, nothing is read but what a visitor asks for.
COMPARES_NOTHING = {"recheck_pages_per_s": 0}


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
        ("GET", "/acme//", 404),
        ("HEAD", "/acme/nothing", 404),
        ("GET", "/-/nothing", 404),
        ("POST", "/acme/spring", 405),
        ("DELETE", "/acme", 405),
        ("POST", "/-/events?site=acme", 405),
        ("PUT", "/-/v/acme/spring/1", 405),
        ("POST", "/-/healthz", 405),
        ("DELETE", "/-/readyz", 405),
        ("OPTIONS", "/-/metrics", 405),
        ("POST", "/-/nothing", 404),
    ],
)
async def test_what_is_not_there_says_so(site: Site, method: str, path: str, status: int) -> None:
    answer = await site.http.request(method, path)

    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    if status == 405:
        assert answer.headers["allow"] == "GET, HEAD"


async def test_an_escaped_slash_leads_to_no_page(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"hello")
    assert await shows(site, b"hello", "/acme/spring")

    for path in ("/acme%2Fspring", "/acme%2fspring", "/acme%2F"):
        assert (await site.http.get(path)).status_code == 404


async def test_another_spelling_of_an_address_leads_to_the_page(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"home", page="index")
    # Held or not makes no difference.
    assert await shows(site, b"home", "/acme")

    for spelling, address in (("/acme/", "/acme"), ("/acme/index", "/acme"), ("/acme/spring/", "/acme/spring")):
        answer = await site.http.get(f"{spelling}?from=mail")
        assert (answer.status_code, answer.headers["location"]) == (308, f"{address}?from=mail")


async def test_a_version_has_an_address_for_ever(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"one")
    await publisher.publish(b"two")

    first = await site.http.get("/-/v/acme/spring/1")

    assert first.content == b"one"
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert first.headers["x-robots-tag"] == "noindex"
    known = await site.http.get("/-/v/acme/spring/1", headers={"if-none-match": first.headers["etag"]})
    assert known.status_code == 304
    for path in (
        "/-/v/acme/spring/9",
        "/-/v/acme/spring/x",
        "/-/v/acme/spring/1e3",
        "/-/v/A/spring/1",
        "/-/v/acme/spring/01",
    ):
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
    own: Own, start_server: StartServer
) -> None:
    site = await start_server(redis_url=own.valkey.url)
    await own.publisher.publish(b"held")
    assert await shows(site, b"held")

    await asyncio.to_thread(own.valkey.kill)

    assert await shows(site, b"held")
    missing = await site.http.get("/acme/other")
    assert (missing.status_code, missing.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "retry-after" in missing.headers
    assert (await site.http.get("/-/v/acme/spring/1")).status_code == 503
    await wait_until(lambda: _is_ready(site, 503))
    await asyncio.to_thread(own.valkey.start)
    await own.publisher.publish(b"newer")
    await wait_until(lambda: shows(site, b"newer"))
    await wait_until(lambda: _is_ready(site, 200))


async def test_many_who_ask_at_once_cost_one_read(
    start_server: StartServer, publisher: Publisher, client: Client
) -> None:
    await publisher.publish(b"popular")
    # Started after the publish: an event that comes in during the read would rightly cost another.
    site = await start_server(**COMPARES_NOTHING)
    await client.config_resetstat()

    answers = await asyncio.gather(*(site.http.get("/acme/spring") for _ in range(50)))

    assert {answer.content for answer in answers} == {b"popular"}
    assert await page_reads(client) == 1


async def test_what_is_not_there_is_looked_for_once_and_what_cannot_be_never(site: Site, client: Client) -> None:
    await client.config_resetstat()

    for path in 2 * ("/acme/nothing", "/acme/No", "/-acme", "/acme/a_b", f"/acme/{'x' * 64}"):
        assert (await site.http.get(path)).status_code == 404

    # The page, the one whose name was written in capitals, and the site's own page for what is not there.
    assert await page_reads(client) == 3


async def test_pages_beyond_the_bound_are_read_again(
    start_server: StartServer, publisher: Publisher, client: Client
) -> None:
    for page in ("a", "b"):
        await publisher.publish(random.Random(page).randbytes(6_000), page=page)
    site = await start_server(page_memory_bytes=10_000, **COMPARES_NOTHING)
    await client.config_resetstat()

    for page in ("a", "b", "b", "a"):
        assert len(await body_of(site, f"/acme/{page}")) == 6_000

    assert await page_reads(client) == 3


async def test_going_back_reaches_who_asks_by_date_alone(
    site: Site, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"one")
    await publisher.publish(b"two")
    # As if the first had been built a minute before the second.
    meta = msgspec.json.decode(await client.hget(keys.artifacts("acme", "spring"), "1:meta"))
    older = {**meta, "built_at": meta["built_at"] - 60_000}
    await client.hset(keys.artifacts("acme", "spring"), "1:meta", msgspec.json.encode(older))
    newest = await site.http.get("/acme/spring")

    await publisher.stores.publishing.republish("acme", "spring", 1, _request())
    await wait_until(lambda: shows(site, b"one"))

    known = {"if-modified-since": newest.headers["last-modified"]}
    assert (await site.http.get("/acme/spring", headers=known)).content == b"one"


async def test_an_older_redis_does_not_take_visitors_back(
    site: Site, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"one")
    backup = {key: await client.dump(key) for key in await client.keys("*") if b"idempotency" not in key}
    await publisher.publish(b"two")
    assert await shows(site, b"two")

    async with site.http.stream("GET", "/-/events", params={"site": "acme"}) as watching:
        lines = watching.aiter_lines()
        await _read_until(lines, "event: snapshot")
        async with client.pipeline(transaction=True) as restoring:
            restoring.flushall()
            for key, value in backup.items():
                restoring.restore(key, 0, value)
            await restoring.execute()
        # The server has noticed, and looked at every page it holds.
        await _read_until(lines, "event: reset")

    assert await shows(site, b"two")
    # And Redis has been told again what it had forgotten.
    assert await client.hget(keys.page("acme", "spring"), "seq") == b"2"


@pytest.mark.parametrize("damage", ["its bytes", "its key"])
async def test_a_damaged_page_keeps_no_other_page_from_being_true(
    site: Site, publisher: Publisher, client: Client, keys: Keys, damage: str
) -> None:
    await publisher.publish(b"good")
    assert await shows(site, b"good")
    assert (await site.http.get("/acme/odd")).status_code == 404

    if damage == "its bytes":
        await client.hset(keys.page("acme", "odd"), mapping={"seq": 1, "version": 1, "body": b"junk"})
    else:
        await client.set(keys.page("acme", "odd"), b"junk")
    await client.xadd(keys.events(0), happened("page-built", "odd"))
    await publisher.publish(b"better")

    await wait_until(lambda: shows(site, b"better"))
    assert (await site.http.get("/-/readyz")).status_code == 200


async def test_a_damaged_page_is_a_page_of_ours_and_no_bug_of_theirs(site: Site, client: Client, keys: Keys) -> None:
    await client.hset(keys.page("acme", "odd"), mapping={"seq": 1, "version": 1, "body": b"junk"})

    answer = await site.http.get("/acme/odd")

    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")


async def test_what_is_no_event_and_what_is_from_the_future_stop_nothing(
    site: Site, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"one")
    assert await shows(site, b"one")

    await client.xadd(keys.events(0), {"junk": b"\xff"})
    await client.xadd(keys.events(0), {"type": "page-built", "data": b'{"type":"page-built","site":7}'})
    # A newer Platen changes a page in a way that this one has no name for.
    await client.hset(keys.page("acme", "spring"), mapping={"seq": 50, "body": compress(b"from the future")})
    await client.xadd(keys.events(0), happened("page-recoloured", "spring"))

    await wait_until(lambda: shows(site, b"from the future"))


async def test_pages_of_our_own_are_kept_by_nobody_and_found_by_no_search(site: Site) -> None:
    answer = await site.http.get("/acme/nothing")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert b"<script" not in answer.content
    assert (await site.http.head("/acme/nothing")).content == b""


async def test_a_server_says_how_far_it_has_got_and_leaves_no_trace(
    start_server: StartServer, publisher: Publisher, client: Client, keys: Keys
) -> None:
    site = await start_server(heartbeat_ms=50)
    await publisher.publish(b"one")
    newest = (await client.xinfo_stream(keys.events(0)))["last-generated-id"].decode()

    async def has_applied_it() -> bool:
        [said] = (await client.hgetall(SERVERS)).values()
        return bool(msgspec.json.decode(said)["applied"] == {"0": newest})

    await wait_until(has_applied_it)
    [name] = await client.hkeys(SERVERS)
    assert 0 < await client.pttl(beat(name.decode())) <= 300
    await site.stop()
    assert not await client.exists(SERVERS, beat(name.decode()))


def happened(kind: str, page: str) -> dict[str, bytes | str]:
    data = {"type": kind, "site": "acme", "page": page, "seq": 1, "version": 1, "state": "live", "at": 1}
    return {"type": kind, "data": msgspec.json.encode(data)}


async def page_reads(client: Client) -> int:
    """How often a published page was read since the counters were reset."""
    return int((await client.info("commandstats")).get("cmdstat_hmget", {"calls": 0})["calls"])


async def _read_until(lines: AsyncIterator[str], wanted: str) -> None:
    async for line in lines:
        if line == wanted:
            return
    raise AssertionError(f"the stream ended without {wanted}")


def _request() -> Request:
    return Request("ada", TRACE, "going back", "f")


async def _status_is(site: Site, status: int) -> bool:
    return (await site.http.get("/acme/spring")).status_code == status


async def _is_ready(site: Site, status: int) -> bool:
    return (await site.http.get("/-/readyz")).status_code == status
