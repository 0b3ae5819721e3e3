"""Servers: see which there are, how far each of them is, and what it holds."""

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.endpoint import V1, Answer, Endpoint
from shared.http import json_response
from shared.servers import ServerState, read_servers

EXAMPLE = {
    "server": "web1-4712-d4e5f6",
    "pid": 4712,
    "host": "web1",
    "state": "following",
    "pages": 1204,
    "page_bytes": 11534336,
    "streams": 17,
    "started_at": 1767225000000,
    "applied": {"0": "1767225600004-0"},
    "behind_ms": 0,
}


class ServerList(msgspec.Struct, frozen=True, kw_only=True):
    """The servers that are alive, by name.

    Attributes:
        items: the servers.
    """

    items: list[ServerState]


async def list_all(api: Api, _asked: Asked) -> Response:
    return json_response(ServerList(items=await read_servers(api.client, api.keys)))


ENDPOINTS = (
    Endpoint(
        "GET",
        f"{V1}/servers",
        "listServers",
        "List the servers that are alive, how far each of them is, and what it holds",
        list_all,
        Answer(200, ServerList, "Servers by name.", {"items": [EXAMPLE]}),
        needs="operate",
    ),
)
