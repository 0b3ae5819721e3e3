"""Redis has no room left, on its disk or in memory: publishing is refused cleanly, serving goes on, and all is well
again as soon as there is room, without hands.

A server that syncs always ends itself when it cannot write (`platen up` starts it again and again); one that does not
refuses with MISCONF, or with OOM where memory is short.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
import redis

from services.valkey import Valkey, wait_for
from shared.connection import connect
from tests.chaos.receipts import SITE, V1, Kept, Receipt, read_kept, receipt_of
from tests.chaos.shim import Shim
from tests.harness import TOKEN, Up, end_of

pytestmark = [pytest.mark.redis7, pytest.mark.timeout(120)]

PAGES = 5
# Servers report with each heartbeat, so a slow machine fills some of it with less publishes.
DISK_BYTES = 80_000
# Buffers of connections come and go with some 100 KB.
MEMORY_BYTES = 500_000


class Running(NamedTuple):
    """A Platen that publishes, and the page that its visitors look at.

    Attributes:
        up: the processes.
        web: a client of the api that never tries twice.
        page: address of a page that is live.
    """

    up: Up
    web: httpx2.Client
    page: str

    def publish(self, page: str, title: str) -> httpx2.Response:
        body = {"config": {"title": title}, "publish": True}
        return self.web.post(f"{V1}/sites/{SITE}/pages/{page}/versions", json=body)

    def kept(self) -> Kept:
        """What Redis has of the site."""
        return asyncio.run(_kept(self.up.redis_url))


async def _kept(url: str) -> Kept:
    client = connect(url)
    kept = await read_kept(client)
    await client.aclose()
    return kept


@contextmanager
def running(up: Up) -> Iterator[Running]:
    """Start it and make a page live."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    with up, httpx2.Client(base_url=up.url, headers=headers, trust_env=False, timeout=10) as web:
        web.post(f"{V1}/sites", json={"slug": SITE})
        it = Running(up, web, f"{up.url}/{SITE}/front")
        receipt = receipt_of(it.publish("front", "Front"), "front", "Front")
        assert end_of(up.api, SITE, "front", receipt.seq)["state"] == "live"
        # From its first visitor on the server holds it.
        assert httpx2.get(it.page, trust_env=False).status_code == 200
        yield it


@contextmanager
def visited(page: str) -> Iterator[list[int]]:
    """A visitor who asks for a page all the time; yields the statuses of the answers."""
    statuses: list[int] = []
    gone = threading.Event()

    def visit() -> None:
        with httpx2.Client(trust_env=False) as http:
            while not gone.is_set():
                statuses.append(http.get(page).status_code)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield statuses
    finally:
        gone.set()
        visitor.join()


def fill(it: Running) -> list[Receipt]:
    """Publish until there was no room for a good while; the receipts of what was accepted, on the brink as well."""
    receipts: list[Receipt] = []
    refused = 0
    while refused < 30:
        page, title = f"p{len(receipts) % PAGES}", f"Take {len(receipts)}"
        answer = it.publish(page, title)
        if answer.status_code == 201:
            receipts.append(receipt_of(answer, page, title))
        else:
            assert_refused(answer)
            refused += 1
    return receipts


def assert_refused(answer: httpx2.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["code"] in {"store-unavailable", "store-uncertain"}


def assert_well_again(it: Running, receipts: list[Receipt]) -> None:
    """Publishing works by itself, everything accepted is there and ends well, and nothing is there by halves."""
    assert wait_for(lambda: it.publish("front", "After").status_code == 201, 20)
    for receipt in receipts:
        assert end_of(it.up.api, SITE, receipt.page, receipt.seq)["state"] in {"live", "superseded"}
    newest = it.up.api.get(f"sites/{SITE}/pages/front")["wanted"]["seq"]
    assert end_of(it.up.api, SITE, "front", newest)["state"] == "live"
    assert wait_for(lambda: "After" in httpx2.get(it.page, trust_env=False).text, 5)

    kept = it.kept()
    assert all(kept.versions[receipt.page, receipt.version] == receipt.title for receipt in receipts)
    assert kept.work == []
    # The work is done, so the news stand in for it.
    assert kept._replace(work=kept.news).is_whole, kept


@pytest.fixture
def shim(tmp_path: Path) -> Shim:
    return Shim(tmp_path)


def test_a_full_disk_under_the_embedded_valkey_refuses_publishes_and_serves_pages(tmp_path: Path, shim: Shim) -> None:
    with running(Up(tmp_path / "data", **shim.environment)) as it, visited(it.page) as statuses:
        shim.set_room(DISK_BYTES)
        receipts = fill(it)
        shim.set_room(None)

        assert_well_again(it, receipts)
    assert len(receipts) > 3
    assert set(statuses) == {200}


def test_a_full_disk_under_a_redis_of_ones_own_refuses_publishes_and_serves_pages(
    own_server: Valkey, tmp_path: Path, shim: Shim
) -> None:
    own_server.appendfsync = "everysec"
    with shim.preloaded():
        own_server.start()
    with running(Up(tmp_path / "data", "--redis", own_server.url)) as it, visited(it.page) as statuses:
        shim.set_room(DISK_BYTES)
        receipts = fill(it)
        shim.set_room(None)

        assert_well_again(it, receipts)
    assert len(receipts) > 3
    assert set(statuses) == {200}


def test_a_full_memory_refuses_publishes_and_serves_pages(own_server: Valkey, tmp_path: Path) -> None:
    own_server.start()
    with ExitStack() as stack:
        it = stack.enter_context(running(Up(tmp_path / "data", "--redis", own_server.url)))
        client = stack.enter_context(redis.from_url(own_server.url))
        statuses = stack.enter_context(visited(it.page))
        client.config_set("maxmemory", client.info("memory")["used_memory"] + MEMORY_BYTES)
        receipts = fill(it)
        client.config_set("maxmemory", 0)

        assert_well_again(it, receipts)
    assert len(receipts) > 3
    assert set(statuses) == {200}
