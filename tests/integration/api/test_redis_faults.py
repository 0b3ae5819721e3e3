"""Whatever Redis does, a caller learns within two seconds that it is no help, and nothing is ever half done."""

import asyncio
import contextlib
import io
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx2
import msgspec
import pytest

from services.api.app import create_app
from services.api.budget import limited
from services.valkey import Valkey
from shared.connection import Client, connect
from shared.keys import Keys
from shared.settings import Settings
from shared.store import Request, Store
from tests.conftest import wait_until
from tests.integration.api.conftest import CONFIG, PAGE, TOKEN, client_of

pytestmark = pytest.mark.redis7

PROMISED_S = 2.0
KEY = {"idempotency-key": "k"}

Fault = Callable[[Valkey, Client], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def down(server: Valkey, _client: Client) -> AsyncIterator[None]:
    server.kill()
    yield
    await asyncio.to_thread(server.start)


@asynccontextmanager
async def hanging(server: Valkey, _client: Client) -> AsyncIterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    yield
    os.kill(server.pid, signal.SIGCONT)


@asynccontextmanager
async def _posing(server: Valkey, answer: bytes) -> AsyncIterator[None]:
    """Somebody else listens where Redis did, and answers every command with the same."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while request := await reader.read(1_000_000):
                # As Redis does while loading, CLIENT SETINFO is served.
                commands = re.findall(rb"(?:^|\n)\*\d+\r\n\$\d+\r\n(\w+)", request)
                writer.write(b"".join(b"+OK\r\n" if answer and name == b"CLIENT" else answer for name in commands))
        writer.close()

    server.kill()
    server.socket.unlink(missing_ok=True)
    async with await asyncio.start_unix_server(serve, server.socket):
        yield
    await asyncio.to_thread(server.start)


def silent(server: Valkey, _client: Client) -> AbstractAsyncContextManager[None]:
    return _posing(server, b"")


def loading(server: Valkey, _client: Client) -> AbstractAsyncContextManager[None]:
    return _posing(server, b"-LOADING Redis is loading the dataset in memory\r\n")


@asynccontextmanager
async def pausing(_server: Valkey, client: Client) -> AsyncIterator[None]:
    # The command that would end it is paused, too.
    await client.client_pause(2_500)
    yield
    await client.ping()


@asynccontextmanager
async def pausing_writes(_server: Valkey, client: Client) -> AsyncIterator[None]:
    await client.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
    yield
    await client.client_unpause()


@asynccontextmanager
async def read_only(_server: Valkey, client: Client) -> AsyncIterator[None]:
    await client.replicaof("127.0.0.1", "1")
    yield
    await client.replicaof("NO", "ONE")


@asynccontextmanager
async def without_replicas(_server: Valkey, client: Client) -> AsyncIterator[None]:
    await client.config_set("min-replicas-to-write", 1)
    yield
    await client.config_set("min-replicas-to-write", 0)


@asynccontextmanager
async def out_of_memory(_server: Valkey, client: Client) -> AsyncIterator[None]:
    await client.config_set("maxmemory", 1)
    yield
    await client.config_set("maxmemory", 0)


@asynccontextmanager
async def out_of_disk(server: Valkey, client: Client) -> AsyncIterator[None]:
    """A snapshot that cannot be put in its place, which makes Redis refuse writes (MISCONF)."""
    (server.data / "dump.rdb" / "in the way").mkdir(parents=True)
    await client.config_set("save", "3600 1000000")
    await client.bgsave()

    async def has_failed() -> bool:
        return (await client.info("persistence"))["rdb_last_bgsave_status"] == "err"

    await wait_until(has_failed)
    yield
    await client.config_set("save", "")


REFUSING: list[Fault] = [down, loading, read_only, without_replicas, out_of_memory, out_of_disk]
MUTE: list[Fault] = [hanging, silent, pausing, pausing_writes]


@pytest.fixture
async def server(own_server: Valkey) -> Valkey:
    await asyncio.to_thread(own_server.start)
    return own_server


@pytest.fixture
async def client(server: Valkey) -> AsyncIterator[Client]:
    client = connect(server.url, block_s=5)
    yield client
    await client.aclose()


@pytest.fixture
async def web(server: Valkey, client: Client, keys: Keys) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an api that has not seen its token yet; the site acme is there."""
    settings = Settings(redis_url=server.url, admin_token=TOKEN)
    await Store(client, keys, settings).create_site("acme", "Acme", Request("admin", "", "site", "site"))
    app = create_app(settings, io.StringIO())
    async with app.router.lifespan_context(app), client_of(app) as web:
        yield web


async def save(web: httpx2.AsyncClient) -> httpx2.Response:
    return await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True}, headers=KEY)


async def made(client: Client, keys: Keys) -> tuple[int, ...]:
    """How much of one publish there is: versions, publications, entries for builders; all in one look."""
    pipeline = client.pipeline(transaction=True)
    pipeline.hlen(keys.versions("acme", "spring"))
    pipeline.hlen(keys.publications("acme", "spring"))
    pipeline.xlen(keys.builds(0))
    return tuple(await pipeline.execute())


@pytest.mark.parametrize("fault", [*REFUSING, *MUTE], ids=lambda fault: fault.__name__)
async def test_a_publish_is_answered_in_time_and_done_once_or_not_at_all(
    server: Valkey, client: Client, web: httpx2.AsyncClient, keys: Keys, fault: Fault
) -> None:
    async with fault(server, client):
        began = time.monotonic()
        lost = await save(web)
        took_s = time.monotonic() - began
    between = await made(client, keys)
    again = await save(web)

    assert (lost.status_code, lost.headers["retry-after"]) == (503, "1")
    assert lost.json()["code"] == ("store-unavailable" if fault in REFUSING else "store-uncertain")
    assert took_s < PROMISED_S
    assert between in ({(0, 0, 0)} if fault in REFUSING else {(0, 0, 0), (1, 1, 1)})
    assert again.status_code == 201
    assert await made(client, keys) == (1, 1, 1)


@pytest.mark.parametrize("fault", [hanging], ids=lambda fault: fault.__name__)
async def test_many_callers_at_once_learn_it_in_time_too(
    server: Valkey, client: Client, web: httpx2.AsyncClient, fault: Fault
) -> None:
    """More of them than there are connections."""

    async def ask(number: int) -> float:
        began = time.monotonic()
        answer = await web.get(f"{PAGE}-{number}")
        assert answer.status_code == 503
        return time.monotonic() - began

    async with fault(server, client):
        took_s = await asyncio.gather(*(ask(number) for number in range(100)))
    afterwards = await asyncio.gather(*(web.get(f"{PAGE}-{number}") for number in range(100)))

    assert max(took_s) < PROMISED_S + 1  # the time of a hundred clients in this one process
    assert {answer.status_code for answer in afterwards} == {404}
    assert all(f"spring-{number}" in answer.text for number, answer in enumerate(afterwards))


async def test_a_slow_body_does_not_count(web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.api.endpoint.limited", lambda: limited(0.5))
    data = msgspec.json.encode({"config": CONFIG, "publish": True})

    async def slowly() -> AsyncIterator[bytes]:
        began = time.monotonic()
        yield data[:10]
        await wait_until(lambda: time.monotonic() - began > 0.8)
        yield data[10:]

    answer = await web.post(f"{PAGE}/versions", content=slowly(), headers={**KEY, "content-type": "application/json"})

    assert answer.status_code == 201
