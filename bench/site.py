"""A site of pages, published by Platen, and as files: for peers to serve the very same bytes."""

import asyncio
import gzip
import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bench.latency import Pool
from bench.pages import short_config
from bench.running import Running

CODED = {"Accept-Encoding": "br, gzip"}
# Every server has its own of these.
_OWN = {"etag", "last-modified", "content-type", "content-length", "content-encoding", "date", "server", "connection"}


class Answer(NamedTuple):
    """An answer, as a client sees it.

    Attributes:
        headers: names in lower case.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value, "" where it is not there."""
        return next((value for found, value in self.headers if found == name), "")

    @property
    def head_bytes(self) -> int:
        return sum(len(name) + len(value) + 4 for name, value in self.headers)


def fetch(port: int, path: str, headers: Mapping[str, str]) -> Answer:
    """Ask a server of this machine, with these headers and Host and no others."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest("GET", path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        found = [(name.lower(), value) for name, value in answer.getheaders()]
        return Answer(answer.status, found, answer.read())
    finally:
        connection.close()


async def publish_pages(running: Running, count: int) -> None:
    """Publish /bench/p0, /bench/p1, … and wait until all of them are served."""
    pool = Pool(running.port)
    await pool.send("POST", "/-/api/v1/sites", b'{"slug":"bench","title":"Bench"}')
    for page in range(count):
        body = json.dumps({"config": short_config(page), "publish": True}).encode()
        status, answer = await pool.send("POST", f"/-/api/v1/sites/bench/pages/p{page}/versions", body)
        assert status == 201, answer
    for page in range(count):
        while (await pool.send("GET", f"/bench/p{page}"))[0] != 200:  # noqa: ASYNC110 - it is built elsewhere
            await asyncio.sleep(0.01)
    pool.close()


def write_site(folder: Path, port: int, pages: int) -> None:
    """Write what Platen serves into a folder: each page whole, compressed, and the headers they have in common.

    A page is compressed as Platen compresses it; where Platen sends it whole, by gzip as it comes.

    Args:
        folder: made anew.
        port: of a Platen with the pages /bench/p0, /bench/p1, …
        pages: how many.
    """
    (folder / "bench").mkdir(parents=True)
    for number in range(pages):
        _write_page(folder / "bench" / f"p{number}", port, f"/bench/p{number}")
    common = [(name, value) for name, value in fetch(port, "/bench/p0", {}).headers if name not in _OWN]
    (folder / "headers.json").write_text(json.dumps(common))


def _write_page(file: Path, port: int, path: str) -> None:
    whole = fetch(port, path, {})
    assert whole.status == 200, whole
    assert not whole.header("content-encoding"), whole
    file.write_bytes(whole.body)
    zipped = fetch(port, path, {"Accept-Encoding": "gzip"})
    is_zipped = zipped.header("content-encoding") == "gzip"
    file.with_suffix(".gz").write_bytes(zipped.body if is_zipped else gzip.compress(whole.body))
    coded = fetch(port, path, CODED)
    if coded.header("content-encoding") == "br":
        file.with_suffix(".br").write_bytes(coded.body)


def common_headers(folder: Path) -> list[tuple[str, str]]:
    """The headers that all pages of a folder have in common."""
    return [(name, value) for name, value in json.loads((folder / "headers.json").read_text())]
