"""Asking the api until it is known what came of it: the same request again, under the same Idempotency-Key."""

import asyncio
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx2

from tests.chaos.cluster import Cluster
from tests.chaos.history import now
from tests.chaos.http import Client
from tests.harness import TOKEN

TRY_S = 5.0
# The outcome is not known or nothing was done: the same request is sent again. All else is an answer.
UNSETTLED = frozenset({0, 500, 502, 503, 504})


class Answer(NamedTuple):
    """What came of a request.

    Attributes:
        began, ended: from the first try to the answer that settled it.
        statuses: one per try; 0 where no answer came.
        body: of the answer, empty where it is a refusal.
    """

    began: float
    ended: float
    statuses: list[int]
    body: dict[str, Any]


class Asker:
    """A client of the api.

    Args:
        cluster: whose api.
        connections: how many at most.
    """

    def __init__(self, cluster: Cluster, connections: int) -> None:
        self._http = Client(
            base_url=f"{cluster.api.url}/-/api/v1/",
            headers={"authorization": f"Bearer {TOKEN}"},
            timeout=TRY_S,
            limits=httpx2.Limits(max_connections=connections),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def ask(self, method: str, path: str, key: str, body: dict[str, Any] | None = None) -> Answer:
        """Send a request until there is an answer that settles it."""
        began, (status, found) = now(), await self._try(method, path, key, body)
        statuses = [status]
        while statuses[-1] in UNSETTLED:
            await asyncio.sleep(min(0.5, 0.05 * 2 ** len(statuses)))
            status, found = await self._try(method, path, key, body)
            statuses.append(status)
        return Answer(began, now(), statuses, found)

    async def _try(self, method: str, path: str, key: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        try:
            answer = await self._http.request(method, path, json=body, headers={"idempotency-key": key})
        except httpx2.TransportError:
            return 0, {}
        return answer.status_code, answer.json() if answer.is_success else {}
