"""HTTP/1.1 spoken byte by byte, on both ways: the routes are the oracle of what is answered beneath them."""

import asyncio
import itertools
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.connection import Client
from tests.conftest import wait_until
from tests.harness import TOKEN
from tests.integration.server.conftest import Publisher, Site, StartServer
from tests.integration.server.odd import odd_requests
from tests.integration.server.raw import PROBE, PROBED, connected, exchange, other_end, request, statuses
from tests.integration.server.ways import (
    GONE,
    HOME,
    LARGE,
    LARGE_PAGE,
    PAGE,
    PIECES,
    SPRING,
    Both,
    hold,
    post,
    publish,
    start_both,
)

AUTHORIZATION = f"Authorization: Bearer {TOKEN}".encode()
ODD = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def both(start_server: StartServer, publisher: Publisher) -> Both:
    return await start_both(start_server, publisher)


@pytest.fixture(params=[True, False], ids=["wire", "asgi"])
async def site(request: pytest.FixtureRequest, start_server: StartServer, publisher: Publisher) -> Site:
    """A server that holds the pages, for each way."""
    await publish(publisher)
    site = await start_server(fast_path=request.param)
    await hold(site)
    return site


# Requests, and the statuses of what is answered: the last 200 is the probe's, without it the connection was closed.
TABLE: dict[str, tuple[bytes, list[int]]] = {
    # Pages and what is none.
    "a page": (request(SPRING), [200, 200]),
    "a home page": (request(HOME), [200, 200]),
    "a page that is larger than a buffer": (request(LARGE), [200, 200]),
    "HEAD": (request(SPRING, method=b"HEAD"), [200, 200]),
    "HEAD of nothing": (request(b"/acme/nothing", method=b"HEAD"), [404, 200]),
    "HEAD of a page taken off": (request(GONE, method=b"HEAD"), [410, 200]),
    "a page taken off": (request(GONE), [410, 200]),
    "no page": (request(b"/acme/nothing"), [404, 200]),
    "no site": (request(b"/nobody"), [404, 200]),
    "the root": (request(b"/"), [404, 200]),
    "an address that cannot be": (request(b"/acme/no_slug"), [404, 200]),
    "an address in capitals": (request(b"/ACME/Spring"), [308, 200]),
    "three parts": (request(SPRING + b"/more"), [404, 200]),
    "a slash behind": (request(SPRING + b"/"), [308, 200]),
    "the home page's name": (request(b"/acme/index"), [308, 200]),
    "two slashes": (request(b"//acme/spring"), [404, 200]),
    "dots": (request(b"/acme/../acme/spring"), [404, 200]),
    "a query": (request(SPRING + b"?utm_source=mail&x=%20"), [200, 200]),
    "an empty query": (request(SPRING + b"?"), [200, 200]),
    "a query of odd characters": (request(SPRING + b"?a=[b]|{c}^`\"<d>\\"), [200, 200]),
    "two question marks": (request(SPRING + b"?a?b"), [200, 200]),
    "an escaped letter": (request(b"/acme/sprin%67"), [308, 200]),
    "an escaped slash": (request(b"/acme%2Fspring"), [404, 200]),
    "an escaped NUL": (request(SPRING + b"%00"), [404, 200]),
    "an escaped line end": (request(SPRING + b"%0d%0aX:%20y"), [404, 200]),
    "a half escape": (request(SPRING + b"%"), [404, 200]),
    "a fragment": (request(SPRING + b"#top"), [200, 200]),
    "a status stream's HEAD": (request(b"/-/events", AUTHORIZATION, method=b"HEAD"), [200, 200]),
    "no token": (request(b"/-/events"), [401, 200]),
    "a version": (request(b"/-/v/acme/spring/1"), [200, 200]),
    "no version": (request(b"/-/v/acme/spring/9"), [404, 200]),
    "an address of our own that is none": (request(b"/-/nothing"), [404, 200]),
    # Conditions and codings.
    "any tag": (request(SPRING, b"If-None-Match: *"), [304, 200]),
    "another tag": (request(SPRING, b'If-None-Match: "x"'), [200, 200]),
    "any tag of a page taken off": (request(GONE, b"If-None-Match: *"), [410, 200]),
    "any tag, HEAD": (request(SPRING, b"If-None-Match: *", method=b"HEAD"), [304, 200]),
    "since ever": (request(SPRING, b"If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT"), [200, 200]),
    "since when": (request(SPRING, b"If-Modified-Since: yesterday"), [200, 200]),
    "gzip": (request(SPRING, b"Accept-Encoding: gzip"), [200, 200]),
    "br and zstd": (request(SPRING, b"Accept-Encoding: br;q=0.5, zstd"), [200, 200]),
    "no coding at all": (request(SPRING, b"Accept-Encoding: *;q=0"), [406, 200]),
    "a range": (request(SPRING, b"Range: bytes=0-9"), [200, 200]),
    "if match": (request(SPRING, b'If-Match: "x"'), [200, 200]),
    # Other methods.
    "POST": (post(b"Content-Length: 0"), [405, 200]),
    "POST with a body": (post(b"Content-Length: 5", body=b"hello"), [405, 200]),
    "POST in chunks": (post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"), [405, 200]),
    "PUT": (request(SPRING, method=b"PUT"), [405, 200]),
    "DELETE": (request(SPRING, method=b"DELETE"), [405, 200]),
    "OPTIONS": (request(SPRING, method=b"OPTIONS"), [405, 200]),
    "OPTIONS *": (request(b"*", method=b"OPTIONS"), [404, 200]),
    "GET *": (request(b"*"), [404, 200]),
    "TRACE": (request(SPRING, method=b"TRACE"), [405, 200]),
    "a method in small letters": (request(SPRING, method=b"get"), [400]),
    "a method that nobody knows": (request(SPRING, method=b"BREW"), [400]),
    "a tunnel": (request(b"pages.test:443", method=b"CONNECT"), [400]),
    "a tunnel to a path": (request(SPRING, method=b"CONNECT"), [400]),
    # Bodies where none is expected.
    "GET with a body": (request(SPRING, b"Content-Length: 5") + b"hello", [200, 200]),
    "GET in chunks": (request(SPRING, b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n", [200, 200]),
    "GET with a body that is a request": (request(SPRING, b"Content-Length: %d" % len(PROBE)) + PROBE, [200, 200]),
    "GET that expects": (request(SPRING, b"Expect: 100-continue"), [200, 200]),
    "GET that expects more": (request(SPRING, b"Expect: the-unexpected"), [200, 200]),
    # Keeping and closing.
    "keep-alive": (request(SPRING, b"Connection: keep-alive"), [200, 200]),
    "close": (request(SPRING, b"Connection: close"), [200]),
    "close, in mixed case": (request(SPRING, b"Connection: cLoSe"), [200]),
    "close, in a list": (request(SPRING, b"Connection: te, Close", b"TE: trailers"), [200]),
    "close, in a second line": (request(SPRING, b"Connection: keep-alive", b"Connection: close"), [200]),
    "close, of nothing": (request(b"/acme/nothing", b"Connection: close"), [404]),
    "HTTP/1.0": (request(SPRING, version=b"HTTP/1.0"), [200]),
    "HTTP/1.0 that would stay": (request(SPRING, b"Connection: keep-alive", version=b"HTTP/1.0"), [200]),
    "HTTP/1.0 without a Host": (b"GET /acme/spring HTTP/1.0\r\n\r\n", [200]),
    "HTTP/1.0 in chunks": (
        request(SPRING, b"Transfer-Encoding: chunked", version=b"HTTP/1.0") + b"0\r\n\r\n", [400],
    ),
    "HTTP/1.2": (request(SPRING, version=b"HTTP/1.2"), [400]),
    "HTTP/2.0": (request(SPRING, version=b"HTTP/2.0"), [505]),
    "HTTP/0.9": (b"GET /acme/spring\r\n\r\n", [505]),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    "http in small letters": (request(SPRING, version=b"http/1.1"), [400]),
    # Other protocols are not for us, and their asking changes nothing.
    "websocket": (request(SPRING, b"Connection: Upgrade", b"Upgrade: websocket"), [200, 200]),
    "h2c": (
        request(SPRING, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAM"), [200, 200],
    ),
    "h2c with a body": (post(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 5", body=b"hello"), [405, 200]),
    "h2c with chunks": (
        post(b"Connection: Upgrade", b"Upgrade: h2c", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
        [405, 200],
    ),
    "h2c with a body that is a request": (
        post(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: %d" % len(PROBE), body=PROBE), [405, 200],
    ),
    "an upgrade nobody offers to": (request(SPRING, b"Upgrade: h2c"), [200, 200]),
    "an upgrade of HTTP/1.0": (
        request(SPRING, b"Connection: upgrade", b"Upgrade: h2c", version=b"HTTP/1.0"), [200],
    ),
    # Whom it is meant for.
    "a Host with a port": (b"GET /acme/spring HTTP/1.1\r\nHost: pages.test:8080\r\n\r\n", [200, 200]),
    "a Host with an empty port": (b"GET /acme/spring HTTP/1.1\r\nHost: pages.test:\r\n\r\n", [200, 200]),
    "an IPv6 Host": (b"GET /acme/spring HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", [200, 200]),
    "a Host with spaces around": (b"GET /acme/spring HTTP/1.1\r\nHost: \t pages.test \t\r\n\r\n", [200, 200]),
    "no Host": (b"GET /acme/spring HTTP/1.1\r\n\r\n", [400]),
    "no Host, but a header": (b"GET /acme/spring HTTP/1.1\r\nAccept: */*\r\n\r\n", [400]),
    "two Hosts": (request(SPRING, b"Host: pages.test"), [400]),
    "two Hosts over HTTP/1.0": (request(SPRING, b"Host: other.test", version=b"HTTP/1.0"), [400]),
    "an empty Host": (b"GET /acme/spring HTTP/1.1\r\nHost:\r\n\r\n", [400]),
    "a Host with a path": (b"GET /acme/spring HTTP/1.1\r\nHost: pages.test/x\r\n\r\n", [400]),
    "a Host with a user": (b"GET /acme/spring HTTP/1.1\r\nHost: me@pages.test\r\n\r\n", [400]),
    "a list of Hosts": (b"GET /acme/spring HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n", [400]),
    "a Host with a port that is none": (b"GET /acme/spring HTTP/1.1\r\nHost: pages.test:http\r\n\r\n", [400]),
    "a bare IPv6 Host": (b"GET /acme/spring HTTP/1.1\r\nHost: ::1\r\n\r\n", [400]),
    "a whole URL": (request(b"http://pages.test/acme/spring"), [200, 200]),
    "a whole URL, in capitals, with a port": (request(b"HTTP://Pages.Test:80/acme/spring"), [200, 200]),
    "a whole URL of another host": (request(b"http://other.test/acme/spring"), [400]),
    "a whole URL with a user": (request(b"http://me@pages.test/acme/spring"), [400]),
    "a whole URL without a host": (request(b"http:///acme/spring"), [400]),
    "a whole URL over HTTP/1.0": (request(b"http://pages.test/acme/spring", version=b"HTTP/1.0"), [200]),
    "a whole URL over HTTP/1.0, without a Host": (b"GET http://pages.test/acme/spring HTTP/1.0\r\n\r\n", [400]),
    "a URL in a query": (request(SPRING + b"?to=http://other.test/"), [200, 200]),
    "a name and a port": (request(b"pages.test:80"), [400]),
    # What two readers could read in two ways.
    "a length and a coding": (
        post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), [400],
    ),
    "a coding and a length": (
        post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"), [400],
    ),
    "two lengths": (post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello"), [400]),
    "the same length twice": (post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"), [400]),
    "a list of lengths": (post(b"Content-Length: 5, 5", body=b"hello"), [400]),
    "a signed length": (post(b"Content-Length: +5", body=b"hello"), [400]),
    "a length in hexadecimal": (post(b"Content-Length: 0x5", body=b"hello"), [400]),
    "no length": (post(b"Content-Length:", body=b"hello"), [400]),
    "another coding": (post(b"Transfer-Encoding: gzip", body=b"hello"), [400]),
    "another coding, then chunks": (post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), [400]),
    "chunks twice": (
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), [400],
    ),
    "nearly chunks": (post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), [400]),
    "chunks with a tab before them": (post(b"Transfer-Encoding:\tchunked", body=b"0\r\n\r\n"), [405, 200]),
    "a broken chunk of what is answered": (post(b"Transfer-Encoding: chunked", body=b"zz\r\nhello"), [400]),
    "a folded line": (request(SPRING, b"X-Folded: a", b" b"), [400]),
    "a folded first line": (b"GET /acme/spring HTTP/1.1\r\n Host: a.test\r\n\r\n", [400]),
    "a space before the colon": (b"GET /acme/spring HTTP/1.1\r\nHost : a.test\r\n\r\n", [400]),
    "a space in a name": (request(SPRING, b"X Y: z"), [400]),
    "no name": (request(SPRING, b": z"), [400]),
    "no colon": (request(SPRING, b"X"), [400]),
    "a name with brackets": (request(SPRING, b"X(y): z"), [400]),
    "a name that is not ASCII": (request(SPRING, "X-Größe: z".encode()), [400]),
    "a value that is not ASCII": (request(SPRING, "X-Size: größe".encode()), [200, 200]),
    "bare line feeds": (b"GET /acme/spring HTTP/1.1\nHost: a.test\n\n", [400]),
    "one bare line feed": (b"GET /acme/spring HTTP/1.1\r\nHost: a.test\n\r\n", [400]),
    "a bare line feed at the end": (b"GET /acme/spring HTTP/1.1\r\nHost: a.test\r\n\n", [400]),
    "a bare carriage return": (b"GET /acme/spring HTTP/1.1\r\nHost: a.test\rX: y\r\n\r\n", [400]),
    "a NUL": (request(SPRING, b"X: a\0b"), [400]),
    "a DEL": (request(SPRING, b"X: a\x7fb"), [400]),
    "a control character": (request(SPRING, b"X: a\x01b"), [400]),
    "an empty value": (request(SPRING, b"X-Empty:"), [200, 200]),
    "a target that is not ASCII": (request("/acme/frühling".encode()), [400]),
    "a space in the target": (request(b"/acme/spring offer"), [400]),
    "a tab in the target": (request(b"/acme/spring\toffer"), [400]),
    "a NUL in the target": (request(b"/acme/spring\0"), [400]),
    "a space behind the version": (request(SPRING, version=b"HTTP/1.1 "), [400]),
    "empty lines before it": (b"\r\n\r\n" + request(SPRING), [200, 200]),
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400]),
    # How much of it.
    "a target below the bound": (request(SPRING + b"?" + b"x" * 30_000), [200, 200]),
    "a target above the bound": (request(SPRING + b"?" + b"x" * 40_000), [414]),
    "a head below the bound": (request(SPRING, *[b"X-%d: %b" % (n, b"y" * 1_000) for n in range(32)]), [200, 200]),
    "100 headers": (request(SPRING, *[b"X-%d: y" % n for n in range(99)]), [200, 200]),
    "101 headers": (request(SPRING, *[b"X-%d: y" % n for n in range(100)]), [431]),
    "200 KB of headers": (request(SPRING, *[b"X-%d: %b" % (n, b"y" * 2_000) for n in range(100)]), [431]),
    "a header of 200 KB": (request(SPRING, b"X: " + b"y" * 200_000), [431]),
}  # fmt: skip


async def test_every_request_is_answered_alike_on_both_ways(both: Both) -> None:
    got = {name: statuses(await both.exchange(sent)) for name, (sent, _) in TABLE.items()}

    assert got == {name: expected for name, (_, expected) in TABLE.items()}


async def test_pages_are_answered_beneath_the_routes_where_they_may(both: Both) -> None:
    plain = [
        "a page",
        "a home page",
        "HEAD",
        "a page taken off",
        "any tag",
        "gzip",
        "a query",
        "keep-alive",
        "100 headers",
    ]

    for name in plain:
        await exchange(both.wire.port, [TABLE[name][0]])

    assert sum(count for (way, _), count in both.wire.server.tally.answers.items() if way == "wire") == len(plain)
    assert not any(way == "wire" for way, _ in both.asgi.server.tally.answers)


async def test_requests_in_a_row_are_answered_in_their_order(both: Both) -> None:
    for several in itertools.permutations(PIECES, 2):
        await both.exchange(b"".join(PIECES[name] for name in several))
    rng = random.Random(11)
    for _ in range(20):
        several = tuple(rng.choices(list(PIECES), k=12))
        answered = await both.exchange(b"".join(PIECES[name] for name in several))
        # What each is answered alone, one after the other.
        alone = [(await both.exchange(PIECES[name])).split(b"HTTP/1.1 ")[1] for name in several]
        assert answered.split(b"HTTP/1.1 ")[1:-1] == alone, several


async def test_a_page_that_is_not_held_keeps_its_place(site: Site, publisher: Publisher) -> None:
    for number in range(5):
        await publisher.publish(b"cold %d" % number, f"cold-{number}")

    async with connected(site.port) as raw:
        for number in range(5):
            raw.send(request(SPRING) + request(b"/acme/cold-%d" % number))
        bodies = [(await raw.answer()).body for _ in range(10)]

    assert bodies == [body for number in range(5) for body in (PAGE, b"cold %d" % number)]


async def test_a_page_that_is_held_does_not_overtake_one_that_is_waited_for(
    site: Site, publisher: Publisher, client: Client
) -> None:
    await publisher.publish(b"cold", "cold")

    async with connected(site.port) as raw:
        raw.send(request(SPRING))
        assert (await raw.answer()).body == PAGE
        await client.execute_command("CLIENT", "PAUSE", "500", "ALL")
        raw.send(request(b"/acme/cold"))
        connection = await other_end(site, raw)
        await wait_until(lambda: connection.is_answering, what="the answer to be under way")
        # A segment of its own, and the very words that are known.
        raw.send(request(SPRING))
        bodies = [(await raw.answer()).body for _ in range(2)]

    assert bodies == [b"cold", PAGE]


async def test_a_body_is_no_request_whatever_it_says(site: Site) -> None:
    async with connected(site.port) as raw:
        raw.send(request(SPRING))
        assert (await raw.answer()).body == PAGE
        raw.send(post(b"Content-Length: %d" % len(request(SPRING))))
        assert (await raw.answer()).status == 405
        # A segment of its own, and the very words that are known.
        raw.send(request(SPRING))
        connection = await other_end(site, raw)
        await wait_until(lambda: not connection._is_in_message, what="the body to be read")
        raw.send(PROBE)

        assert (await raw.answer()).body == PROBED


@pytest.mark.parametrize("target", [SPRING, b"/acme/nothing"], ids=["held", "missing"])
async def test_a_thousand_requests_in_one_go_are_all_answered(site: Site, target: bytes) -> None:
    async with connected(site.port) as raw:
        raw.send(request(target) * 1_000 + request(b"/-/healthz"))
        answers = [await raw.answer() for _ in range(1_001)]

    assert {(answer.status, answer.body) for answer in answers[:-1]} == {(answers[0].status, answers[0].body)}
    assert answers[-1].body == PROBED


async def test_a_thousand_requests_one_by_one_are_all_answered(site: Site) -> None:
    mix = [SPRING, b"/acme/nothing", HOME, b"/-/v/acme/spring/1"]

    async with connected(site.port) as raw:
        for number in range(1_000):
            raw.send(request(mix[number % 4]))
            assert (await raw.answer()).status == (404 if number % 4 == 1 else 200)


async def test_a_page_larger_than_the_buffer_leaves_its_connection_usable(site: Site) -> None:
    async with connected(site.port) as raw:
        for _ in range(20):
            raw.send(request(LARGE))
            assert (await raw.answer()).body == LARGE_PAGE
        # Behind a row for which reading was paused, too.
        for count in (20, 1, 20):
            raw.send(request(LARGE) * count)
            for _ in range(count):
                assert (await raw.answer()).body == LARGE_PAGE


async def test_a_head_may_be_cut_anywhere(both: Both) -> None:
    row = PIECES["held"] + PIECES["chunks"] + PIECES["head"] + PIECES["upgrade"] + PIECES["missing"]
    whole = await both.exchange(row)

    assert statuses(whole) == [200, 405, 200, 405, 404, 200]
    for at in range(1, len(row)):
        assert await both.exchange(row[:at], row[at:]) == whole, at
    assert await both.exchange(*[row[at : at + 1] for at in range(len(row))]) == whole


@ODD
@given(rows=st.lists(odd_requests(), min_size=1, max_size=3), cut=st.integers(0, 200))
async def test_whatever_is_sent_is_answered_alike_on_both_ways(both: Both, rows: list[bytes], cut: int) -> None:
    sent = b"".join(rows)

    await asyncio.wait_for(both.exchange(sent[:cut], sent[cut:]), 20)


async def test_a_client_that_hangs_up_behind_its_requests_gets_its_answers(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"cold", "cold")

    async with connected(site.port) as raw:
        raw.send(request(SPRING) + request(b"/acme/cold") + request(LARGE) + request(b"/acme/nothing"))
        raw.hang_up()
        answers = [await raw.answer() for _ in range(4)]
        assert await raw.rest() == b""

    assert [answer.status for answer in answers] == [200, 200, 200, 404]
    assert [answer.body for answer in answers[:3]] == [PAGE, b"cold", LARGE_PAGE]


async def test_a_trailer_is_no_header(site: Site) -> None:
    sent = request(b"/-/events", b"Transfer-Encoding: chunked")

    async with connected(site.port) as raw:
        raw.send(sent + b"0\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n\r\n" + PROBE)

        assert [(await raw.answer()).status, (await raw.answer()).body] == [401, PROBED]


async def test_what_is_answered_is_not_refused_once_its_body_turns_out_broken(site: Site) -> None:
    async with connected(site.port) as raw:
        raw.send(post(b"Transfer-Encoding: chunked"))
        assert (await raw.answer()).status == 405

        raw.send(b"zz\r\n")

        assert await raw.rest() == b""


async def test_a_refusal_waits_until_what_came_before_is_answered(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"cold", "cold")

    async with connected(site.port) as raw:
        raw.send(request(SPRING) + request(b"/acme/cold") + post(b"Transfer-Encoding: chunked") + b"zz\r\n" + PROBE)
        answers = [await raw.answer() for _ in range(3)]
        assert await raw.rest() == b""

    assert [answer.status for answer in answers] == [200, 200, 400]
    assert answers[2].headers[b"connection"] == b"close"


async def test_a_refusal_is_read_by_a_client_that_goes_on_sending(site: Site) -> None:
    async with connected(site.port) as raw:
        raw.send(b"GET /acme/spring HTTP/1.1\r\nHost: a.test\r\n")
        for number in range(400):
            raw.send(b"X-%d: %b\r\n" % (number, b"y" * 4_000))
            await raw.writer.drain()
        answer = await raw.answer()
        assert await raw.rest() == b""

    assert answer.status == 431


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
async def test_the_last_answer_is_read_by_a_client_that_goes_on_sending(site: Site, version: bytes) -> None:
    lines = b"Connection: close", b"Content-Length: 4000000"

    async with connected(site.port) as raw:
        raw.send(request(SPRING, *lines, method=b"POST", version=version))
        for _ in range(40):
            raw.send(b"y" * 100_000)
            await raw.writer.drain()
        answer = await raw.answer()
        assert await raw.rest() == b""

    assert (answer.status, answer.headers[b"connection"]) == (405, b"close")


async def test_what_comes_behind_the_last_request_is_not_answered(both: Both) -> None:
    last = request(LARGE, b"Connection: close")

    for behind in (PIECES["held"] * 3, PIECES["chunks"], b"no HTTP\r\n\r\n", request(SPRING)[:-2]):
        answered = await both.exchange(PIECES["held"] + PIECES["missing"] + last + behind)
        assert statuses(answered) == [200, 404, 200]
        assert answered.endswith(LARGE_PAGE)


async def test_callers_mistakes_are_not_logged(both: Both, caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    for sent, _ in TABLE.values():
        await both.exchange(sent)

    assert [record.message for record in caplog.records if record.name != "httpx2"] == []
