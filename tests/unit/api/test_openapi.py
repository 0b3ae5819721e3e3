"""The OpenAPI document: valid, whole, and the same as what is served."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Route

from services.api.api import Api
from services.api.app import ENDPOINTS, routes
from services.api.endpoint import Resource
from services.api.openapi import describe
from services.api.schemas import Schemas
from services.api.seen import Seen
from services.api.versions import NewVersion
from shared.config import Config
from shared.connection import connect
from shared.settings import Settings
from shared.widgets import AnyWidget

DOCUMENT = describe(ENDPOINTS)
OPERATIONS = [
    (path, method, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]


def references(value: Any) -> Iterator[str]:
    """Every $ref below a value; examples may hold anything and are passed over."""
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    ):
        if name == "$ref":
            yield inner
        elif name != "example":
            yield from references(inner)


def resolve(reference: str) -> Any:
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def is_valid(value: Any, schema: dict[str, Any]) -> bool:
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]}).is_valid(value)


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every body of an operation: its schema and its example."""
    if "requestBody" in operation:
        yield from operation["requestBody"]["content"].values()
    for response in operation["responses"].values():
        yield from (resolve(response["$ref"]) if "$ref" in response else response)["content"].values()


def test_the_document_says_what_it_is() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["title"]
    assert DOCUMENT["info"]["version"]
    assert DOCUMENT["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_schema_is_a_schema() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for _, _, operation in OPERATIONS:
        for parameter in operation["parameters"]:
            Draft202012Validator.check_schema(parameter["schema"])


def test_every_reference_leads_somewhere() -> None:
    found = list(references(DOCUMENT))

    assert found
    for reference in found:
        assert resolve(reference), reference


def test_every_discriminator_leads_to_a_widget() -> None:
    widgets = DOCUMENT["components"]["schemas"]["Config"]["properties"]["widgets"]["items"]

    assert len(widgets["discriminator"]["mapping"]) == len(AnyWidget.__args__)
    for tag, reference in widgets["discriminator"]["mapping"].items():
        assert resolve(reference)["properties"]["type"] == {"const": tag}


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=NAMES)
def test_every_operation_is_whole(path: str, method: str, operation: dict[str, Any]) -> None:
    declared = {(parameter["in"], parameter["name"]) for parameter in operation["parameters"]}

    assert operation["summary"]
    assert {("path", name) for name in re.findall(r"{(\w+)}", path)} == {p for p in declared if p[0] == "path"}
    [endpoint] = [each for each in ENDPOINTS if (each.path, each.method.lower()) == (path, method)]
    assert (("header", "Idempotency-Key") in declared) == (method != "get" and not endpoint.only_looks)
    assert "401" in operation["responses"] or operation.get("security") == []
    assert any(status.startswith("2") for status in operation["responses"])
    assert all(response.get("description") or "$ref" in response for response in operation["responses"].values())


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=NAMES)
def test_every_example_fits_its_schema(path: str, method: str, operation: dict[str, Any]) -> None:
    found = list(contents(operation))

    assert found
    for content in found:
        assert content["example"] is not None, (path, method)
        assert is_valid(content["example"], content["schema"]), content["example"]


def test_operation_ids_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_what_is_served_is_what_is_documented() -> None:
    served = {
        (route.path, method)
        for route in routes(Api(connect("redis://127.0.0.1:1"), Settings()))
        if isinstance(route, Route) and isinstance(route.endpoint, Resource) and route.name not in {"api", "unknown"}
        # What people look at is not the API's.
        if not isinstance(route.endpoint, Seen)
        for method in route.endpoint.methods
    }

    assert served == {(path, method.upper()) for path, method, _ in OPERATIONS}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"config": {}},
        {"config": {"title": ""}},
        {"config": {"title": "A", "titel": "B"}},
        {"config": {"title": "A", "widgets": [{"type": "heroo"}]}},
        {"config": {"title": "A", "widgets": [{"type": "hero"}]}},
        {"config": {"title": "A", "widgets": [{"type": "faq", "items": []}]}},
        {"config": {"title": "A"}, "publish": "yes"},
    ],
)
def test_a_schema_refuses_what_the_api_refuses(wrong: Any) -> None:
    assert not is_valid(wrong, {"$ref": "#/components/schemas/NewVersion"})


def test_fields_are_described_by_their_structs() -> None:
    config = DOCUMENT["components"]["schemas"]["Config"]

    assert config["description"] == "One page."
    assert config["properties"]["background"]["default"] == "#ffffff"
    assert "follows from it" in config["properties"]["background"]["description"]
    assert "CSS colour name" in config["properties"]["background"]["description"]
    hero = DOCUMENT["components"]["schemas"]["Hero"]["properties"]
    assert "unique on the page" in hero["id"]["description"]


def test_a_struct_is_described_once() -> None:
    schemas = Schemas()

    schemas.add([NewVersion, Config])

    assert schemas.reference(Config) == {"$ref": "#/components/schemas/Config"}
    assert schemas.found["NewVersion"]["properties"]["config"]["$ref"] == "#/components/schemas/Config"


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=NAMES)
def test_every_operation_says_that_its_address_has_other_methods_or_none(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    assert "405" in operation["responses"], f"{method} {path}"
