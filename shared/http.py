"""What every HTTP answer of Platen's own addresses has in common: JSON, bounded bodies, and problem documents.

A refusal is an RFC 9457 problem document that names the field by a JSON pointer and says how to mend it. The
mapping from our errors to statuses stands here and nowhere else.
"""

import asyncio
import logging
from collections.abc import AsyncIterable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from shared.errors import (
    BuildersUnavailable,
    Busy,
    Conflict,
    DraftChanged,
    Forbidden,
    IdempotencyMismatch,
    Invalid,
    InvalidParameter,
    Malformed,
    NotFound,
    PlatenError,
    PreconditionRequired,
    RenderFailed,
    StoreUncertain,
    TooLarge,
    TooMany,
    TooSlow,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from shared.values import encode_value

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
# Whoever reads what follows it may see what is there.
SHARED = "/-/shared/"

BODY_WITHIN_S = 30.0
_ENCODER = msgspec.json.Encoder(enc_hook=encode_value)
_COMMON_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
# Looked through from the top: a subclass stands above its parent.
_TITLES: dict[type[PlatenError], tuple[int, str]] = {
    Malformed: (400, "The body is not JSON"),
    UnsupportedMediaType: (415, "The body is of the wrong kind"),
    InvalidParameter: (422, "A part of the request is not right"),
    TooSlow: (408, "The body came too slowly"),
    Invalid: (422, "A field is not right"),
    TooLarge: (413, "The body is too large"),
    TooMany: (429, "Too often"),
    RenderFailed: (422, "The page cannot be rendered"),
    Unauthenticated: (401, "Not signed in"),
    Forbidden: (403, "Not allowed"),
    NotFound: (404, "Not found"),
    IdempotencyMismatch: (422, "The Idempotency-Key was used before"),
    Conflict: (409, "It clashes with what is there"),
    DraftChanged: (412, "Somebody else saved the draft"),
    PreconditionRequired: (428, "It must say what it is based on"),
    StoreUncertain: (503, "It is not known whether it was done"),
    Unavailable: (503, "Not available just now"),
}


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to mend.

    Attributes:
        detail: what is wrong.
        pointer: JSON pointer (RFC 6901) into the request's body, "" for the whole of it.
        mend: what to do about it.
        parameter: the header, query parameter or part of the address, where it is not the body.
    """

    detail: str
    pointer: str | None = None
    mend: str = ""
    parameter: str | None = None


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


def loggable(path: str) -> str:
    """A path as others may read it: without what opens a shared page, however it is escaped."""
    return f"{SHARED}…" if unquote(path).startswith(SHARED) else path


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON that no cache keeps.

    Args:
        value: anything msgspec encodes, our Structs and values included.
    """
    return Response(
        _ENCODER.encode(value), status, {**_COMMON_HEADERS, **(headers or {})}, media_type="application/json"
    )


def stream_json(chunks: AsyncIterable[bytes], headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON that is made while it is sent.

    Args:
        chunks: its parts. Where they end in an error the connection is cut, so that nobody takes a part for the whole.
    """
    return StreamingResponse(chunks, headers={**_COMMON_HEADERS, **(headers or {})}, media_type="application/json")


def problem_response(
    problem: Problem, headers: Mapping[str, str] | None = None, members: Mapping[str, Any] | None = None
) -> Response:
    """Answer with a problem document.

    Args:
        members: more of its members, by name.
    """
    return Response(
        _ENCODER.encode({**msgspec.to_builtins(problem), **members} if members else problem),
        problem.status,
        {**_COMMON_HEADERS, **(headers or {})},
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
    found = next((found for kind, found in _TITLES.items() if isinstance(error, kind)), None)
    if found is None:
        return await on_crash(request, error)
    (status, title), (detail, mend) = found, _words(error)
    if isinstance(error, Unavailable):
        log.warning("%s %s: %s", request.method, loggable(request.scope["path"]), error)
    pointer, parameter = getattr(error, "pointer", None), getattr(error, "parameter", None)
    errors = [FieldError(detail, pointer, mend, parameter)] if mend or pointer is not None else []
    problem = make_problem(status, error.code, title, detail, errors)
    return problem_response(problem, _headers(error), getattr(error, "members", None))


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's handler for its own refusals: no such address, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    # The path as it came: `request.url` would parse the Host header with it, which anybody may have garbled.
    path = loggable(request.scope["path"])
    code, detail, mend = {
        404: ("no-such-address", f"There is nothing at {path}.", "/-/api/openapi.json lists the addresses of the API"),
        405: (
            "method-not-allowed",
            f"{request.method} is not possible at {path}.",
            f"use {(error.headers or {}).get('Allow', 'another method')}",
        ),
    }.get(error.status_code, ("refused", error.detail, ""))
    errors = [FieldError(detail, mend=mend)] if mend else []
    return problem_response(make_problem(error.status_code, code, error.detail, detail, errors), error.headers)


async def on_crash(request: Request, error: Exception) -> Response:
    """Starlette's handler for a bug: the log has the traceback, the caller has none of it."""
    log.error("%s %s crashed", request.method, loggable(request.scope["path"]), exc_info=error)
    return problem_response(make_problem(500, "bug", "A fault of Platen's", "This is a bug; the log says more."))


HANDLERS: dict[Any, Any] = {PlatenError: on_refusal, HTTPException: on_http_exception, Exception: on_crash}


async def read_body(
    request: Request, most: int, within_s: float = BODY_WITHIN_S, setting: str = "PLATEN_MAX_BODY_BYTES"
) -> bytes:
    """Read a request's body, no more of it than allowed.

    Args:
        most: bound in bytes.
        within_s: bound of the time it may take.
        setting: what raises the bound.

    Raises:
        TooLarge: it is longer, by its header or in truth.
        TooSlow: it did not come in time.
        starlette.requests.ClientDisconnect: the caller went away.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > most):
        raise TooLarge(most, setting)
    try:
        async with asyncio.timeout(within_s):
            return await _collect(request, most, setting)
    except TimeoutError:
        raise TooSlow(f"The body did not come within {within_s:g} seconds.") from None


async def _collect(request: Request, most: int, setting: str) -> bytes:
    chunks, length = [], 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > most:
            raise TooLarge(most, setting)
        chunks.append(chunk)
    return b"".join(chunks)


def _words(error: PlatenError) -> tuple[str, str]:
    """What is wrong, and the mend."""
    if isinstance(error, StoreUncertain):
        return "The answer of Redis was lost.", "send the same request again with the same Idempotency-Key"
    if isinstance(error, Busy):
        return str(error), "try again in a moment"
    if isinstance(error, BuildersUnavailable):
        return error.detail, error.mend
    if isinstance(error, Unavailable):
        return "Redis is not available; nothing was changed.", "try again in a moment"
    if type(error) is Unauthenticated:
        return str(error), "sign in, or send the header `Authorization: Bearer <token>` with a token that is known"
    return getattr(error, "detail", "") or str(error), getattr(error, "mend", "")


def _headers(error: PlatenError) -> dict[str, str]:
    if isinstance(error, Unavailable):
        return {"retry-after": "1"}
    if isinstance(error, TooMany):
        return {"retry-after": str(error.retry_after_s)}
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": 'Bearer realm="platen"'}
    return {}
