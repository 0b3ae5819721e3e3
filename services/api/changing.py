"""What every change has in common: one more try where the answer was lost, and an answer that owns up to a replay."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.responses import Response

from shared.errors import StoreUnavailable, StoreUncertain
from shared.http import json_response

REPLAYED = "Idempotency-Replayed"

Outcome = TypeVar("Outcome")


async def once_more(change: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Make a change, and where the answer of Redis is lost, make it again, once.

    That is safe because the idempotency key travels into the script: what was done is recalled, not repeated.

    Args:
        change: the same change at each call.

    Raises:
        StoreUncertain: the second answer was lost, too, or the second call was refused: the first may have been done.
    """
    try:
        return await change()
    except StoreUncertain as lost:
        try:
            return await change()
        except StoreUnavailable as refused:
            raise lost from refused


def changed(value: Any, status: int, *, location: str | None, replayed: bool) -> Response:
    """Answer a change.

    Args:
        value: what it made.
        location: address of what it made, None where there is nothing to look at.
        replayed: an earlier request with the same key made it.
    """
    headers: dict[str, str] = {}
    if location is not None:
        headers["location"] = location
    if replayed:
        headers[REPLAYED] = "true"
    return json_response(value, status, headers)
