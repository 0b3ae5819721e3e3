"""Holds real answers against the OpenAPI document: status, headers and body."""

import re
from typing import Any

import httpx2
from jsonschema import Draft202012Validator

from services.api.app import ENDPOINTS
from services.api.openapi import describe

DOCUMENT = describe(ENDPOINTS)


async def check_answer(answer: httpx2.Response) -> None:
    """An httpx2 hook: whatever the api answers is what its document says."""
    await answer.aread()
    path = answer.request.url.path
    if not path.startswith("/-/api"):
        return
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    operation = _operation(answer.request.method, path)
    if operation is None:
        assert answer.status_code in {404, 405, 422}
        _check_body(answer, "application/problem+json", {"$ref": "#/components/schemas/Problem"})
        return
    responses = operation["responses"]
    assert str(answer.status_code) in responses, f"{answer.status_code} is not documented: {answer.text}"
    _check_response(answer, _resolved(responses[str(answer.status_code)]))


def _check_response(answer: httpx2.Response, documented: dict[str, Any]) -> None:
    [(media_type, content)] = documented["content"].items()
    _check_body(answer, media_type, content["schema"])
    if "Location" in documented.get("headers", {}):
        assert answer.headers["location"].startswith("/-/api/v1/")


def _check_body(answer: httpx2.Response, media_type: str, schema: dict[str, Any]) -> None:
    assert answer.headers["content-type"] == media_type
    if answer.request.method != "HEAD":
        validate(answer.json(), schema)


def validate(value: Any, schema: dict[str, Any]) -> None:
    """Validate against a schema that may refer into the document."""
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def _operation(method: str, path: str) -> dict[str, Any] | None:
    for template in sorted(DOCUMENT["paths"]):
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            found: dict[str, Any] | None = DOCUMENT["paths"][template].get(
                "get" if method == "HEAD" else method.lower()
            )
            return found
    return None


def _resolved(response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in response:
        return response
    found: dict[str, Any] = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return found
