"""Bodies are bounded, in bytes and in time; and no error of ours tells more than it should."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from starlette.requests import ClientDisconnect, Request

from shared.errors import Malformed, Misconfigured, TooLarge, TooSlow
from shared.http import on_crash, on_refusal, read_body

Receive = Callable[[], Awaitable[dict[str, Any]]]


def request(receive: Receive, content_length: str | None = None) -> Request:
    headers = [] if content_length is None else [(b"content-length", content_length.encode("latin-1"))]
    return Request({"type": "http", "method": "POST", "path": "/x", "headers": headers}, receive)


def chunks(*parts: bytes) -> Receive:
    waiting = list(parts)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    return receive


async def never() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def gone() -> dict[str, Any]:
    return {"type": "http.disconnect"}


async def test_a_body_of_many_parts_is_put_together() -> None:
    assert await read_body(request(chunks(b"a", b"", b"bc")), 3) == b"abc"


async def test_a_body_larger_than_allowed_is_refused_though_it_announced_less() -> None:
    with pytest.raises(TooLarge, match="3 bytes"):
        await read_body(request(chunks(b"ab", b"cd", b"never read"), "3"), 3)


@pytest.mark.parametrize("announced", ["4", "9" * 5000])
async def test_a_body_announced_too_large_is_not_read(announced: str) -> None:
    with pytest.raises(TooLarge):
        await read_body(request(never, announced), 3)


@pytest.mark.parametrize("announced", ["²", "-1", "x", ""])
async def test_a_length_that_is_no_number_is_passed_over(announced: str) -> None:
    assert await read_body(request(chunks(b"abc"), announced), 3) == b"abc"


async def test_a_body_that_never_ends_is_not_waited_for() -> None:
    with pytest.raises(TooSlow, match=r"0\.01 seconds"):
        await read_body(request(never), 3, within_s=0.01)


async def test_a_caller_who_hangs_up_is_told_apart() -> None:
    with pytest.raises(ClientDisconnect):
        await read_body(request(gone), 3)


@pytest.mark.parametrize(("error", "status"), [(TooSlow("late"), 408), (Malformed("bad", mend="send JSON"), 400)])
async def test_a_subclass_has_a_status_of_its_own(error: Exception, status: int) -> None:
    answer = await on_refusal(request(never), error)

    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_body_that_is_too_large_is_to_blame_as_a_whole() -> None:
    answer = await on_refusal(request(never), TooLarge(3))

    assert msgspec.json.decode(answer.body)["errors"][0]["pointer"] == ""


@pytest.mark.parametrize("handler", [on_crash, on_refusal])
async def test_a_fault_of_ours_is_in_the_log_and_not_in_the_answer(
    handler: Callable[[Request, Exception], Awaitable[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    answer = await handler(request(never), Misconfigured("secret-of-redis"))

    assert answer.status_code == 500
    assert b"secret" not in answer.body
    assert msgspec.json.decode(answer.body)["code"] == "bug"
    assert "secret-of-redis" in caplog.text
