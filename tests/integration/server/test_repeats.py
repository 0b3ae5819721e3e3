"""The same request over and over on one connection: whatever changes, the next answer knows."""

import errno
import os
import random
import socket
import time
import tracemalloc
from collections.abc import Callable
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from services.server import wire
from shared.connection import Client
from tests.conftest import wait_until
from tests.integration.server.conftest import Publisher, Site, StartServer
from tests.integration.server.raw import Raw, connected, narrow, other_end, request

OFTEN = 5
SPRING = b"/acme/spring"


async def ask(raw: Raw, target: bytes = SPRING, *lines: bytes, times: int = OFTEN) -> list[tuple[int, bytes]]:
    found = []
    for _ in range(times):
        raw.send(request(target, *lines))
        answer = await raw.answer()
        found.append((answer.status, answer.body))
    return found


@pytest.fixture
async def timeless(site: Site) -> Site:
    """A server that does not forget as time goes by: only what changes makes it."""
    _stop_time(site)
    return site


async def test_a_publish_is_seen_by_who_asks_all_the_time(timeless: Site, publisher: Publisher) -> None:
    async with connected(timeless.port) as raw:
        for number in range(1, 21):
            page = b"<p>Offer %d</p>" % number
            await publisher.publish(page)

            async def shows(page: bytes = page) -> bool:
                return (await ask(raw, times=1)) == [(200, page)]

            await wait_until(shows)
            assert await ask(raw) == [(200, page)] * OFTEN


async def test_an_unpublished_page_is_gone_for_who_asks_all_the_time(timeless: Site, publisher: Publisher) -> None:
    await publisher.publish(b"<p>Offer</p>")
    async with connected(timeless.port) as raw:
        assert await ask(raw) == [(200, b"<p>Offer</p>")] * OFTEN

        await publisher.unpublish("spring")

        async def is_gone() -> bool:
            return (await ask(raw, times=1))[0][0] == 410

        await wait_until(is_gone)
        assert {status for status, _ in await ask(raw)} == {410}


async def test_a_page_that_went_out_of_memory_is_not_remembered_as_it_was(
    start_server: StartServer, publisher: Publisher
) -> None:
    await publisher.publish(b"<p>Old</p>")
    await publisher.publish(b"<p>Other</p>", page="other")
    site = await start_server(page_memory_bytes=1_000)
    _stop_time(site)
    async with connected(site.port) as raw:
        assert await ask(raw) == [(200, b"<p>Old</p>")] * OFTEN
        assert await ask(raw, b"/acme/other") == [(200, b"<p>Other</p>")] * OFTEN

        await publisher.publish(b"<p>New</p>")

        async def shows() -> bool:
            return (await ask(raw, times=1)) == [(200, b"<p>New</p>")]

        await wait_until(shows)
        assert await ask(raw) == [(200, b"<p>New</p>")] * OFTEN


async def test_a_host_that_becomes_a_sites_shows_its_home(timeless: Site, publisher: Publisher) -> None:
    await publisher.publish(b"<p>Offer</p>")
    await publisher.publish(b"<p>Of the site</p>", page="acme")
    async with connected(timeless.port) as raw:
        assert {status for status, _ in await ask(raw, b"/acme/spring")} == {200}

        await publisher.name("pages.test")

        async def is_its_own() -> bool:
            return (await ask(raw, times=1))[0][0] != 200

        await wait_until(is_its_own)
        assert await ask(raw, b"/spring") == [(200, b"<p>Offer</p>")] * OFTEN


def large(seed: int) -> bytes:
    """A page that no socket takes at once."""
    return b"<p>" + random.Random(seed).randbytes(400_000).hex().encode() + b"</p>"


on_files = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="there are no files in memory here")


def _take_half(out: int, *rest: Any) -> int:
    if isinstance(rest[0], bytes):
        return os.write(out, rest[0][: len(rest[0]) // 2])
    file, at, length = rest
    return os.sendfile(out, file, at, length // 2)


def _refuse(*_: object) -> int:
    raise BlockingIOError(errno.EAGAIN, "the socket is full")


@on_files
@pytest.mark.parametrize("call", ["sendfile", "write"])
@pytest.mark.parametrize("send", [None, _take_half, _refuse], ids=["whole", "half", "nothing"])
async def test_whatever_the_kernel_takes_at_once_all_of_it_arrives(
    start_server: StartServer,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    send: Callable[..., int] | None,
) -> None:
    site = await start_server(fast_path=True, sendfile="on" if call == "sendfile" else "off")
    _stop_time(site)
    calls = []

    def send_and_count(*arguments: Any) -> int:
        calls.append(call)
        return (send or getattr(os, call))(*arguments)

    monkeypatch.setattr(wire, call, send_and_count)
    page = large(1)
    await publisher.publish(page)
    async with connected(site.port) as raw:
        assert await ask(raw) == [(200, page)] * OFTEN
    # First it is read from Redis, and then it is not known yet that it comes again, so it lies in no file.
    assert len(calls) == OFTEN - (2 if call == "sendfile" else 1)


async def test_what_is_on_its_way_stays_as_it_was_whatever_happens_meanwhile(site: Site, publisher: Publisher) -> None:
    first, second = large(1), large(2)
    await publisher.publish(first)
    async with narrow(site) as (raw, connection), connected(site.port) as other:
        # The kernel takes all of it, and the client reads nothing yet.
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, len(first))
        assert await ask(raw) == [(200, first)] * OFTEN
        raw.send(request(SPRING))
        await publisher.publish(second)
        dates = set()

        async def other_seconds_have_begun() -> bool:
            dates.add(site.server.clock.date)
            # Often enough to be sent from the file of each second.
            await ask(other, times=3)
            return len(dates) == 3

        await wait_until(other_seconds_have_begun)
        assert (await raw.answer()).body == first
        assert await ask(raw) == [(200, second)] * OFTEN


async def test_a_page_waits_once_however_many_read_it_slowly(timeless: Site, publisher: Publisher) -> None:
    page = large(1)
    await publisher.publish(page)
    async with connected(timeless.port) as raw, AsyncExitStack() as stack:
        await ask(raw)
        readers = [await stack.enter_async_context(narrow(timeless)) for _ in range(20)]
        tracemalloc.start()
        try:
            for reader, _ in readers:
                reader.send(request(SPRING))
            unsent = [connection.transport.get_write_buffer_size for _, connection in readers]
            await wait_until(lambda: all(size() for size in unsent), what="the readers to be behind")
            waits, (takes, _) = sum(size() for size in unsent), tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert waits > 10 * len(page)
    assert takes < 2 * len(page)


async def test_each_is_counted(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"<p>Offer</p>")
    async with connected(site.port) as raw:
        await ask(raw, times=1)
        before = (await site.http.get("/-/metrics")).text

        await ask(raw, times=50)

        after = (await site.http.get("/-/metrics")).text
    assert _hits(after) - _hits(before) == 50


async def test_the_date_goes_on(site: Site, publisher: Publisher) -> None:
    await publisher.publish(b"<p>Offer</p>")
    dates = set()
    async with connected(site.port) as raw:

        async def saw_three() -> bool:
            raw.send(request(SPRING))
            dates.add((await raw.answer()).headers[b"date"])
            return len(dates) == 3

        await wait_until(saw_three)
    seconds = sorted(parsedate_to_datetime(date.decode()).timestamp() for date in dates)
    assert seconds == [seconds[0], seconds[0] + 1, seconds[0] + 2]


@pytest.mark.parametrize("is_fast", [True, False], ids=["wire", "asgi"])
async def test_no_answer_is_older_than_its_page(start_server: StartServer, publisher: Publisher, is_fast: bool) -> None:
    site = await start_server(fast_path=is_fast)
    seconds = set()
    async with connected(site.port) as raw:

        async def saw_three() -> bool:
            page = await publisher.publish(b"<p>%d</p>" % len(seconds))
            raw.send(request(SPRING))
            headers = (await raw.answer()).headers
            date, modified = (parsedate_to_datetime(headers[name].decode()) for name in (b"date", b"last-modified"))
            assert modified <= date, page
            seconds.add(modified)
            return len(seconds) == 3

        await wait_until(saw_three)


async def test_an_answer_that_waited_is_as_old_as_what_it_waited_for(
    site: Site, publisher: Publisher, client: Client
) -> None:
    await publisher.publish(b"<p>Offer</p>")
    async with connected(site.port) as raw:
        await client.execute_command("CLIENT", "PAUSE", "300", "ALL")
        raw.send(request(SPRING))
        connection = await other_end(site, raw)
        await wait_until(lambda: connection.is_answering, what="the answer to be under way")
        # As a page does that was built just now.
        built_at = int(time.time() + 1)
        site.server.clock.reach(built_at * 1000)

        answer = await raw.answer()

    assert answer.body == b"<p>Offer</p>"
    assert parsedate_to_datetime(answer.headers[b"date"].decode()).timestamp() >= built_at


@pytest.mark.parametrize("is_fast", [True, False], ids=["wire", "asgi"])
async def test_a_date_never_goes_back(start_server: StartServer, publisher: Publisher, is_fast: bool) -> None:
    await publisher.publish(b"<p>Offer</p>")
    site, dates = await start_server(fast_path=is_fast), []
    began = time.monotonic()
    site.server.clock.reach(int(time.time() + 2) * 1000)
    async with connected(site.port) as raw:

        async def has_asked_for_longer_than_a_second() -> bool:
            raw.send(request(SPRING))
            dates.append(parsedate_to_datetime((await raw.answer()).headers[b"date"].decode()))
            return time.monotonic() - began > 1.2

        await wait_until(has_asked_for_longer_than_a_second)
    assert dates == sorted(dates)


def _stop_time(site: Site) -> None:
    for forget in (site.server._repeats.forget, site.server._messages.forget):
        site.server.clock._listeners.remove(forget)


def _hits(metrics: str) -> int:
    return sum(
        int(float(line.rpartition(" ")[2]))
        for line in metrics.splitlines()
        if line.startswith('platen_server_answers_total{status="200"')
    )
