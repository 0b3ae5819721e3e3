"""Redis does it and its answer is lost: a publish is made once, and the caller is told what to do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from shared.connection import Client
from shared.keys import Keys
from shared.settings import Settings
from tests.integration.api.conftest import CONFIG, PAGE, V1, Opener

pytestmark = pytest.mark.redis7

KEY = {"idempotency-key": "k"}


class Thief:
    """Stands between the api and Redis, and steals answers to scripts by cutting the connection.

    Args:
        target: Redis's socket.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self.steals = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass requests and answers on, one after the other."""
        from_redis, to_redis = await asyncio.open_unix_connection(self._target)
        with contextlib.suppress(ConnectionError):
            while request := await reader.read(1_000_000):
                to_redis.write(request)
                answer = await from_redis.read(1_000_000)
                if b"EVAL" in request and self.steals > 0:
                    self.steals -= 1
                    break
                writer.write(answer)
        to_redis.close()
        writer.close()


@pytest.fixture
async def thief(settings: Settings, tmp_path: Path) -> AsyncIterator[Thief]:
    thief = Thief(settings.redis_url.removeprefix("unix://"))
    async with await asyncio.start_unix_server(thief.serve, tmp_path / "thief.sock"):
        yield thief


@pytest.fixture
async def web(opened: Opener, settings: Settings, thief: Thief, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an api that reaches Redis through the thief; the site acme is there, and the scripts are known."""
    async with opened(msgspec.structs.replace(settings, redis_url=f"unix://{tmp_path}/thief.sock")) as web:
        await web.post(f"{V1}/sites", json={"slug": "acme"})
        await web.post(f"{V1}/sites/acme/pages/other/versions", json={"config": CONFIG, "publish": True})
        yield web


@pytest.mark.parametrize("stolen", [1, 2, 3])
async def test_a_lost_answer_is_asked_for_again(
    web: httpx2.AsyncClient, client: Client, keys: Keys, thief: Thief, stolen: int
) -> None:
    thief.steals = stolen

    answer = await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True}, headers=KEY)

    assert answer.status_code == 201
    assert answer.json()["version"]["number"] == 1
    assert thief.steals == 0
    assert await client.hlen(keys.versions("acme", "spring")) == 1
    assert await client.xlen(keys.builds(0)) == 2


async def test_when_every_answer_is_lost_the_caller_repeats_the_request(
    web: httpx2.AsyncClient, client: Client, keys: Keys, thief: Thief
) -> None:
    thief.steals = 1_000
    lost = await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True}, headers=KEY)
    thief.steals = 0

    again = await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True}, headers=KEY)

    assert (lost.status_code, lost.json()["code"]) == (503, "store-uncertain")
    assert lost.headers["retry-after"] == "1"
    assert "same Idempotency-Key" in lost.json()["errors"][0]["mend"]
    assert again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert await client.hlen(keys.versions("acme", "spring")) == 1
    assert await client.xlen(keys.builds(0)) == 2


@pytest.mark.parametrize("stolen", [1, 2, 3])
async def test_a_draft_is_saved_once_though_the_answer_was_lost(
    web: httpx2.AsyncClient, client: Client, keys: Keys, thief: Thief, stolen: int
) -> None:
    await web.put(f"{PAGE}/draft", json={"config": {}}, headers={"if-match": '"r0"'})
    thief.steals = stolen

    answer = await web.put(f"{PAGE}/draft", json={"config": CONFIG}, headers={"if-match": '"r1"'})

    assert (answer.status_code, answer.json()["revision"], answer.json()["config"]) == (200, 2, CONFIG)
    assert thief.steals == 0
    assert await client.hget(keys.draft("acme", "spring"), "revision") == b"2"


@pytest.mark.parametrize("stolen", [1, 2, 3])
async def test_a_draft_is_deleted_once_though_the_answer_was_lost(
    web: httpx2.AsyncClient, client: Client, keys: Keys, thief: Thief, stolen: int
) -> None:
    await web.put(f"{PAGE}/draft", json={"config": CONFIG}, headers={"if-match": '"r0"'})
    thief.steals = stolen

    answer = await web.delete(f"{PAGE}/draft", headers={"if-match": '"r1"'})

    assert (answer.status_code, answer.json()["is_saved"]) == (200, False)
    assert thief.steals == 0
    assert await client.hgetall(keys.draft("acme", "spring")) == {b"revision": b"2"}


async def test_a_redis_that_refuses_writes_is_told_apart_from_a_lost_answer(
    web: httpx2.AsyncClient, client: Client
) -> None:
    await client.config_set("maxmemory", 1)
    try:
        answer = await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True})
    finally:
        await client.config_set("maxmemory", 0)

    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["detail"] == "Redis is not available; nothing was changed."
