"""Builders: see what they do, and tell them to take nothing new."""

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed
from services.api.endpoint import V1, Answer, Endpoint
from shared.builders import Doing, read_builders, set_quiet, unset_quiet
from shared.errors import NotFound
from shared.http import json_response
from shared.keys import EVERY_BUILDER

BUILDERS = f"{V1}/builders"

EXAMPLE = {
    "builder": "web1-4711-a1b2c3",
    "pid": 4711,
    "host": "web1",
    "state": "building",
    "built": 1204,
    "failed": 1,
    "batch": 32,
}


class BuilderList(msgspec.Struct, frozen=True, kw_only=True):
    """The builders that are alive, by name.

    Attributes:
        items: the builders.
    """

    items: list[Doing]


async def list_all(api: Api, _asked: Asked) -> Response:
    return json_response(BuilderList(items=await read_builders(api.client)))


async def quiet(api: Api, asked: Asked) -> Response:
    chosen, actor = await _chosen(api, asked), asked.principal.name
    await set_quiet(api.client, asked.builder, actor)
    return changed(chosen, 202, location=None, replayed=False)


async def resume(api: Api, asked: Asked) -> Response:
    chosen = await _chosen(api, asked)
    await unset_quiet(api.client, asked.builder)
    return changed(chosen, 202, location=None, replayed=False)


async def _chosen(api: Api, asked: Asked) -> BuilderList:
    everyone, name = await read_builders(api.client), asked.builder
    chosen = [doing for doing in everyone if name in {doing.builder, EVERY_BUILDER}]
    if not chosen and name != EVERY_BUILDER:
        raise NotFound("builder", name, "list them with GET /-/api/v1/builders")
    return BuilderList(items=chosen)


ENDPOINTS = (
    Endpoint(
        "GET",
        BUILDERS,
        "listBuilders",
        "List the builders that are alive, and what they do",
        list_all,
        Answer(200, BuilderList, "Builders by name.", {"items": [EXAMPLE]}),
        needs="operate",
    ),
    Endpoint(
        "POST",
        f"{BUILDERS}/{{builder}}/quiet",
        "quietBuilder",
        "Tell a builder, or all, to take nothing new; with its next heartbeat it finishes what it has and waits",
        quiet,
        Answer(202, BuilderList, "Told. The builders concerned, as they were.", {"items": [EXAMPLE]}),
        problems=[404],
        needs="operate",
    ),
    Endpoint(
        "DELETE",
        f"{BUILDERS}/{{builder}}/quiet",
        "resumeBuilder",
        "Let a builder, or all, go on",
        resume,
        Answer(202, BuilderList, "Told. The builders concerned, as they were.", {"items": [EXAMPLE]}),
        problems=[404],
        needs="operate",
    ),
)
