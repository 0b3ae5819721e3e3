"""robots.txt, sitemap.xml and favicon.ico, and how little Redis has to do for them."""

import asyncio
import itertools
import re

import msgspec
import pytest

from services.server import wellknown
from services.server.asked import Asked
from services.server.hosts import Hosts
from services.server.wellknown import WellKnown
from shared.connection import Client
from shared.errors import StoreUnavailable
from shared.hostnames import HostnameStore
from shared.idempotency import Request
from shared.keys import Keys
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.server.conftest import TRACE, Own, Publisher, Site, StartServer
from tests.stores import Stores

pytestmark = pytest.mark.redis7

HOST = {"host": "www.acme.example"}


class Parts:
    """What is there beside the pages, with a clock that the test moves."""

    def __init__(self, stores: Stores, names: HostnameStore) -> None:
        self.now = 0.0
        self.hosts = Hosts(names)
        self.well_known = WellKnown(
            stores.published, stores.versions, self.hosts, "https://pages.example.com", lambda: self.now
        )

    async def find(self, path: str) -> tuple[int, str]:
        answer = await self.well_known.find("acme", path, Asked())
        assert answer is not None
        return answer.status, answer.body.decode()

    async def listed(self) -> list[str]:
        return re.findall("<loc>(.*?)</loc>", (await self.find("/sitemap.xml"))[1])


@pytest.fixture
async def parts(publisher: Publisher, client: Client, keys: Keys, stores: Stores) -> Parts:
    parts = Parts(stores, HostnameStore(client, keys, Settings()))
    await publisher.name("www.acme.example", "acme.example")
    await parts.hosts.load()
    return parts


@pytest.fixture
async def named(start_server: StartServer, publisher: Publisher) -> Site:
    """A server on which acme has a hostname."""
    await publisher.name("www.acme.example")
    return await start_server(public_url="https://pages.example.com")


async def test_robots_may_come_to_the_pages_and_are_told_where_they_are_listed(named: Site) -> None:
    own, shared = await named.http.get("/robots.txt", headers=HOST), await named.http.get("/robots.txt")

    assert own.text == "User-agent: *\nDisallow: /-/\nSitemap: https://www.acme.example/sitemap.xml\n"
    assert shared.text == "User-agent: *\nDisallow: /-/\n"
    for answer in (own, shared):
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=60"


async def test_a_sitemap_lists_what_is_live(named: Site, publisher: Publisher) -> None:
    for page in ("index", "spring", "404", "winter", "old"):
        await publisher.publish(b"x", page=page)
    await publisher.unpublish("winter")
    await publisher.move("old", "new")
    await publisher.save("draft")

    answer = await named.http.get("/sitemap.xml", headers=HOST)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert re.findall("<loc>(.*?)</loc>", answer.text) == [
        "https://www.acme.example/",
        "https://www.acme.example/new",
        "https://www.acme.example/spring",
    ]
    assert len(re.findall(r"<lastmod>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ</lastmod>", answer.text)) == 3
    known = await named.http.get("/sitemap.xml", headers={**HOST, "if-none-match": answer.headers["etag"]})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", answer.headers["etag"])
    dated = {**HOST, "if-modified-since": answer.headers["last-modified"]}
    assert (await named.http.get("/sitemap.xml", headers=dated)).status_code == 304
    head = await named.http.head("/sitemap.xml", headers=HOST)
    assert (head.content, head.headers["content-length"]) == (b"", answer.headers["content-length"])
    assert (await named.http.get("/sitemap.xml")).status_code == 404


async def test_a_crawler_cannot_make_redis_work(parts: Parts, publisher: Publisher, client: Client) -> None:
    await publisher.publish(b"x")
    await client.config_resetstat()

    await asyncio.gather(*(parts.listed() for _ in range(50)))

    assert await _calls(client, "zrangebylex") == 1
    await publisher.publish(b"x", page="more")
    parts.now = wellknown.KEEP_S - 1
    assert await parts.listed() == ["https://www.acme.example/spring"]
    parts.now = wellknown.KEEP_S + 1
    assert await parts.listed() == ["https://www.acme.example/more", "https://www.acme.example/spring"]
    assert await _calls(client, "zrangebylex") == 2


async def test_a_sitemap_is_read_in_pieces_and_ends_at_its_bound(
    parts: Parts, client: Client, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wellknown, "MOST_LISTED", 1_200)
    for first in range(0, 1_500, 500):
        pipeline = client.pipeline(transaction=False)
        for number in range(first, first + 500):
            pipeline.zadd(keys.pages("acme"), {f"p{number:05}": 0})
            pipeline.hset(keys.page("acme", f"p{number:05}"), mapping={"seq": 1, "version": 1, "built_at": 1})
        await pipeline.execute()

    listed = await parts.listed()

    assert listed == [f"https://www.acme.example/p{number:05}" for number in range(1_200)]


async def test_while_redis_is_away_an_old_sitemap_will_do(own: Own, keys: Keys, client: Client) -> None:
    parts = Parts(own.publisher.stores, HostnameStore(client, keys, Settings()))
    await own.publisher.publish(b"x")
    listed = await parts.listed()
    await asyncio.to_thread(own.valkey.kill)
    parts.now = 2 * wellknown.KEEP_S

    assert await parts.listed() == listed
    with pytest.raises(StoreUnavailable):
        await parts.find("/favicon.ico")


@pytest.mark.parametrize(
    ("config", "status", "location"),
    [
        ({"title": "A", "icon_url": "https://cdn.example/é.png"}, 302, "https://cdn.example/%C3%A9.png"),
        ({"title": "A", "icon_url": "/icon.svg"}, 302, "/icon.svg"),
        ({"title": "A"}, 204, None),
        (None, 204, None),
    ],
)
async def test_the_icon_is_the_home_pages(
    named: Site, publisher: Publisher, config: dict[str, str] | None, status: int, location: str | None
) -> None:
    if config is not None:
        request = Request("ada", TRACE, f"icon {next(_NUMBERS)}", "f")
        saved = await publisher.stores.publishing.save(
            "acme", "index", msgspec.json.encode(config), "", publish=True, request=request
        )
        assert saved.publication is not None
        await publisher.commit(b"home", saved.publication.seq, "index", "acme")

    async def is_known() -> bool:
        return (await named.http.get("/favicon.ico", headers=HOST)).status_code == status

    await wait_until(is_known)
    answer = await named.http.get("/favicon.ico", headers=HOST)
    assert answer.headers.get("location") == location
    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert (await named.http.get("/favicon.ico")).status_code == 204


_NUMBERS = itertools.count()


async def _calls(client: Client, command: str) -> int:
    return int((await client.info("commandstats")).get(f"cmdstat_{command}", {"calls": 0})["calls"])
