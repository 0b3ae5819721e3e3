"""Status streams where something is damaged or refused: nobody waits in silence, and it concerns nobody else."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from shared import keys as keys_of
from shared.auth import Token, digest
from shared.connection import Client
from shared.keys import Keys
from tests.conftest import wait_until
from tests.integration.server.conftest import Own, Publisher, Site, StartServer
from tests.integration.server.test_streams import QUERY, Reader

DAMAGED, ENDED = "token-with-a-damaged-record", "token-that-is-going-to-be-revoked"


@asynccontextmanager
async def watching_as(site: Site, token: str, client: Client) -> AsyncIterator[Reader]:
    """A stream of somebody with a token of their own."""
    await client.hset(keys_of.TOKENS, digest(token), msgspec.json.encode(Token("ada", 0, {"*": "editor"})))
    headers = {"authorization": f"Bearer {token}"}
    async with site.http.stream("GET", "/-/events", params=QUERY, headers=headers) as answer:
        reader = Reader(answer.aiter_lines())
        assert (await reader.next()).event == "snapshot"
        yield reader


async def read_to_the_end(reader: Reader) -> None:
    """Read on until the stream is ended as it should be; one that is broken off raises something else."""
    async with asyncio.timeout(15):
        with contextlib.suppress(StopAsyncIteration):
            while True:
                await reader.next()


async def _damage_record(client: Client) -> None:
    await client.hset(keys_of.TOKENS, digest(DAMAGED), b'{"id": 5}')


async def _damage_key(client: Client) -> None:
    await client.hdel(keys_of.TOKENS, digest(DAMAGED))
    await client.set(keys_of.token(digest(DAMAGED)), b"no hash")


@pytest.mark.parametrize("damage", [_damage_record, _damage_key])
async def test_a_stream_ends_with_its_token_whatever_is_damaged_of_others(
    site: Site, publisher: Publisher, client: Client, damage: Callable[[Client], Awaitable[None]]
) -> None:
    site.server.keeper._credentials_every_s = 0.1
    async with watching_as(site, DAMAGED, client) as damaged, watching_as(site, ENDED, client) as ended:
        await damage(client)
        await read_to_the_end(damaged)

        await client.hdel(keys_of.TOKENS, digest(ENDED))

        await read_to_the_end(ended)
        assert (await site.http.get("/-/events", headers={"authorization": f"Bearer {DAMAGED}"})).status_code == 401


async def test_streams_end_with_their_tokens_also_after_redis_has_refused_to_be_asked(
    own: Own, start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    site, client = await start_server(redis_url=own.valkey.url), own.publisher.stores.pages._client
    site.server.keeper._credentials_every_s = 0.1
    async with watching_as(site, ENDED, client) as reader:
        await client.acl_setuser("default", enabled=True, commands=["-eval", "-evalsha"])
        await wait_until(lambda: "it cannot be asked who may watch" in caplog.text)
        newcomer = await site.http.get("/-/events", params=QUERY, headers={"authorization": f"Bearer {DAMAGED}"})
        # Any other status would close a browser's stream for good.
        assert newcomer.status_code == 200
        assert re.fullmatch(r"retry: [23]\d{4}\n\n", newcomer.text)
        await client.acl_setuser("default", enabled=True, commands=["+eval", "+evalsha"])

        await client.hdel(keys_of.TOKENS, digest(ENDED))

        await read_to_the_end(reader)


@pytest.mark.parametrize("fast_path", [True, False], ids=["fast path", "plain ASGI"])
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "starts again"])
async def test_whoever_cannot_be_told_how_things_are_is_asked_to_come_back_later(
    start_server: StartServer, publisher: Publisher, client: Client, keys: Keys, fast_path: bool, is_new: bool
) -> None:
    site = await start_server(fast_path=fast_path)
    await publisher.publish(b"one")

    async def damage() -> None:
        await client.set(keys.head("acme", "spring"), b"no hash")

    if is_new:
        await damage()
    async with site.http.stream("GET", "/-/events", params=QUERY) as answer:
        reader = Reader(answer.aiter_lines())
        if not is_new:
            assert (await reader.next()).event == "snapshot"
            await damage()
            site.server.hub.reset()

        await read_to_the_end(reader)

    assert reader.retry >= 20_000
    await wait_until(lambda: site.server.hub.count == 0)


async def test_resumed_is_said_once_events_arrive_again_not_when_redis_merely_answers(
    own: Own, start_server: StartServer
) -> None:
    site, client = await start_server(redis_url=own.valkey.url), own.publisher.stores.pages._client

    async def was_refused_often() -> bool:
        return sum(refusal["count"] for refusal in await client.acl_log()) >= 5

    async with site.http.stream("GET", "/-/events", params=QUERY) as answer:
        reader = Reader(answer.aiter_lines())
        assert (await reader.next()).event == "snapshot"

        # As where there is no room for one more connection: all is well but for the one that events come over.
        await client.acl_setuser("default", enabled=True, commands=["-xread"])
        await wait_until(was_refused_often)
        assert not site.server.follower.is_following
        await client.acl_setuser("default", enabled=True, commands=["+xread"])
        await wait_until(lambda: site.server.follower.is_following)
        await own.publisher.publish(b"one")
        blocks = await reader.until("page-built")

    assert [block.event for block in blocks] == ["paused", "resumed", "config-published", "page-built"]


@pytest.mark.parametrize("fast_path", [True, False], ids=["fast path", "plain ASGI"])
async def test_who_comes_while_events_do_not_arrive_is_told_so_behind_the_snapshot(
    own: Own, start_server: StartServer, fast_path: bool
) -> None:
    site = await start_server(redis_url=own.valkey.url, fast_path=fast_path)
    await own.publisher.stores.pages._client.acl_setuser("default", enabled=True, commands=["-xread"])
    await wait_until(lambda: not site.server.follower.is_following)

    async with asyncio.timeout(5), site.http.stream("GET", "/-/events", params=QUERY) as answer:
        reader = Reader(answer.aiter_lines())
        blocks = [await reader.next(), await reader.next()]

    assert [block.event for block in blocks] == ["snapshot", "paused"]
