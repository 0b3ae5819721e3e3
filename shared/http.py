"""What every HTTP answer of Platen's own addresses has in common: JSON, bounded bodies, and problem documents.

A refusal is an RFC 9457 problem document that names the field by a JSON pointer and says how to mend it. The
mapping from our errors to statuses stands here and nowhere else.
"""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import (
    Conflict,
    IdempotencyMismatch,
    Invalid,
    NotFound,
    PlatenError,
    StoreUncertain,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from shared.values import encode_value

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"

_ENCODER = msgspec.json.Encoder(enc_hook=encode_value)
_TITLES: dict[type[PlatenError], tuple[int, str]] = {
    Invalid: (422, "A field is not right"),
    TooLarge: (413, "The body is too large"),
    Unauthenticated: (401, "Not signed in"),
    NotFound: (404, "Not found"),
    IdempotencyMismatch: (422, "The Idempotency-Key was used before"),
    Conflict: (409, "It clashes with what is there"),
    StoreUncertain: (503, "It is not known whether it was done"),
    Unavailable: (503, "Not available just now"),
}


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to mend.

    Attributes:
        pointer: JSON pointer (RFC 6901) into the request's body, "" for the whole of it.
        detail: what is wrong.
        mend: what to do about it.
    """

    detail: str
    pointer: str | None = None
    mend: str = ""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An RFC 9457 problem document.

    Attributes:
        type: stable identifier of the kind of problem.
        title: its name for people.
        status: the HTTP status.
        detail: what went wrong this time.
        code: the last part of the type, for machines.
        errors: what to mend.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    errors: list[FieldError] = []


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON that no cache keeps.

    Args:
        value: anything msgspec encodes, our Structs and values included.
    """
    return Response(
        _ENCODER.encode(value), status, {"cache-control": "no-store", **(headers or {})}, media_type="application/json"
    )


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a problem document."""
    return Response(
        _ENCODER.encode(problem),
        problem.status,
        {"cache-control": "no-store", **(headers or {})},
        media_type=PROBLEM,
    )


def make_problem(status: int, code: str, title: str, detail: str, errors: list[FieldError] | None = None) -> Problem:
    """A problem document with its type derived from its code."""
    return Problem(
        type=f"urn:platen:problem:{code}", title=title, status=status, code=code, detail=detail, errors=errors or []
    )


async def on_refusal(request: Request, error: Exception) -> Response:
    """Starlette's handler for every PlatenError: the one place where an error becomes a status."""
    assert isinstance(error, PlatenError)  # noqa: S101 - registered for this class alone
    status, title = next((found for kind, found in _TITLES.items() if isinstance(error, kind)), (500, "It went wrong"))
    detail = getattr(error, "detail", "") or str(error)
    mend, pointer = getattr(error, "mend", ""), getattr(error, "pointer", None)
    headers: dict[str, str] = {}
    if isinstance(error, Unavailable):
        log.warning("%s %s: %s", request.method, request.url.path, error)
        detail, mend = _outage(error)
        headers["retry-after"] = "1"
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = 'Bearer realm="platen"'
    errors = [FieldError(detail, pointer, mend)] if mend or pointer is not None else []
    return problem_response(make_problem(status, error.code, title, detail, errors), headers)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's handler for its own refusals: no such address, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    code = {404: "no-such-address", 405: "method-not-allowed"}.get(error.status_code, "refused")
    detail = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not possible at {request.url.path}.",
    }.get(error.status_code, error.detail)
    return problem_response(make_problem(error.status_code, code, error.detail, detail), error.headers)


async def on_crash(request: Request, error: Exception) -> Response:
    """Starlette's handler for a bug: the log has the traceback, the caller has none of it."""
    log.error("%s %s crashed", request.method, request.url.path, exc_info=error)
    return problem_response(make_problem(500, "bug", "A fault of Platen's", "This is a bug; the log says more."))


HANDLERS: dict[Any, Any] = {PlatenError: on_refusal, HTTPException: on_http_exception, Exception: on_crash}


async def read_body(request: Request, most: int) -> bytes:
    """Read a request's body, no more of it than allowed.

    Args:
        most: bound in bytes.

    Raises:
        TooLarge: it is longer, by its header or in truth.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise TooLarge(most)
    chunks, length = [], 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > most:
            raise TooLarge(most)
        chunks.append(chunk)
    return b"".join(chunks)


def _outage(error: Unavailable) -> tuple[str, str]:
    if isinstance(error, StoreUncertain):
        return "The answer of Redis was lost.", "send the same request again with the same Idempotency-Key"
    return "Redis is not available; nothing was changed.", "try again in a moment"
