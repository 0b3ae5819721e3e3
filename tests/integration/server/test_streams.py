"""Status streams on a real Redis, read by a client that keeps to the letter of the standard."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
import pytest

from services.server.history import MOST_HELD, SLACK
from shared import keys as keys_of
from shared.accounts.accounts import AccountStore
from shared.auth import Token, Tokens, digest
from shared.connection import Client
from shared.credentials import cookie_name
from shared.idempotency import Request
from shared.keys import Keys
from shared.settings import Settings
from tests.conftest import wait_until
from tests.harness import TOKEN
from tests.integration.api.people import sign_in_as
from tests.integration.server.conftest import TRACE, Own, Publisher, Site, StartServer

pytestmark = pytest.mark.redis7

QUERY = {"site": "acme", "page": "spring"}


class Block(NamedTuple):
    """One block of a stream; `id` is the client's last id once it was read."""

    event: str
    id: str
    data: Any


class Reader:
    """Reads blocks as WHATWG HTML, "Interpreting an event stream", says."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.id = ""
        self.retry = 0

    async def next(self, *, with_bare_ids: bool = False) -> Block:
        """The next block that fires something; raises StopAsyncIteration at the end."""
        event, data = "", []
        async for line in self._lines:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                self.id = value
            elif name == "event":
                event = value
            elif name == "data":
                data.append(value)
            elif name == "retry":
                self.retry = int(value)
            elif not line:
                if data:
                    return Block(event, self.id, json.loads("\n".join(data)))
                if with_bare_ids and self.id:
                    return Block("", self.id, None)
                event = ""
        raise StopAsyncIteration

    async def until(self, event: str, seq: int = 0) -> list[Block]:
        blocks = []
        while not blocks or blocks[-1].event != event or (seq and blocks[-1].data["seq"] != seq):
            blocks.append(await self.next())
        return blocks


@asynccontextmanager
async def watching(server: Site, last: str = "", **query: str) -> AsyncIterator[Reader]:
    headers = {"last-event-id": last} if last else {}
    async with server.http.stream("GET", "/-/events", params=query or QUERY, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield Reader(answer.aiter_lines())


async def test_a_stream_begins_with_a_snapshot_and_goes_on_with_every_event(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"one")

    async with watching(site) as reader:
        snapshot = await reader.next()
        await publisher.publish(b"two")
        blocks = await reader.until("page-built")

    assert snapshot.event == "snapshot"
    assert snapshot.data["live"] == {"seq": 1, "version": 1, "etag": "e1-1"}
    assert snapshot.data["publication"]["state"] == "live"
    assert (snapshot.data["seq"], snapshot.data["version"], snapshot.data["state"]) == (1, 1, "live")
    assert snapshot.data["at"] == snapshot.data["publication"]["steps"][-1]["at"] > 0
    assert [(block.event, block.data["seq"], block.data["state"]) for block in blocks] == [
        ("config-published", 2, "queued"),
        ("page-built", 2, "live"),
    ]


async def test_a_page_that_does_not_exist_yet_can_be_watched(site: Site, publisher: Publisher) -> None:
    async with watching(site) as reader:
        snapshot = await reader.next()
        await publisher.publish(b"first")
        blocks = await reader.until("page-built")

    assert (snapshot.data["wanted"], snapshot.data["live"], snapshot.data["state"]) == (None, None, "none")
    assert (snapshot.data["seq"], snapshot.data["version"], snapshot.data["at"]) == (0, 0, 0)
    assert len(blocks) == 2


async def test_only_what_is_watched_is_told(site: Site, publisher: Publisher) -> None:
    async with watching(site) as reader, watching(site, site="acme") as whole:
        assert (await whole.next()).data["pages"] == []
        await reader.next()

        await publisher.publish(b"other", page="autumn")
        await publisher.publish(b"this", page="spring")

        assert {block.data["page"] for block in await reader.until("page-built")} == {"spring"}
        assert [block.data["page"] for block in await whole.until("page-built")] == ["autumn", "autumn"]
        assert [block.data["page"] for block in await whole.until("page-built")] == ["spring", "spring"]


async def test_who_drops_and_returns_sees_every_event_once_in_order(
    start_server: StartServer, publisher: Publisher, client: Client, keys: Keys
) -> None:
    servers = [await start_server(heartbeat_ms=100), await start_server(heartbeat_ms=100)]
    dice, seen, last = random.Random(3), [], ""

    async def write() -> int:
        for number in range(150):
            seq = await publisher.publish(b"%d" % number)
        return seq

    writing = asyncio.create_task(write())

    def is_over() -> bool:
        """Nothing happens after the last page is told of as served."""
        return seen[-1].event == "page-served" and writing.done() and seen[-1].data["seq"] == writing.result()

    while not (seen and is_over()):
        async with watching(dice.choice(servers), last) as reader:
            for _ in range(dice.randrange(1, 12)):
                block = await asyncio.wait_for(reader.next(), 10)
                last = block.id
                seen.append(block)
                if is_over():
                    break

    assert [block.event for block in seen].count("snapshot") == 1
    happened = [id_.decode() for id_, _ in await client.xrange(keys.events(0), min=f"({seen[0].id}")]
    assert [block.id for block in seen[1:]] == happened


async def test_whoever_reads_live_gets_that_page_at_once(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"0")
    assert (await site.http.get("/acme/spring")).content == b"0"

    async def served() -> int:
        return int((await site.http.get("/acme/spring")).headers["x-platen-seq"])

    async with watching(site) as reader:
        await reader.next()
        for number in range(2, 40):
            publishing = asyncio.create_task(publisher.publish(b"%d" % number))
            async with watching(site) as newcomer:
                snapshot = await newcomer.next()
                assert await served() >= snapshot.data["live"]["seq"]
            [*_, built] = await reader.until("page-built", seq=number)
            assert await served() >= built.data["seq"]
            await publishing


async def test_history_of_many_pieces_comes_whole(site: Site, publisher: Publisher, client: Client, keys: Keys) -> None:
    await publisher.publish(b"one")
    start = (await client.xinfo_stream(keys.events(0)))["last-generated-id"].decode()
    await append(client, keys, 1_600)

    async with watching(site, start) as reader:
        blocks = [await reader.next() for _ in range(1_600)]

    assert [block.data["seq"] for block in blocks] == list(range(1_600))


async def test_a_position_too_far_back_gets_a_reset_and_a_snapshot(
    site: Site, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"one")
    start = (await client.xinfo_stream(keys.events(0)))["last-generated-id"].decode()
    await append(client, keys, int(MOST_HELD * SLACK) + 1, page="elsewhere")
    # Whoever has a snapshot is at a server that has applied everything until then.
    async with watching(site) as reader:
        await reader.next()

    async with watching(site, start) as reader:
        reset, snapshot = await reader.next(), await reader.next()

    assert (reset.event, snapshot.event) == ("reset", "snapshot")


async def test_what_is_no_position_counts_as_none(site: Site, publisher: Publisher) -> None:
    for last in ("x", "1", "1-", "-1", "1-1-1", "9" * 40 + "-0"):
        async with watching(site, last) as reader:
            assert (await reader.next()).event == "snapshot"


async def test_a_client_that_cannot_set_headers_resumes_by_the_query(site: Site, publisher: Publisher) -> None:
    async with watching(site) as reader:
        snapshot = await reader.next()
    await publisher.publish(b"one")

    async with watching(site, **QUERY, last_event_id=snapshot.id) as reader:
        first = await reader.next()

    assert first.event == "config-published"


async def test_a_site_is_told_with_its_first_hundred_pages(site: Site, publisher: Publisher) -> None:
    for number in range(101):
        await publisher.save(f"p{number:03}", publish=number == 0)

    async with watching(site, site="acme") as reader:
        snapshot = await reader.next()

    assert [page["page"] for page in snapshot.data["pages"]] == [f"p{number:03}" for number in range(100)]
    assert snapshot.data["more"] is True
    assert snapshot.data["pages"][0]["wanted"] == {"seq": 1, "version": 1}
    assert snapshot.data["pages"][1]["wanted"] is None
    assert [(page["state"], page["seq"]) for page in snapshot.data["pages"][:2]] == [("queued", 1), ("none", 0)]
    assert snapshot.data["at"] == snapshot.data["pages"][0]["at"] > 0


async def test_a_stream_outlives_redis_and_says_so(own: Own, start_server: StartServer) -> None:
    site = await start_server(redis_url=own.valkey.url)
    async with watching(site) as reader:
        snapshot = await reader.next()

        await asyncio.to_thread(own.valkey.kill)
        paused = await reader.next()
        async with watching(site) as newcomer:
            assert (await newcomer.next()).event == "paused"
            with pytest.raises(StopAsyncIteration):
                await newcomer.next()
        await asyncio.to_thread(own.valkey.start)
        resumed = await reader.next()
        await own.publisher.publish(b"after")
        [queued, built] = await reader.until("page-built")

    assert [block.event for block in (paused, resumed, queued, built)] == [
        "paused",
        "resumed",
        "config-published",
        "page-built",
    ]
    assert paused.id == resumed.id == snapshot.id


@pytest.mark.parametrize("last", ["1-1", "9999999999999-0"], ids=["trimmed", "from the future"])
async def test_a_position_that_cannot_be_resumed_is_told_and_gets_a_snapshot(
    site: Site, publisher: Publisher, client: Client, keys: Keys, last: str
) -> None:
    for number in range(3):
        await publisher.publish(b"%d" % number)
    # Whoever has a snapshot is at a server that has applied everything until then, so that nothing is missing for it.
    async with watching(site) as reader:
        await reader.next()
    await client.xtrim(keys.events(0), maxlen=2, approximate=False)

    async with watching(site, last) as reader:
        reset, snapshot = await reader.next(), await reader.next()
        await publisher.publish(b"after")
        [published, _] = await reader.until("page-built")

    assert (reset.event, snapshot.event) == ("reset", "snapshot")
    assert snapshot.data["live"]["seq"] == 3
    assert published.data["seq"] == 4


async def test_what_redis_has_trimmed_is_resumed_where_it_is_remembered(
    site: Site, publisher: Publisher, client: Client, keys: Keys
) -> None:
    async with watching(site) as reader:
        snapshot = await reader.next()
    seqs = [await publisher.publish(b"%d" % number) for number in range(3)]
    async with watching(site) as reader:
        await reader.next()
    await client.xtrim(keys.events(0), maxlen=1, approximate=False)

    async with watching(site, snapshot.id) as reader:
        told = [(await reader.until("page-built"))[-1].data["seq"] for _ in seqs]

    assert told == seqs


async def test_an_emptied_redis_resets_open_streams(
    site: Site, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"one")
    async with watching(site) as reader:
        await reader.next()

        await client.flushall()

        assert [block.event for block in await reader.until("snapshot")] == ["reset", "snapshot"]


async def test_a_quiet_stream_moves_its_id_without_an_event(start_server: StartServer, publisher: Publisher) -> None:
    site = await start_server(sse_heartbeat_s=0.05)
    async with watching(site) as reader:
        snapshot = await reader.next()
        await publisher.publish(b"elsewhere", page="autumn")

        async def has_moved() -> bool:
            return (await reader.next(with_bare_ids=True)).id != snapshot.id

        await wait_until(has_moved)


async def test_a_full_server_asks_to_come_back_later(start_server: StartServer, publisher: Publisher) -> None:
    site = await start_server(sse_max_streams=1)
    async with watching(site) as first:
        await first.next()

        async with watching(site) as second:
            with pytest.raises(StopAsyncIteration):
                await second.next()

    assert second.retry >= 10_000
    assert (await site.http.head("/-/events", params=QUERY)).status_code == 200


async def test_a_client_that_leaves_is_forgotten(site: Site) -> None:
    async with watching(site) as reader:
        await reader.next()
        assert await count_of(site) == 1

    await wait_until(lambda: _count_is(site, 0))


async def test_a_stopping_server_ends_its_streams_and_says_when_to_return(site: Site, publisher: Publisher) -> None:
    async with watching(site) as reader:
        await reader.next()

        site.quiet()

        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(reader.next(), 5)
        assert 500 <= reader.retry <= 3_000
    async with watching(site) as newcomer:
        with pytest.raises(StopAsyncIteration):
            await newcomer.next()
    assert 500 <= newcomer.retry <= 3_000


async def test_a_reader_that_does_not_read_is_cut_and_the_others_are_not(
    site: Site, publisher: Publisher, client: Client, keys: Keys
) -> None:
    host, port = site.url.removeprefix("http://").split(":")
    slow_reader, slow_writer = await asyncio.open_connection(host, int(port), limit=1024)
    request = f"GET /-/events?site=acme HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n\r\n"
    slow_writer.write(request.encode())
    await slow_reader.readuntil(b"snapshot")

    async with watching(site) as reader:
        await reader.next()
        await publisher.publish(b"first")
        reading = asyncio.create_task(reader.until("page-built", seq=100_000_000))
        while await count_of(site) == 2:
            await append(client, keys, 100)
            assert not reading.done()
        # Still there, and still told: this page's next event reaches it.
        assert await count_of(site) == 1
        reading.cancel()
    slow_writer.transport.abort()


async def test_everything_can_be_watched_at_once(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"one")
    answer = site.http.stream("GET", "/-/events")
    async with answer as stream:
        reader = Reader(stream.aiter_lines())
        snapshot = await reader.next()
        await publisher.publish(b"two", "autumn")
        blocks = await reader.until("page-built")

    assert (snapshot.event, snapshot.data["sites"]) == ("snapshot", [{"site": "acme", "title": "Acme"}])
    assert {(block.data["site"], block.data["page"]) for block in blocks} == {("acme", "autumn")}

    async with site.http.stream("GET", "/-/events", headers={"last-event-id": snapshot.id}) as stream:
        again = await Reader(stream.aiter_lines()).until("page-built")
    assert again == blocks


async def as_somebody(client: Client, roles: dict[str, str]) -> dict[str, str]:
    """Headers of somebody with these roles."""
    token = "token-of-somebody-with-few-roles"
    await client.hset(keys_of.TOKENS, digest(token), msgspec.json.encode(Token("ada", 0, roles)))
    return {"authorization": f"Bearer {token}"}


async def test_everything_is_what_somebody_may_look_at(site: Site, publisher: Publisher, client: Client) -> None:
    await publisher.stores.sites.create("globex", "Globex", Request("ada", TRACE, "globex", "globex"))
    await publisher.stores.sites.create("initech", "Initech", Request("ada", TRACE, "initech", "initech"))
    headers = await as_somebody(client, {"acme": "viewer", "globex": "editor"})
    async with site.http.stream("GET", "/-/events", headers=headers) as stream:
        reader = Reader(stream.aiter_lines())
        snapshot = await reader.next()
        await publisher.publish(b"one", site="initech")
        await publisher.publish(b"two", site="globex")
        await publisher.publish(b"three", site="acme")
        told = await reader.until("page-built") + await reader.until("page-built")

    assert [found["site"] for found in snapshot.data["sites"]] == ["acme", "globex"]
    assert {block.data["site"] for block in told} == {"acme", "globex"}

    headers["last-event-id"] = snapshot.id
    async with site.http.stream("GET", "/-/events", headers=headers) as stream:
        again = Reader(stream.aiter_lines())
        assert await again.until("page-built") + await again.until("page-built") == told


async def test_a_site_of_others_cannot_be_watched_and_looks_as_if_it_were_not_there(
    site: Site, publisher: Publisher, client: Client
) -> None:
    headers = await as_somebody(client, {"globex": "viewer"})

    theirs = await site.http.get("/-/events", params={"site": "acme", "page": "spring"}, headers=headers)
    nobodys = await site.http.get("/-/events", params={"site": "nobody", "page": "spring"}, headers=headers)

    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.text.replace("acme", "nobody") == nobodys.text


async def test_who_may_look_at_nothing_is_refused(site: Site, publisher: Publisher, client: Client) -> None:
    headers = await as_somebody(client, {"acme": "janitor"})

    answer = await site.http.get("/-/events", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer.json()["errors"][0]["mend"]


async def test_everything_of_several_partitions_has_no_one_position(start_server: StartServer, client: Client) -> None:
    await client.flushall()
    await Tokens(client).set_first(TOKEN, 0)
    site = await start_server(partitions=4)

    answer = await site.http.get("/-/events")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "site"


async def test_a_stream_ends_when_its_token_does(
    site: Site, publisher: Publisher, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "token-that-is-going-to-be-revoked"
    await client.hset(keys_of.TOKENS, digest(token), msgspec.json.encode(Token("ada", 0, {"*": "editor"})))
    headers = {"authorization": f"Bearer {token}"}
    async with (
        site.http.stream("GET", "/-/events", params=QUERY, headers=headers) as revoked,
        watching(site) as kept,
    ):
        lines = revoked.aiter_lines()
        reader = Reader(lines)
        assert (await reader.next()).event == (await kept.next()).event == "snapshot"

        await client.hdel(keys_of.TOKENS, digest(token))

        with pytest.raises(StopAsyncIteration):
            await reader.next()
        assert 500 <= reader.retry <= 3_000
        await publisher.publish(b"one")
        assert (await kept.until("page-built"))[-1].event == "page-built"


@pytest.mark.parametrize("how", ["signed out", "demoted"])
async def test_a_stream_ends_when_its_session_does_or_they_may_look_no_longer(
    site: Site, publisher: Publisher, client: Client, how: str
) -> None:
    headers = await sign_in_as(client, {"acme": "viewer"})
    secret = headers["cookie"].partition("=")[2]
    # On this machine browsers send the cookie that is not Secure.
    headers = {"authorization": "", "cookie": f"{cookie_name(site.http.base_url.netloc.decode(), 'http')}={secret}"}
    async with site.http.stream("GET", "/-/events", params=QUERY, headers=headers) as stream, watching(site) as kept:
        reader = Reader(stream.aiter_lines())
        assert (await reader.next()).event == (await kept.next()).event == "snapshot"
        [account] = await client.hkeys(keys_of.ACCOUNTS)
        accounts = AccountStore(client, Settings())

        if how == "signed out":
            await client.delete(keys_of.session(digest(secret)))
        else:
            await accounts.set_roles(account.decode(), {"other": "viewer"})

        async with asyncio.timeout(10):
            with pytest.raises(StopAsyncIteration):
                await reader.next()
        await publisher.publish(b"one")
        assert (await kept.until("page-built"))[-1].event == "page-built"


async def test_a_session_watches_the_sites_that_its_account_may_look_at(
    site: Site, publisher: Publisher, client: Client
) -> None:
    secret = (await sign_in_as(client, {"acme": "viewer"}))["cookie"].partition("=")[2]
    own = {"authorization": "", "cookie": f"{cookie_name(site.http.base_url.netloc.decode(), 'http')}={secret}"}

    async with site.http.stream("GET", "/-/events", headers=own) as stream:
        snapshot = await Reader(stream.aiter_lines()).next()
    hidden = await site.http.get("/-/events", params={"site": "other"}, headers=own)
    foreign = await site.http.get("/-/events", params=QUERY, headers={**own, "cookie": f"__Host-platen={secret}"})

    assert snapshot.data["sites"] == [{"site": "acme", "title": "Acme"}]
    assert hidden.status_code == 404
    assert foreign.status_code == 401


@pytest.mark.parametrize(
    "query", [{"page": "spring"}, {"site": ""}, {"site": "Acme"}, {"site": "a/b"}, {"site": "acme", "page": "../x"}]
)
async def test_a_stream_of_nothing_is_refused_with_the_mend(site: Site, query: dict[str, str]) -> None:
    answer = await site.http.get("/-/events", params=query)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["mend"]


async def test_a_stream_needs_a_token_in_its_header(site: Site) -> None:
    bare = {"authorization": ""}

    assert (await site.http.get("/-/events", params=QUERY, headers=bare)).status_code == 401
    query = {**QUERY, "token": TOKEN}
    assert (await site.http.get("/-/events", params=query, headers=bare)).status_code == 401


async def append(client: Client, keys: Keys, count: int, page: str = "spring") -> None:
    """Let many events happen to a page, numbered from 0."""
    pipeline = client.pipeline(transaction=False)
    for number in range(count):
        data = {"type": "build-started", "site": "acme", "page": page, "seq": number, "version": 1}
        fields = {"type": "build-started", "data": json.dumps({**data, "state": "building", "at": 1})}
        pipeline.xadd(keys.events(0), fields)
    await pipeline.execute()


async def count_of(site: Site) -> int:
    """How many streams a server holds, by its own metrics."""
    lines = (await site.http.get("/-/metrics")).text.splitlines()
    return int(float(next(line for line in lines if line.startswith("platen_server_streams ")).split()[1]))


async def _count_is(site: Site, count: int) -> bool:
    return await count_of(site) == count
