"""What every process answers about itself: is it alive, is it ready, what has it counted."""

from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shared.http import json_response
from shared.route import ReadRoute

Checks = Callable[[], Awaitable[dict[str, str]]]
Refresh = Callable[[], Awaitable[None]]


def health_routes(checks: Checks, registry: CollectorRegistry, refresh: Refresh | None = None) -> list[BaseRoute]:
    """`/-/healthz`, `/-/readyz` and `/-/metrics`.

    Args:
        checks: what must be well for the process to do its work: name -> "ok" or a sentence that says what is missing.
        registry: what it counts.
        refresh: looks up what is not counted here but in Redis, before it is told.
    """

    async def healthz(_request: Request) -> Response:
        return json_response({"alive": True})

    async def readyz(_request: Request) -> Response:
        found = await checks()
        is_ready = all(state == "ok" for state in found.values())
        return json_response({"ready": is_ready, "checks": found}, 200 if is_ready else 503)

    async def metrics(_request: Request) -> Response:
        if refresh is not None:
            await refresh()
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})

    return [ReadRoute("/-/healthz", healthz), ReadRoute("/-/readyz", readyz), ReadRoute("/-/metrics", metrics)]
