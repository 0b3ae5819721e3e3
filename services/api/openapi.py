"""The OpenAPI 3.1 document, made from the same records as the routes and the same Structs as the decoders."""

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import DEFAULT_LIMIT, IDEMPOTENCY_KEY, LONGEST_CURSOR, MOST_LIMIT, Asked
from services.api.changing import REPLAYED
from services.api.endpoint import Answer, Endpoint
from services.api.outline import ABOUT, EXAMPLES, TAGS
from services.api.schemas import Schema, Schemas
from shared.config import SLUG_PATTERN
from shared.credentials import COOKIE
from shared.dead_letters import LETTER_PATTERN
from shared.http import PROBLEM, Problem, json_response

PATH = "/-/api/openapi.json"

_INTRODUCTION = (
    "Save a config as a version of a page, publish it, and see how it went. A publish is answered as soon as it is "
    "safe, with a publication whose state then goes from queued over building to live; its `served` says on how many "
    "servers it is. Errors are problem documents (RFC 9457) that name each field by a JSON pointer and say how to mend "
    "it."
)
_PROBLEMS: Mapping[int, tuple[str, str]] = {
    400: ("Malformed", "The body is not JSON."),
    401: ("Unauthenticated", "No token and no session, or one that is not known."),
    403: (
        "Forbidden",
        "Whoever asks may not do this, and the problem says which role can; or a change by session does not come from "
        "a page of Platen's own.",
    ),
    404: ("NotFound", "The site, page, version or publication does not exist."),
    405: ("MethodNotAllowed", "The address has no such method; the header Allow lists those that it has."),
    408: ("TooSlow", "The body did not come in time."),
    409: ("Conflict", "It clashes with what is there."),
    428: ("PreconditionRequired", "The header If-Match is missing, so this could undo another's work unseen."),
    413: ("TooLarge", "The body is larger than is taken."),
    415: ("UnsupportedMediaType", "The body is not sent as JSON."),
    429: ("TooMany", "Too often; the header Retry-After says when to come back."),
    422: ("Invalid", "A field, a header or a part of the address is not right; the problem names it."),
    503: (
        "Unavailable",
        "Redis is away, or who is to build. Send the same request again, with the same Idempotency-Key.",
    ),
}
_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{1,32}$"}
_PARAMETERS: Mapping[str, Schema] = {
    "site": {"description": "Slug of the site.", "schema": {"type": "string", "pattern": SLUG_PATTERN}},
    "page": {
        "description": "Slug of the page; the home page's is index.",
        "schema": {"type": "string", "pattern": SLUG_PATTERN},
    },
    "number": {"description": "Number of the version.", "schema": {"type": "integer", "minimum": 1}},
    "seq": {"description": "Number of the publication.", "schema": {"type": "integer", "minimum": 1}},
    "rebuild": {"description": "Number of the rebuild.", "schema": {"type": "integer", "minimum": 1}},
    "schedule": {"description": "Number of the schedule.", "schema": {"type": "integer", "minimum": 1}},
    "builder": {
        "description": "Name of the builder; `all` stands for every builder there is or will be.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
    "account": {"description": "Id of the account.", "schema": _ID},
    "session": {"description": "Id of the session.", "schema": _ID},
    "token": {"description": "Id of the token; its secret is not part of any address.", "schema": _ID},
    "name": {"description": "Name of the account.", "schema": {"type": "string", "minLength": 1, "maxLength": 64}},
    "share": {"description": "Id of the share.", "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}},
    "letter": {"description": "Id of the dead letter.", "schema": {"type": "string", "pattern": LETTER_PATTERN}},
}
_HEADERS: Mapping[str, Schema] = {
    "Location": {"description": "Address of what was made.", "schema": {"type": "string", "format": "uri-reference"}},
    "Set-Cookie": {
        "description": "The session; browsers keep it from scripts and from other sites.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "What a change of this is to send in If-Match.", "schema": {"type": "string"}},
    "Content-Disposition": {"description": "The name of the file.", "schema": {"type": "string"}},
    REPLAYED: {
        "description": "An earlier request with the same key made this.",
        "schema": {"enum": ["true"]},
    },
}
_KEY_PARAMETER: Schema = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": (
        "Any text of your choice, such as a UUID. The same request under the same key is done once, however often "
        "it is sent; another request under it is refused. A key counts for one account or token and one site; where "
        "sites are created, for one account or token, and a slug that is taken uses it up as well."
    ),
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
    "example": "5f0c6a52-3d0e-4f0e-9a43-1f3c9d1f7f7e",
}
_REQUEST_HEADERS: Mapping[str, Schema] = {
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The ETag of what the change is based on; where that is not the newest, nothing is changed.",
        "schema": {"type": "string", "pattern": '^(?:W/)?"r[0-9]{1,16}"$'},
        "example": '"r12"',
    },
}
_TRACE_PARAMETER: Schema = {
    "name": "traceparent",
    "in": "header",
    "required": False,
    "description": "W3C Trace Context; the publication carries its trace id on.",
    "schema": {"type": "string"},
}


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """An OpenAPI document.

    Attributes:
        openapi: version of the specification.
        info: what is described.
        paths: operations by path and method.
    """

    openapi: str
    info: dict[str, str]


def describing(endpoints: Sequence[Endpoint]) -> Endpoint:
    """The operation that answers with the description of others, and of itself.

    Args:
        endpoints: the others.
    """
    document: list[Schema] = []

    async def show(_api: Api, _asked: Asked) -> Response:
        if not document:
            document.append(describe([*endpoints, own]))
        return json_response(document[0])

    answer = Answer(200, Description, "The document.", {"openapi": "3.1.0", "info": {"title": "Platen"}})
    own = Endpoint("GET", PATH, "describeApi", "Describe this API", show, answer, needs=None)
    return own


def describe(endpoints: Sequence[Endpoint]) -> Schema:
    """Make the document."""
    schemas = Schemas()
    schemas.add([Problem])
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
        kinds = (endpoint.body, endpoint.answer.kind, *(refusal.kind for refusal in endpoint.refusals))
        schemas.add([kind for kind in kinds if kind is not None])
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Platen", "version": version("platen"), "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in ABOUT.items()],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.found,
            "responses": {name: _problem(meaning, schemas) for name, meaning in _PROBLEMS.values()},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API token, which begins with platen_.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": COOKIE,
                    "description": "What signing in sets. Changes have to come from Platen's own pages; a token wins.",
                },
            },
        },
    }


def _operation(endpoint: Endpoint, schemas: Schemas) -> Schema:
    operation: Schema = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [_tag(endpoint.path)],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.body is not None:
        content = _content("application/json", schemas.reference(endpoint.body), endpoint.body_example)
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.needs is None:
        operation["security"] = []
    else:
        operation["x-platen-permission"] = endpoint.needs
    return operation


def _parameters(endpoint: Endpoint) -> list[Schema]:
    names = re.findall(r"{(\w+)}", endpoint.path)
    parameters: list[Schema] = [
        {"name": name, "in": "path", "required": True, **_PARAMETERS[name], "example": EXAMPLES[name]} for name in names
    ]
    if endpoint.listed_by:
        parameters += _paging(endpoint.listed_by)
    parameters += [_REQUEST_HEADERS[name] for name in endpoint.headers]
    parameters += [{"name": name, "in": "query", **parameter} for name, parameter in endpoint.query.items()]
    if endpoint.is_change:
        parameters += [_KEY_PARAMETER, _TRACE_PARAMETER]
    return parameters


def _paging(listed_by: str) -> list[Schema]:
    bounds: Mapping[str, Schema] = {"slug": {"pattern": SLUG_PATTERN}, "text": {"maxLength": LONGEST_CURSOR}}
    cursor: Schema = {"type": "string"} | bounds.get(listed_by, {})
    limit: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_LIMIT, "default": DEFAULT_LIMIT}
    return [
        {"name": "cursor", "in": "query", "description": "The `next` of the answer before.", "schema": cursor},
        {"name": "limit", "in": "query", "description": "Most items of one answer.", "schema": limit},
    ]


def _responses(endpoint: Endpoint, schemas: Schemas) -> Schema:
    answer = endpoint.answer
    headers = {name: _HEADERS[name] for name in (*answer.headers, *([REPLAYED] if endpoint.is_change else []))}
    good: Schema = {
        "description": answer.meaning,
        "content": _content("application/json", schemas.reference(answer.kind), answer.example),
    }
    if headers:
        good["headers"] = headers
    refusals = {
        str(status): {"$ref": f"#/components/responses/{_PROBLEMS[status][0]}"} for status in _refusals(endpoint)
    }
    own = {str(refusal.status): _own_refusal(refusal, schemas) for refusal in endpoint.refusals}
    return {str(answer.status): good, **dict(sorted((refusals | own).items()))}


def _own_refusal(refusal: Answer, schemas: Schemas) -> Schema:
    content = _content(PROBLEM, schemas.reference(refusal.kind), refusal.example)
    return {"description": refusal.meaning, "content": content}


def _refusals(endpoint: Endpoint) -> list[int]:
    common = [405] if endpoint.needs is None else [401, 405, 503]
    # Whoever may not even look at a site is told that there is none.
    hidden = [404] if endpoint.is_of_site else []
    is_open_to_lookers = endpoint.needs == "look" and endpoint.is_of_site
    barred = [403] if endpoint.is_change or (endpoint.needs and not is_open_to_lookers) else []
    body = [400, 408, 413, 415] if endpoint.body is not None else []
    checked = [422] if _parameters(endpoint) or endpoint.body is not None else []
    return sorted({*common, *hidden, *barred, *body, *checked, *endpoint.problems})


def _problem(meaning: str, schemas: Schemas) -> Schema:
    example = {
        "type": "urn:platen:problem:invalid",
        "title": "A field is not right",
        "status": 422,
        "code": "invalid",
        "detail": "title is missing.",
        "errors": [
            {
                "detail": "title is missing.",
                "pointer": "/config/title",
                "mend": "add title: one line of 1 to 200 characters",
            }
        ],
    }
    return {"description": meaning, "content": _content(PROBLEM, schemas.reference(Problem), example)}


def _content(media_type: str, schema: Schema, example: Any) -> Schema:
    return {media_type: {"schema": schema, "example": example}}


def _tag(path: str) -> str:
    names = [part for part in path.split("/") if part in TAGS]
    return TAGS[names[-1]] if names else "description"
