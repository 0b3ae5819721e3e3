"""Schemas in words."""

from typing import Any

import pytest

from services.api.docs.fields import Field, Reader, bounds, words

SCHEMAS: dict[str, Any] = {
    "Page": {
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 1, "maxLength": 200, "description": "its name."},
            "theme": {"$ref": "#/components/schemas/Theme", "default": {"accent": "#000"}},
            "widgets": {
                "type": "array",
                "maxItems": 3,
                "items": {"anyOf": [{"$ref": "#/components/schemas/Hero"}, {"$ref": "#/components/schemas/Text"}]},
            },
            "parent": {"anyOf": [{"$ref": "#/components/schemas/Page"}, {"type": "null"}]},
        },
        "required": ["title"],
    },
    "Theme": {"type": "object", "properties": {"accent": {"type": "string"}}},
    "Hero": {"type": "object", "properties": {"lead": {"type": "string"}}},
    "Text": {"type": "object", "properties": {"body": {"type": "string"}}},
}


@pytest.fixture
def page() -> dict[str, Field]:
    return {field.name: field for field in Reader(SCHEMAS).tree({"$ref": "#/components/schemas/Page"})}


def text(schema: dict[str, Any]) -> str:
    return " ".join(word.text for word in words(schema))


def test_a_field_says_what_it_takes_how_much_and_whether_it_must_be_there(page: dict[str, Field]) -> None:
    title, theme = page["title"], page["theme"]

    assert (title.about, title.is_required, title.default) == ("Its name.", True, None)
    assert list(title.bounds) == ["1 to 200 characters"]
    assert (theme.is_required, theme.default) == (False, '{"accent": "#000"}')


def test_an_object_in_an_object_shows_its_fields(page: dict[str, Field]) -> None:
    assert [field.name for field in page["theme"].fields] == ["accent"]


def test_one_of_several_objects_is_linked_to_rather_than_shown(page: dict[str, Field]) -> None:
    assert [(word.text, word.schema) for word in page["widgets"].kind] == [
        ("list of", ""),
        ("Hero", "Hero"),
        ("or", ""),
        ("Text", "Text"),
    ]
    assert not page["widgets"].fields


def test_an_object_that_contains_itself_ends(page: dict[str, Field]) -> None:
    assert page["parent"].kind[0].schema == "Page"
    assert not page["parent"].fields


def test_a_schemas_own_fields_leave_those_of_others_to_their_links() -> None:
    own = {field.name: field for field in Reader(SCHEMAS).own("Page")}

    assert list(own) == ["title", "theme", "widgets", "parent"]
    assert not own["theme"].fields


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer"}, "whole number"),
        ({"enum": ["a", 1]}, '"a" or 1'),
        ({"const": "hero"}, '"hero"'),
        ({"type": ["string", "null"]}, "text or null"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "true or false or null"),
        ({}, "anything"),
    ],
)
def test_kinds_have_words(schema: dict[str, Any], expected: str) -> None:
    assert text(schema) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"minimum": 1}, ["at least 1"]),
        ({"minimum": 1, "maximum": 2000}, ["1 to 2,000"]),
        ({"maxItems": 5}, ["at most 5 items"]),
        ({"pattern": "^[a-z]+$(?!\\n)"}, ["matches ^[a-z]+$"]),
        ({"pattern": "^[^\\x00-\\x1f]*$"}, []),
        ({"pattern": "a" * 100}, []),
        ({"anyOf": [{"maxLength": 9}, {"type": "null"}]}, ["at most 9 characters"]),
    ],
)
def test_bounds_have_words(schema: dict[str, Any], expected: list[str]) -> None:
    assert bounds(schema) == expected
