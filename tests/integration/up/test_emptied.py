"""Redis is emptied under a running Platen: api, builder and server go on by themselves."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import redis

from services.client import TOKEN_FILE
from services.valkey import wait_for
from shared.keys import GROUP, META, Keys
from tests.harness import SPRING_SALE, TOKEN, Up, end_of, run_cli
from tests.integration.up.test_up import create_site, publish

pytestmark = [pytest.mark.timeout(120), pytest.mark.redis7]


class Visitor:
    """Asks for a page all the time, in a thread of its own, and keeps what it sees.

    Args:
        url: the page.
    """

    def __init__(self, url: str) -> None:
        self._url, self._stop = url, threading.Event()
        self.seen: set[tuple[int, str]] = set()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Visitor":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _ask(self) -> None:
        with httpx2.Client(trust_env=False) as http:
            while not self._stop.is_set():
                answer = http.get(self._url)
                self.seen.add((answer.status_code, answer.headers.get("x-platen-seq", "")))


@pytest.fixture
def emptied(redis_server: str) -> Iterator["redis.Redis[bytes]"]:
    with redis.from_url(redis_server) as client:
        client.flushall()
        yield client


def test_after_flushall_the_page_stays_and_the_next_publish_goes_on(
    tmp_path: Path, redis_server: str, emptied: "redis.Redis[bytes]"
) -> None:
    with Up(tmp_path / "data", "--redis", redis_server) as up:
        create_site(up)
        for title in ("One", "Two"):
            end_of(up.api, "acme", "spring", publish(up, "spring", title)["publication"]["seq"])
        builders = emptied.hkeys("platen:builders")

        with Visitor(f"{up.url}/acme/spring") as visitor:
            assert wait_for(lambda: bool(visitor.seen), 10)
            emptied.flushall()
            assert wait_for(lambda: emptied.hget(Keys().head("acme", "spring"), "live_seq") == b"2", 10)
            # Not the token as it is remembered for some seconds, but as a process would find it that never saw it.
            assert wait_for(lambda: emptied.exists("platen:tokens") == 1, 10)
            accepted = publish(up, "spring", "Three")
            assert (accepted["version"]["number"], accepted["publication"]["seq"]) == (3, 3)
            assert end_of(up.api, "acme", "spring", 3)["state"] == "live"
            page = httpx2.get(f"{up.url}/acme/spring", trust_env=False)

        assert "Three" in page.text
        assert visitor.seen <= {(200, "2"), (200, "3")}
        assert emptied.hget(META, "partitions") == b"1"
        # The builder that was there goes on: nobody had to start another.
        assert wait_for(lambda: emptied.hkeys("platen:builders") == builders, 10)
        assert emptied.xinfo_groups(Keys().builds(0))[0]["name"] == GROUP.encode()
        assert "Traceback" not in up.output


def test_the_token_that_was_made_and_kept_beside_the_data_works_again(
    tmp_path: Path, redis_server: str, emptied: "redis.Redis[bytes]"
) -> None:
    up = Up(tmp_path / "data", "--redis", redis_server)
    del up._settings["PLATEN_ADMIN_TOKEN"]
    with up:
        token = (up.data / TOKEN_FILE).read_text().strip()
        assert token != TOKEN
        emptied.flushall()
        assert wait_for(lambda: emptied.exists("platen:tokens") == 1, 10)

        done = run_cli("publish", str(SPRING_SALE), "--page", "acme/spring", "--watch", data=up.data)

    assert done.returncode == 0, done.stderr
