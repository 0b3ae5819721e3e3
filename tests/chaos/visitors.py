"""Visitors: they look at pages all the time, and put on record what they got."""

import asyncio
import contextlib
import random
from types import TracebackType
from typing import Any, Self

import httpx2

from tests.chaos.cluster import Cluster
from tests.chaos.history import History, Visit, now
from tests.chaos.http import Client
from tests.chaos.pace import Pace
from tests.chaos.pages import all_pages, pick, read_number
from tests.chaos.process import Process

VISITORS = 6
VISITS_PER_S = 60.0
# Longer than any process is stopped: that is slowness, not an error.
VISIT_S = 20.0


class Visitors:
    """All who look at pages.

    Args:
        cluster: whose servers.
        history: where visits go.
        seed: decides who looks at what.
    """

    def __init__(self, cluster: Cluster, history: History, seed: str) -> None:
        self._cluster, self._history, self._seed = cluster, history, seed
        self.pace = Pace(VISITS_PER_S)
        self._pages = all_pages()

    async def run(self) -> None:
        """Look at pages until the pace is over."""
        await asyncio.gather(*(self._look(random.Random(f"{self._seed} {n}")) for n in range(VISITORS)))

    async def _look(self, dice: random.Random) -> None:
        async with Connections() as connections:
            while await self.pace.next():
                server = dice.choice(self._cluster.servers)
                # One that does not answer yet is not asked again and again.
                if server.is_ready:
                    await visit(server, pick(self._pages, dice), connections, self._history)


class Connections:
    """Kept-alive connections to servers, one per start of a server."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, int], httpx2.AsyncClient] = {}

    def to(self, server: Process) -> httpx2.AsyncClient:
        """A client of this incarnation of a server."""
        key = (server.name, server.incarnation)
        if key not in self._clients:
            # Those of earlier incarnations are idle, and closed with all others at the end.
            self._clients[key] = Client(base_url=server.url, timeout=VISIT_S, trust_env=False)
        return self._clients[key]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            with contextlib.suppress(httpx2.TransportError):
                await client.aclose()


async def visit(server: Process, page: str, connections: Connections, history: History) -> Visit:
    """Look at one page once, and put it on record."""
    began, incarnation = now(), server.incarnation
    path = "/" + page.removesuffix("/index")
    found: dict[str, Any] = {}
    try:
        answer = await connections.to(server).get(path)
        found = {"status": answer.status_code}
        if answer.status_code == 200:
            found["seq"] = int(answer.headers.get("x-platen-seq", "0"))
            found["version"] = int(answer.headers.get("x-platen-version", "0"))
            found["number"] = read_number(answer.text)
    except httpx2.TransportError as error:
        found = {"fault": f"no answer: {type(error).__name__} {error}"}
    except ValueError as error:
        found["fault"] = f"not a whole page: {error}"
    seen = Visit(server=server.name, incarnation=incarnation, page=page, began=began, ended=now(), **found)
    history.add(seen)
    return seen
