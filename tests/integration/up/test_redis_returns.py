"""Redis goes and returns: api, builders and server are back by themselves."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx2
import pytest
import redis

from services.valkey import Valkey, wait_for
from tests.harness import TOKEN, Up, end_of

pytestmark = pytest.mark.timeout(120)

VERSIONS = "/-/api/v1/sites/acme/pages/spring/versions"
WITHIN_S = 2.0


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path / "own")
    valkey.start()
    yield valkey
    valkey.kill()


@pytest.fixture
def up(tmp_path: Path, valkey: Valkey) -> Iterator[Up]:
    with Up(tmp_path / "data", "--redis", valkey.url) as running:
        running.api.change("POST", "sites", {"slug": "acme", "title": "Acme"})
        yield running


@contextmanager
def killed(valkey: Valkey) -> Iterator[None]:
    valkey.kill()
    yield
    valkey.start()


@contextmanager
def stopped(valkey: Valkey) -> Iterator[None]:
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(valkey.pid, signal.SIGCONT)


@contextmanager
def a_replica_of_nowhere(valkey: Valkey) -> Iterator[None]:
    with redis.from_url(valkey.url) as client:
        client.execute_command("REPLICAOF", "127.0.0.1", 1)
        yield
        client.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def paused(valkey: Valkey) -> Iterator[None]:
    with redis.from_url(valkey.url) as client:
        client.client_pause(5_000)
        yield
        client.ping()


def publish(web: httpx2.Client, title: str) -> httpx2.Response:
    config = {"title": title, "widgets": [{"type": "text", "body": title}]}
    return web.post(VERSIONS, json={"config": config, "publish": True}, headers={"idempotency-key": title})


@pytest.mark.parametrize("going", [killed, stopped, a_replica_of_nowhere, paused])
def test_redis_goes_and_returns(
    up: Up, valkey: Valkey, going: Callable[[Valkey], AbstractContextManager[None]]
) -> None:
    with httpx2.Client(
        base_url=up.url, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=30
    ) as web:
        first = publish(web, "Before")
        assert end_of(up.api, "acme", "spring", first.json()["publication"]["seq"])["state"] == "live"
        assert wait_for(lambda: "Before" in web.get("/acme/spring").text, 10)

        with going(valkey):
            began = time.monotonic()
            refused = publish(web, "After")
            took_s = time.monotonic() - began
            away = web.get("/-/readyz")
            held = web.get("/acme/spring")
        again = publish(web, "After")

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert took_s < WITHIN_S
        assert away.status_code == 503
        assert away.json()["checks"]["redis"] != "ok"
        assert (held.status_code, "Before" in held.text) == (200, True)
        assert (again.status_code, again.json()["version"]["number"]) == (201, 2)
        assert end_of(up.api, "acme", "spring", 2)["state"] == "live"
        assert wait_for(lambda: "After" in web.get("/acme/spring").text, 10)
        assert wait_for(lambda: up.ready, 10)
