"""Servers over HTTP, and on how many of them a publication is live."""

import httpx2
import msgspec
import pytest

from shared.connection import Client
from shared.keys import SERVERS, Keys, beat
from shared.scripts import run
from shared.servers import Serving, report
from tests.integration.api.building import build_all
from tests.integration.api.conftest import PAGE, V1, publish

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]


async def register(client: Client, server: str, **said: object) -> None:
    """Let a server beat."""
    await client.hset(SERVERS, server, msgspec.json.encode(Serving(server=server, **said)))  # type: ignore[arg-type]
    await client.set(beat(server), 1, px=60_000)


async def say(client: Client, keys: Keys, server: str, at: str, times: int = 1) -> None:
    for _ in range(times):
        await run(client, report(keys, 0, server, at, (0, 3_600_000)))


async def newest(client: Client, keys: Keys) -> str:
    return str((await client.xinfo_stream(keys.events(0)))["last-generated-id"].decode())


async def test_servers_are_listed_with_how_far_they_are_and_the_dead_are_swept(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await publish(web)
    before = await newest(client, keys)
    await build_all(client, keys)
    at = await newest(client, keys)
    await register(client, "a", pages=3, streams=2, page_bytes=5000, host="web1", pid=7)
    await register(client, "b")
    await register(client, "dead")
    await client.delete(beat("dead"))
    await say(client, keys, "a", at)
    await say(client, keys, "b", before)

    first, second = (await web.get(f"{V1}/servers")).json()["items"]

    assert (first["server"], first["pages"], first["streams"], first["host"]) == ("a", 3, 2, "web1")
    assert (first["applied"], first["behind_ms"]) == ({"0": at}, 0)
    assert second["applied"] == {"0": before}
    assert second["behind_ms"] > 0
    assert sorted(await client.hkeys(SERVERS)) == [b"a", b"b"]


async def test_without_a_server_the_list_is_empty(web: httpx2.AsyncClient) -> None:
    assert (await web.get(f"{V1}/servers")).json() == {"items": []}


async def test_what_a_server_of_before_says_is_listed_too(web: httpx2.AsyncClient, client: Client) -> None:
    await client.hset(SERVERS, "old", b'{"applied":{"0":"0-0"},"started_at":5,"pages":1,"streams":0}')
    await client.set(beat("old"), 1, px=60_000)

    [old] = (await web.get(f"{V1}/servers")).json()["items"]

    assert (old["server"], old["pages"], old["started_at"]) == ("old", 1, 5)


async def test_a_publication_says_on_how_many_servers_it_is(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    for server in ("one", "two"):
        await say(client, keys, server, "0-0", times=7)
    accepted = await publish(web)
    before = await newest(client, keys)
    assert accepted["publication"]["served"] is None  # type: ignore[index]
    assert (await web.get(f"{PAGE}/publications/1")).json()["served"] is None

    await build_all(client, keys)
    at = await newest(client, keys)
    await say(client, keys, "one", at)
    await say(client, keys, "two", before)

    under_way = {"servers": 1, "of": 2, "at": 0, "missing": ["two"]}
    shown = (await web.get(f"{PAGE}/publications/1")).json()
    assert (shown["served"], shown["position"]) == (under_way, at)
    assert (await web.get(PAGE)).json()["publication"]["served"] == under_way
    assert (await web.get(f"{PAGE}/publications")).json()["items"][0]["served"] == under_way

    await say(client, keys, "two", at)
    shown = (await web.get(f"{PAGE}/publications/1")).json()
    assert shown["state"] == "live"
    assert shown["served"] == {"servers": 2, "of": 2, "at": shown["served"]["at"], "missing": []}
    assert shown["served"]["at"] >= shown["steps"][-1]["at"]
