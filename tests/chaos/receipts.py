"""Publishers that keep what they were promised, and the check of those promises against what a server still has."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx2

from services.api.app import create_app
from shared.connection import Client
from shared.keys import Keys
from shared.settings import Settings

TOKEN = "token-of-the-tests-0123456789"
SITE = "acme"
V1 = "/-/api/v1"


class Receipt(NamedTuple):
    """One publish that was answered 201.

    Attributes:
        page: its page's slug.
        version: the number it was given.
        seq: its publication's.
        title: what was published.
    """

    page: str
    version: int
    seq: int
    title: str


class Kept(NamedTuple):
    """What a server has of the site.

    Attributes:
        versions: (page, number) -> title.
        publications: (page, seq, version), sorted.
        work: the same, of the entries that wait for a builder.
        news: the same, of the `config-published` events.
    """

    versions: dict[tuple[str, int], str]
    publications: list[tuple[str, int, int]]
    work: list[tuple[str, int, int]]
    news: list[tuple[str, int, int]]

    def has(self, receipt: Receipt) -> bool:
        """Whether the version that was promised is there, and the event that asks for its build."""
        event = (receipt.page, receipt.seq, receipt.version)
        return self.versions.get((receipt.page, receipt.version)) == receipt.title and event in self.work

    @property
    def is_whole(self) -> bool:
        """Whether of each publish there is everything or nothing. Means something while nothing was built."""
        published = sorted((page, version) for page, _, version in self.publications)
        return self.publications == self.work == self.news and sorted(self.versions) == published


@asynccontextmanager
async def open_api(redis_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an api on a Redis."""
    app = create_app(Settings(redis_url=redis_url, admin_token=TOKEN), io.StringIO())
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app),
            base_url="http://api.test",
            headers={"authorization": f"Bearer {TOKEN}"},
        ) as web,
    ):
        yield web


async def publish(web: httpx2.AsyncClient, page: str, title: str) -> httpx2.Response:
    """Save a version and publish it."""
    body = {"config": {"title": title}, "publish": True}
    return await web.post(f"{V1}/sites/{SITE}/pages/{page}/versions", json=body)


def receipt_of(answer: httpx2.Response, page: str, title: str) -> Receipt:
    """What an answer promises."""
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return Receipt(page, made["version"]["number"], made["publication"]["seq"], title)


async def publish_until_refused(web: httpx2.AsyncClient, page: str, receipts: list[Receipt]) -> None:
    """Publish one version after the other, and keep each receipt, until the api cannot."""
    while True:
        title = f"{page}, take {len(receipts)}"
        answer = await publish(web, page, title)
        if answer.status_code == 503:
            assert answer.headers["retry-after"] == "1"
            return
        receipts.append(receipt_of(answer, page, title))


async def read_kept(client: Client) -> Kept:
    """Read all that a server has of the site."""
    names = Keys()
    versions, publications = {}, []
    for slug in await client.zrange(names.pages(SITE), 0, -1):
        page = slug.decode()
        for number, json_ in (await client.hgetall(names.versions(SITE, page))).items():
            versions[page, int(number)] = json.loads(json_)["config"]["title"]
        for seq, json_ in (await client.hgetall(names.publications(SITE, page))).items():
            publications.append((page, int(seq), json.loads(json_)["version"]))
    waiting = [json.loads(member)["data"] for member in await client.zrange(names.lane(0).waiting, 0, -1)]
    work = _published([*await _data_of(client, names.builds(0)), *waiting])
    return Kept(versions, sorted(publications), work, _published(await _data_of(client, names.events(0))))


async def _data_of(client: Client, stream: str) -> list[bytes | str]:
    return [fields[b"data"] for _, fields in await client.xrange(stream)]


def _published(data: list[bytes | str]) -> list[tuple[str, int, int]]:
    events = [json.loads(text) for text in data]
    return sorted((e["page"], e["seq"], e["version"]) for e in events if e["type"] == "config-published")
