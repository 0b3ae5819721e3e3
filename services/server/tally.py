"""Answers to visitors, counted, and every n-th of them logged, without anything that would tell who asked."""

import logging

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http import loggable

log = logging.getLogger(__name__)

# Ways an answer goes: beneath ASGI, or by the routes.
WIRE = "wire"
ASGI = "asgi"
STATUSES = 600


class Tally:
    """One per process.

    Args:
        log_every: 0 logs none.

    Attributes:
        by_way: how many answers, by way and then by status.
    """

    def __init__(self, log_every: int = 0) -> None:
        self.log_every = log_every
        self._unlogged = 0
        self.by_way = {way: [0] * STATUSES for way in (WIRE, ASGI)}

    @property
    def answers(self) -> dict[tuple[str, int], int]:
        """How many answers, by way and status, of those that there were."""
        return {
            (way, status): count for way, counts in self.by_way.items() for status, count in enumerate(counts) if count
        }

    def count(self, way: str, method: str, path: str, status: int) -> None:
        """Count an answer.

        Args:
            way: WIRE or ASGI.
            path: as it came, without the query: what is not printable is escaped there.
        """
        self.by_way[way][status] += 1
        if self.log_every:
            self.log(method, path, status)

    def log(self, method: str, path: str, status: int) -> None:
        """Log every n-th."""
        self._unlogged += 1
        if self._unlogged >= self.log_every:
            self._unlogged = 0
            log.info("%s %s %d", method, loggable(path), status)


class Counted:
    """ASGI app whose answers are counted.

    Args:
        app: answers visitors.
        tally: counts.
    """

    def __init__(self, app: ASGIApp, tally: Tally) -> None:
        self._app, self._tally = app, tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        def count(status: int) -> None:
            self._tally.count(ASGI, scope["method"], scope["raw_path"].decode("latin-1"), status)

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                count(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        except HTTPException as refusal:
            # The routes answer it.
            count(refusal.status_code)
            raise
