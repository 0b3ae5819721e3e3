"""Addresses that are only read.

Starlette looks further where a route knows the address but not the method, and everything that nobody else knows is
the visitors'. So such a route takes its address for all methods, and refuses those that do not read.
"""

from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

READING = ("GET", "HEAD")


def check_reading(scope: Scope) -> None:
    """Raises: HTTPException 405, where a request would do more than read."""
    if scope["method"] not in READING:
        raise HTTPException(405, headers={"Allow": ", ".join(READING)})


class ReadRoute(Route):
    """A route for GET and HEAD that no other route is asked about."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL else match), child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        check_reading(scope)
        await super().handle(scope, receive, send)
