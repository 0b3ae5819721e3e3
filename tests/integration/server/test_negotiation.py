"""Content codings and conditional requests over real HTTP, row by row."""

import gzip
from collections.abc import Callable
from typing import NamedTuple

import brotli
import pytest

from shared.codec import decompress
from shared.connection import Client
from shared.keys import Keys
from tests.conftest import wait_until
from tests.integration.server.conftest import Publisher, StartServer
from tests.integration.server.plain_http import Got, Lines, ask

PAGE = b"".join(b"<p>Spring offer %d: everything is %d%% off until Sunday.</p>" % (n, n % 90) for n in range(150))
SPRING = "/acme/spring"
DECODE: dict[str, Callable[[bytes], bytes]] = {
    "br": brotli.decompress,
    "zstd": decompress,
    "gzip": gzip.decompress,
    "identity": bytes,
}


class Served(NamedTuple):
    """Where a page is served.

    Attributes:
        url: origin.
        publisher: publishes more.
        etag: of the page, without quotes.
        modified: its Last-Modified.
    """

    url: str
    publisher: Publisher
    etag: str
    modified: str

    async def get(self, lines: Lines, path: str = SPRING, method: str = "GET") -> Got:
        return await ask(self.url, path, lines, method)


@pytest.fixture(params=["asgi", "fast"])
async def served(request: pytest.FixtureRequest, start_server: StartServer, publisher: Publisher) -> Served:
    """A server that serves one page, for each way in which a page may be answered."""
    await publisher.publish(PAGE)
    site = await start_server(fast_path=request.param == "fast")
    plain = await ask(site.url, SPRING)
    assert (plain.status, plain.body) == (200, PAGE)
    return Served(site.url, publisher, plain.headers["etag"].strip('"'), plain.headers["last-modified"])


# Accept-Encoding, one string per line, and the coding that is sent; "" for 406.
ACCEPT_ENCODING: list[tuple[list[str], str]] = [
    # Nothing is said, or nothing is wanted.
    ([], "identity"),
    ([""], "identity"),
    ([" "], "identity"),
    ([","], "identity"),
    (["identity"], "identity"),
    # One coding.
    (["br"], "br"),
    (["zstd"], "zstd"),
    (["gzip"], "gzip"),
    (["x-gzip"], "gzip"),
    (["GZIP"], "gzip"),
    (["Br"], "br"),
    (["deflate"], "identity"),
    (["compress, deflate, dcb"], "identity"),
    (["x-br"], "identity"),
    # Several: ours is the choice between equals.
    (["gzip, deflate"], "gzip"),
    (["gzip, deflate, br"], "br"),
    (["gzip, deflate, br, zstd"], "br"),
    (["gzip, zstd"], "zstd"),
    (["gzip,zstd,br;q=0.9"], "zstd"),
    (["gzip", "br"], "br"),
    (["deflate", "", "zstd"], "zstd"),
    (["identity, gzip"], "gzip"),
    # Weights.
    (["br;q=0.5, gzip"], "gzip"),
    (["br;q=0.5, gzip;q=0.5"], "br"),
    (["br;q=0.001, zstd;q=0.002"], "zstd"),
    (["gzip;q=1.000, br;q=0.999"], "gzip"),
    (["gzip;Q=0.4, br;Q=0.3"], "gzip"),
    (["gzip ; q=0.4 ,\tbr\t;\tq=0.5"], "br"),
    (["gzip;q=0.001"], "gzip"),
    (["gzip;q=1., br;q=0."], "gzip"),
    (["identity, br;q=0.5"], "identity"),
    (["identity;q=0.5, br;q=0.5"], "br"),
    (["identity;q=0.001, gzip;q=0.001"], "gzip"),
    # Zero forbids.
    (["gzip;q=0"], "identity"),
    (["gzip;q=0.000, br"], "br"),
    (["br;q=0, zstd;q=0, gzip"], "gzip"),
    (["gzip;q=0, gzip"], "identity"),
    (["gzip, x-gzip;q=0"], "identity"),
    (["br;q=0.9, br;q=0.1, gzip;q=0.5"], "gzip"),
    # Anything.
    (["*"], "br"),
    (["*;q=0.5"], "br"),
    (["*, br;q=0"], "zstd"),
    (["*;q=0.1, gzip;q=0.2"], "gzip"),
    (["*;q=0.5, gzip;q=0.2, br;q=0"], "zstd"),
    (["br, *;q=0"], "br"),
    (["gzip;q=0.1, *;q=0"], "gzip"),
    (["identity, *;q=0"], "identity"),
    # Nothing would do.
    (["identity;q=0"], ""),
    (["*;q=0"], ""),
    (["identity;q=0, deflate"], ""),
    (["br;q=0, zstd;q=0, gzip;q=0, identity;q=0"], ""),
    (["identity;q=0, *;q=0.000"], ""),
    # The page itself is refused, and something else would do.
    (["identity;q=0, gzip;q=0.1"], "gzip"),
    (["identity;q=0, *"], "br"),
    # What is no member does not count, and takes none of its neighbours with it.
    (["gzip;q=2, br;q=0.1"], "br"),
    (["br;q=-1, gzip"], "gzip"),
    (["br;q=0.1234, gzip"], "gzip"),
    (["br;q=1.001, gzip"], "gzip"),
    (["br;q=, gzip"], "gzip"),
    (["br;q, gzip"], "gzip"),
    (["br;level=5, gzip"], "gzip"),
    (["br;q=1;q=1, gzip"], "gzip"),
    (["br gzip"], "identity"),
    (["br/1, gzip"], "gzip"),
    (["b\xe9r, gzip"], "gzip"),
    ([";q=1, gzip"], "gzip"),
    ([",,, gzip ,,"], "gzip"),
    (["identity;q=zero, br;q=0"], "identity"),
    (['"br", gzip'], "gzip"),
    # More than anybody means: the page itself, which everybody can read.
    (["x, " * 1_000 + "br"], "identity"),
    (["br;q=0.5, " * 200], "identity"),
    (["a" * 3_000], "identity"),
]

# Accept-Encoding, what else the request says, and the status. {} is the page's hash, [] the date of the page.
CONDITIONAL: list[tuple[str, Lines, int]] = [
    ("", [("If-None-Match", '"{}"')], 304),
    ("", [("If-None-Match", 'W/"{}"')], 304),
    ("", [("If-None-Match", "*")], 304),
    ("", [("If-None-Match", '"a", W/"b" ,"{}"')], 304),
    ("", [("If-None-Match", '"a,b", "{}"')], 304),
    ("", [("If-None-Match", '"a"'), ("If-None-Match", '"{}"')], 304),
    ("", [("If-None-Match", '"a"')], 200),
    ("", [("If-None-Match", '"{}-')], 200),
    ("", [("If-None-Match", "{}")], 200),
    ("", [("If-None-Match", "")], 200),
    ("", [("If-None-Match", 'w/"{}"')], 200),
    ("", [("If-None-Match", '"{}", unquoted')], 304),
    # Only what would be sent counts: the same page in another coding has other bytes.
    ("br", [("If-None-Match", '"{}-br"')], 304),
    ("br", [("If-None-Match", 'W/"{}-br"')], 304),
    ("br", [("If-None-Match", "*")], 304),
    ("br", [("If-None-Match", '"{}"')], 200),
    ("br", [("If-None-Match", '"{}-gzip"')], 200),
    ("br", [("If-None-Match", '"{}-gzip", "{}-br"')], 304),
    ("br", [("If-None-Match", '"{}-gzip"'), ("If-None-Match", '"{}-br"')], 304),
    ("gzip", [("If-None-Match", '"{}-gzip"')], 304),
    ("gzip", [("If-None-Match", '"{}-br"')], 200),
    ("zstd", [("If-None-Match", '"{}-zstd"')], 304),
    ("gzip, br", [("If-None-Match", '"{}-gzip"')], 200),
    ("gzip, br", [("If-None-Match", '"{}-br"')], 304),
    ("", [("If-None-Match", '"{}-br"')], 200),
    # By date: the very one that we sent.
    ("", [("If-Modified-Since", "[]")], 304),
    ("br", [("If-Modified-Since", "[]")], 304),
    ("", [("If-Modified-Since", "Mon, 06 Nov 2023 08:49:37 GMT")], 200),
    ("", [("If-Modified-Since", "Wed, 06 Nov 2333 08:49:37 GMT")], 200),
    ("", [("If-Modified-Since", "yesterday")], 200),
    ("", [("If-Modified-Since", "")], 200),
    # A tag wins over a date.
    ("", [("If-None-Match", '"a"'), ("If-Modified-Since", "[]")], 200),
    ("br", [("If-None-Match", '"{}"'), ("If-Modified-Since", "[]")], 200),
    ("", [("If-None-Match", '"{}"'), ("If-Modified-Since", "yesterday")], 304),
    # What cannot be sent at all is not unchanged, either.
    ("identity;q=0", [("If-None-Match", "*")], 406),
    ("*;q=0", [("If-Modified-Since", "[]")], 406),
]


async def test_each_accept_encoding_gets_the_coding_it_likes_best(served: Served) -> None:
    found = [(lines, await _coding(served, lines)) for lines, _ in ACCEPT_ENCODING]

    assert found == ACCEPT_ENCODING


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_each_conditional_request_is_told_what_it_lacks(served: Served, method: str) -> None:
    found = [(codings, lines, await _status(served, method, codings, lines)) for codings, lines, _ in CONDITIONAL]

    assert found == CONDITIONAL


@pytest.mark.parametrize("path", [SPRING, "/-/v/acme/spring/1"])
@pytest.mark.parametrize("coding", DECODE)
async def test_every_coding_is_the_same_page_under_a_tag_of_its_own(served: Served, coding: str, path: str) -> None:
    lines = [("Accept-Encoding", coding)]

    got, head = await served.get(lines, path), await served.get(lines, path, "HEAD")
    known = await served.get([*lines, ("If-None-Match", got.headers["etag"])], path)

    assert DECODE[coding](got.body) == PAGE
    assert got.headers["etag"] == (f'"{served.etag}"' if coding == "identity" else f'"{served.etag}-{coding}"')
    assert got.headers.get("content-encoding", "identity") == coding
    assert int(got.headers["content-length"]) == len(got.body)
    assert (head.status, _undated(head), head.body) == (200, _undated(got), b"")
    assert (known.status, known.body) == (304, b"")
    about_the_body = {"content-type", "content-length", "content-encoding"}
    assert _undated(known) == {name: value for name, value in _undated(got).items() if name not in about_the_body}
    assert {"etag", "vary", "cache-control"} <= set(known.headers)
    if path == SPRING:
        assert {"cdn-cache-control", "surrogate-key", "cache-tag"} <= set(known.headers)
    assert known.headers["vary"] == "Accept-Encoding"


async def test_what_is_stored_is_what_is_sent(served: Served, client: Client, keys: Keys) -> None:
    got = await served.get([("Accept-Encoding", "zstd")])

    assert got.body == await client.hget(keys.page("acme", "spring"), "body")


async def test_no_coding_lengthens_a_page(served: Served) -> None:
    await served.publisher.publish(b"<p>hi</p>", page="short")

    for coding in ("br", "zstd", "gzip", "*", "gzip, identity;q=0.1"):
        got = await served.get([("Accept-Encoding", coding)], "/acme/short")
        assert (got.headers.get("content-encoding"), got.body) == (None, b"<p>hi</p>")
    # Where the page itself is refused, a few bytes more are better than none.
    got = await served.get([("Accept-Encoding", "gzip, identity;q=0")], "/acme/short")
    assert (got.status, gzip.decompress(got.body)) == (200, b"<p>hi</p>")


@pytest.mark.parametrize("path", [SPRING, "/-/v/acme/spring/1"])
async def test_who_takes_nothing_that_we_have_is_told_so_and_no_cache_keeps_it(served: Served, path: str) -> None:
    got = await served.get([("Accept-Encoding", "identity;q=0")], path)
    head = await served.get([("Accept-Encoding", "identity;q=0")], path, "HEAD")

    assert (got.status, got.headers["vary"], got.headers["cache-control"]) == (406, "Accept-Encoding", "no-store")
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert 0 < len(got.body) < 200
    assert (head.status, head.body, _undated(head)) == (406, b"", _undated(got))


async def test_notices_are_kept_by_nobody_and_sent_as_they_are(served: Served) -> None:
    await served.publisher.publish(PAGE, page="gone")
    await served.publisher.unpublish("gone")

    for path, status in (("/acme/nothing", 404), ("/acme/gone", 410)):
        for lines in ([("Accept-Encoding", "br, gzip")], [("If-None-Match", "*")]):
            got = await served.get(lines, path)
            assert (got.status, got.headers["cache-control"]) == (status, "no-store")
            assert not {"content-encoding", "etag", "last-modified"} & set(got.headers)
            assert b"<!doctype html>" in got.body


async def test_a_coding_never_outlives_its_page(served: Served) -> None:
    for coding in DECODE:
        await served.get([("Accept-Encoding", coding)])

    await served.publisher.publish(PAGE.replace(b"Sunday", b"Monday"))

    async def all_show_it() -> bool:
        got = [await served.get([("Accept-Encoding", coding)]) for coding in DECODE]
        return all(b"Monday" in DECODE[coding](one.body) for coding, one in zip(DECODE, got, strict=True))

    await wait_until(all_show_it)


async def _coding(served: Served, lines: list[str]) -> str:
    got = await served.get([("Accept-Encoding", line) for line in lines])
    assert got.headers["vary"] == "Accept-Encoding"
    if got.status == 406:
        return ""
    coding = got.headers.get("content-encoding", "identity")
    assert (got.status, DECODE[coding](got.body)) == (200, PAGE)
    return coding


async def _status(served: Served, method: str, codings: str, lines: Lines) -> int:
    filled = [(name, value.replace("{}", served.etag).replace("[]", served.modified)) for name, value in lines]
    got = await served.get([("Accept-Encoding", codings), *filled], method=method)
    assert bool(got.body) == (method == "GET" and got.status != 304)
    return got.status


def _undated(got: Got) -> dict[str, str]:
    return {name: value for name, value in got.headers.items() if name != "date"}
