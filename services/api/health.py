"""Is the api alive, is it ready, and what has it counted."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.api.api import Api
from shared.connection import check_partitions
from shared.errors import Misconfigured, Unavailable
from shared.http import json_response


async def check_ready(api: Api) -> dict[str, str]:
    """What must be well for a publish to be accepted: name -> "ok" or a sentence.

    The check writes, so that a Redis that is read-only, full or loading counts as away.
    """
    try:
        await check_partitions(api.client, api.settings.partitions)
    except (Unavailable, Misconfigured) as error:
        return {"redis": str(error) or "Redis is away."}
    return {"redis": "ok"}


def health_routes(api: Api) -> list[BaseRoute]:
    """healthz, readyz and metrics of the api alone."""

    async def healthz(_request: Request) -> Response:
        return json_response({"alive": True})

    async def readyz(_request: Request) -> Response:
        checks = await check_ready(api)
        ready = all(state == "ok" for state in checks.values())
        return json_response({"ready": ready, "checks": checks}, 200 if ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(api.registry), headers={"content-type": CONTENT_TYPE_LATEST})

    return [Route("/-/healthz", healthz), Route("/-/readyz", readyz), Route("/-/metrics", metrics)]
