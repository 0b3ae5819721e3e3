"""Answers to visitors are counted, and some of them logged, whichever way they go."""

import logging

import pytest

from tests.harness import TOKEN
from tests.integration.server.conftest import Publisher, StartServer
from tests.integration.server.raw import connected, request


@pytest.mark.parametrize("is_fast", [True, False], ids=["wire", "asgi"])
async def test_answers_are_counted_by_status_and_way(
    start_server: StartServer, publisher: Publisher, is_fast: bool
) -> None:
    await publisher.publish(b"<p>Spring</p>")
    site = await start_server(fast_path=is_fast)

    for path, headers in [("/acme/spring", {}), ("/acme/spring", {}), ("/acme/spring", {"if-none-match": "*"})]:
        await site.http.get(path, headers=headers)
    await site.http.get("/acme/nothing")
    await site.http.post("/acme/spring")
    await site.http.get("/-/v/acme/spring/1")

    metrics = (await site.http.get("/-/metrics")).text.splitlines()
    counted = {line for line in metrics if line.startswith("platen_server_answers_total{")}
    # The first of a page is never beneath ASGI: it is not held yet.
    expected = {("200", "asgi"): 1, ("200", "wire"): 1, ("304", "wire"): 1, ("404", "asgi"): 1, ("405", "asgi"): 1}
    if not is_fast:
        expected = {("200", "asgi"): 2, ("304", "asgi"): 1, ("404", "asgi"): 1, ("405", "asgi"): 1}
    assert counted == {
        f'platen_server_answers_total{{status="{status}",way="{way}"}} {float(count)}'
        for (status, way), count in expected.items()
    }


@pytest.mark.parametrize("is_fast", [True, False], ids=["wire", "asgi"])
async def test_every_second_answer_is_logged_without_a_trace_of_who_asked(
    start_server: StartServer, publisher: Publisher, is_fast: bool, caplog: pytest.LogCaptureFixture
) -> None:
    await publisher.publish(b"<p>Spring</p>")
    site = await start_server(fast_path=is_fast, access_log_every=2)
    caplog.set_level(logging.DEBUG)
    secrets = [b"X-Forwarded-For: 192.0.2.7", b"Cookie: session=s3cret", b"Authorization: Bearer " + TOKEN.encode()]

    async with connected(site.port) as raw:
        for target in [b"/acme/spring", b"/acme/spring?mail=ada@example.com", b"/acme/spring%1b[2JFORGED?s3cret"] * 3:
            raw.send(request(target, *secrets))
            await raw.answer()

    lines = [record for record in caplog.records if record.name == "services.server.tally"]
    assert [record.getMessage() for record in lines] == [
        "GET /acme/spring 200",
        "GET /acme/spring 200",
        "GET /acme/spring%1b[2JFORGED 404",
        "GET /acme/spring 200",
    ]
    assert not any(
        secret in record.getMessage()
        for record in caplog.records
        for secret in ("s3cret", "example.com", "192.0.2.7", "127.0.0.1:", TOKEN)
        if record.name not in {"asyncio", "httpx2"}
    )


async def test_no_answer_is_logged_unless_it_is_asked_for(
    start_server: StartServer, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    await publisher.publish(b"<p>Spring</p>")
    site = await start_server()
    caplog.set_level(logging.DEBUG)

    for _ in range(3):
        await site.http.get("/acme/spring")

    assert not [
        record for record in caplog.records if "/acme/spring" in record.getMessage() and "services" in record.name
    ]
