"""Ending what lets somebody in: the answer to it, and what one does to one's own sessions and API tokens."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed, once_more
from shared.idempotency import Request


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What was ended.

    Attributes:
        id: its id.
    """

    id: str


async def end_own(api: Api, asked: Asked, which: str, end: Callable[[str, str, Request], Awaitable[bool]]) -> Response:
    """End something of whoever asks.

    Args:
        which: its id.
        end: ends that of an account; says whether an earlier request with the same key did.
    """
    request = asked.change()
    is_replayed = await once_more(lambda: end(asked.principal.id, which, request))
    api.tokens.forget()
    return changed(Ended(id=which), 200, location=None, replayed=is_replayed)
