"""What a config is made of, for whoever builds a form for it."""

from typing import Any, Literal

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.endpoint import V1, Answer, Endpoint
from services.api.form import form_schema
from shared.config import Config
from shared.http import json_response

_SCHEMA = msgspec.json.encode(form_schema(Config))


class ConfigSchema(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON Schema (2020-12) whose fields also have a name for people (`title`) and a kind of control (`x-kind`).

    Attributes:
        dialect: which JSON Schema it is.
        properties: the fields of a config, in the order of a form.
        required: those that cannot be left out.
        definitions: what they are made of, by name.
    """

    dialect: str = msgspec.field(name="$schema")
    type: Literal["object"]
    title: str
    description: str
    properties: dict[str, Any]
    required: list[str]
    definitions: dict[str, Any] = msgspec.field(name="$defs")


async def show(_api: Api, _asked: Asked) -> Response:
    return json_response(msgspec.Raw(_SCHEMA))


ENDPOINTS = (
    Endpoint(
        "GET",
        f"{V1}/config-schema",
        "showConfigSchema",
        "See what a config is made of, for a form",
        show,
        Answer(
            200,
            ConfigSchema,
            "The JSON Schema of a config.",
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "title": "Config",
                "description": "One page.",
                "properties": {"title": {"title": "Title", "type": "string", "x-kind": "title"}},
                "required": ["title"],
                "$defs": {},
            },
        ),
        # Whoever has a role on any site may ask: it says nothing about any of them.
        checks_itself=True,
    ),
)
