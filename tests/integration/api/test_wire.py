"""The api behind a real web server, spoken to byte by byte: what well-behaved clients never send."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from starlette.applications import Starlette

from shared.connection import Client
from shared.lifecycle import bind, serve
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.api.conftest import PAGE, TOKEN, V1, everything

Say = Callable[[bytes], Awaitable[tuple[int, dict[str, Any]]]]

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    """Where a uvicorn serves the api."""
    stop = asyncio.Event()

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        # The app's own lifespan is the fixture's; this one only has to be there.
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{word}.complete"})
            return
        await app(scope, receive, send)

    with contextlib.closing(bind("127.0.0.1", 0)) as bound:
        serving = asyncio.create_task(serve(bare, bound, stop, settings, lambda: None))
        yield bound.getsockname()[1]
        stop.set()
        await serving


@pytest.fixture
def say(port: int) -> Say:
    """Sends bytes on a fresh connection and gives back the status and the problem."""

    async def say_it(request: bytes) -> tuple[int, dict[str, Any]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        writer.close()
        return int(head.split()[1]), body

    return say_it


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [line, "Host: api.test", f"Authorization: Bearer {TOKEN}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "address",
    [
        f"{V1}/sites/..",
        f"{V1}/sites/../tokens",
        f"{V1}/sites/acme/pages/../versions",
        f"{V1}/sites/acme/pages/..%2F..%2Fmeta",
        f"{V1}/sites/acme/pages/%2e%2e",
        f"{V1}/sites/acme/pages/a%00b",
        f"{V1}/sites/%C0%AF",
        f"{V1}//sites",
        f"{V1}/sites%0A",
        f"{V1}/sites/acme%0a",
    ],
)
async def test_an_odd_address_is_refused_with_a_mend(say: Say, client: Client, address: str) -> None:
    before = await everything(client)

    status, problem = await say(request(f"GET {address} HTTP/1.1"))

    assert status in {404, 422}
    assert problem["errors"][0]["mend"]
    assert await everything(client) == before


async def test_bytes_that_are_no_utf8_are_refused(say: Say, client: Client) -> None:
    body = b'{"config":{"title":"\xc3\x28"}}'
    before = await everything(client)

    status, problem = await say(request(f"POST {PAGE}/versions HTTP/1.1", f"Content-Length: {len(body)}", body=body))

    assert (status, problem["code"]) == (400, "malformed")
    assert await everything(client) == before


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 413), ("platen_of-nobody", 401)])
async def test_a_caller_who_sends_all_before_reading_learns_why_it_is_refused(
    port: int, token: str, status: int
) -> None:
    # urllib closes after each request, and the reset that follows unread bytes would overtake the answer.
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    large = Request(f"http://127.0.0.1:{port}{PAGE}/versions", b" " * 6_000_000, headers)

    def send() -> int:
        try:
            return int(urlopen(large, timeout=20).status)  # noqa: S310 - our own address
        except HTTPError as refusal:
            refusal.close()
            return refusal.code

    for _ in range(5):
        assert await asyncio.to_thread(send) == status


async def test_whoever_waits_for_leave_to_send_is_refused_without_it(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(f"POST {PAGE}/versions HTTP/1.1", "Expect: 100-continue", "Content-Length: 5000000"))

    assert (await reader.readline()).startswith(b"HTTP/1.1 413")

    writer.close()


async def test_a_body_that_is_announced_too_large_is_not_waited_for_long(say: Say) -> None:
    status, problem = await say(request(f"POST {PAGE}/versions HTTP/1.1", "Content-Length: 5000000"))

    assert (status, problem["code"]) == (413, "too-large")


async def test_a_body_that_grows_too_large_is_cut_off(say: Say) -> None:
    chunk = b"%x\r\n" % 60_000 + b" " * 60_000 + b"\r\n"

    status, problem = await say(
        request(f"POST {PAGE}/versions HTTP/1.1", "Transfer-Encoding: chunked", body=chunk + chunk)
    )

    assert (status, problem["code"]) == (413, "too-large")


async def test_a_caller_who_offers_another_protocol_keeps_its_body(say: Say) -> None:
    body = b'{"config":{"title":"A"}}'
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")

    status, _ = await say(request(f"POST {PAGE}/versions HTTP/1.1", *offer, f"Content-Length: {len(body)}", body=body))

    assert status == 201


async def test_a_body_that_breaks_off_is_refused_at_once(say: Say, client: Client, port: int) -> None:
    before = await everything(client)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    writer.write(request(f"POST {PAGE}/versions HTTP/1.1", "Transfer-Encoding: chunked", body=b"5\r\n{"))
    await wait_until(_is_busy, what="the request to be taken")
    writer.write(b"1234zz\r\n")

    answered = await asyncio.wait_for(reader.read(), 5)
    assert [line for line in answered.split(b"\r\n") if line.startswith(b"HTTP/1.1")] == [b"HTTP/1.1 400 Bad Request"]
    await wait_until(lambda: not _is_busy(), what="the request to end")
    assert await everything(client) == before
    writer.close()


async def test_two_keys_are_refused(say: Say) -> None:
    body = b'{"config":{"title":"A"}}'
    keys = ("Idempotency-Key: a", "Idempotency-Key: b", f"Content-Length: {len(body)}")

    status, problem = await say(request(f"POST {PAGE}/versions HTTP/1.1", *keys, body=body))

    assert (status, problem["errors"][0]["parameter"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize(
    "header", ["Content-Type: application/json", "Authorization: Bearer platen_of-nobody"], ids=["type", "token"]
)
async def test_a_header_that_must_be_one_is_refused_twice(say: Say, header: str) -> None:
    body = b'{"config":{"title":"A"}}'
    lines = ("Content-Type: application/json", header, f"Content-Length: {len(body)}")

    status, problem = await say(request(f"POST {PAGE}/versions HTTP/1.1", *lines, body=body))

    assert (status, problem["errors"][0]["parameter"]) == (422, header.partition(":")[0])


@pytest.mark.parametrize("charset", ["UTF-8", '"utf-8"', "utf8"])
async def test_json_may_say_that_it_is_utf8(say: Say, charset: str) -> None:
    body = b'{"config":{"title":"A"}}'
    lines = (f"Content-Type: application/json; charset={charset}", f"Content-Length: {len(body)}")

    status, _ = await say(request(f"POST {PAGE}/versions HTTP/1.1", *lines, body=body))

    assert status == 201


async def test_a_caller_who_hangs_up_leaves_no_trace(
    port: int, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    before = await everything(client)
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(f"POST {PAGE}/versions HTTP/1.1", "Content-Length: 100", body=b'{"config"'))
    await writer.drain()
    await wait_until(_is_busy, what="the request to be taken")

    writer.close()

    await wait_until(lambda: not _is_busy(), what="the request to end")
    assert await everything(client) == before
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def _is_busy() -> bool:
    return any("RequestResponseCycle" in repr(task) for task in asyncio.all_tasks())
