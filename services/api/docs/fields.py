"""A JSON Schema as a tree of fields in words: what a body holds, how much of it, and what stands there by default."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from services.api.schemas import Schema

DEEPEST = 4
LONGEST_PATTERN = 48

_NAMES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "array": "list",
    "null": "null",
}


class Word(NamedTuple):
    """A part of what a field takes.

    Attributes:
        text: as shown.
        schema: name of the schema that it stands for, "" for none.
        is_code: whether it is written exactly so.
    """

    text: str
    schema: str = ""
    is_code: bool = False


class Field(NamedTuple):
    """A field of an object.

    Attributes:
        name: as in the JSON.
        kind: what it takes.
        about: a sentence or two, "" where nothing is said.
        bounds: how much.
        default: JSON of what stands there where it is left out; None where there is none.
        is_required: whether it can be left out.
        fields: of the object that it takes, where it is one.
    """

    name: str
    kind: Sequence[Word]
    about: str
    bounds: Sequence[str]
    default: str | None
    is_required: bool
    fields: "Sequence[Field]" = ()


class Reader:
    """Reads the schemas of one document.

    Args:
        schemas: by name, as in the document's components.
    """

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def tree(self, schema: Schema) -> list[Field]:
        """The fields of an object, those of objects in it among them.

        Args:
            schema: a reference, or the object's own.
        """
        return self._fields(schema, DEEPEST, ())

    def own(self, name: str) -> list[Field]:
        """The fields of a named schema, without those of others."""
        return self._fields(self._schemas[name], 1, (name,))

    def _fields(self, schema: Schema, levels: int, above: tuple[str, ...]) -> list[Field]:
        if not levels:
            return []
        if name := _name(schema):
            # A Struct may contain itself; the second time only its name is given.
            return [] if name in above else self._fields(self._schemas[name], levels, (*above, name))
        required = schema.get("required", ())
        return [
            self._field(name, inner, name in required, levels - 1, above)
            for name, inner in schema.get("properties", {}).items()
        ]

    def _field(self, name: str, schema: Schema, is_required: bool, levels: int, above: tuple[str, ...]) -> Field:
        return Field(
            name,
            words(schema),
            _sentences(schema.get("description", "")),
            bounds(schema),
            json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else None,
            is_required,
            self._fields(_inside(schema), levels, above),
        )


def words(schema: Schema) -> list[Word]:
    """What a schema takes, in words."""
    if name := _name(schema):
        return [Word(name, name)]
    if "const" in schema:
        return [_exactly(schema["const"])]
    if "enum" in schema:
        return _joined([[_exactly(value)] for value in schema["enum"]])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return _joined([words(option) for option in options])
    if schema.get("type") == "array":
        return [Word("list of"), *words(schema.get("items", {}))]
    return [Word(_typed(schema))]


def bounds(schema: Schema) -> list[str]:
    """How much a schema takes: lengths, sizes, and a pattern that is short enough to be read."""
    own = [
        _between(schema, "minLength", "maxLength", "characters"),
        _between(schema, "minItems", "maxItems", "items"),
        _between(schema, "minimum", "maximum", ""),
    ]
    pattern = schema.get("pattern", "").removesuffix("(?!\\n)")
    # What keeps control characters out says nothing to a reader; "one line" stands in the description.
    if pattern and len(pattern) <= LONGEST_PATTERN and "\\x" not in pattern:
        own.append(f"matches {pattern}")
    optional = [bound for option in schema.get("anyOf", ()) for bound in bounds(option)]
    return [bound for bound in own if bound] + optional


def _typed(schema: Schema) -> str:
    given = schema.get("type")
    kinds = given if isinstance(given, list) else [given] if given else []
    return " or ".join(_NAMES.get(kind, str(kind)) for kind in kinds) or "anything"


def _between(schema: Schema, least: str, most: str, unit: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if low is not None and high is not None:
        text = f"{low:,} to {high:,}"
    elif high is not None:
        text = f"at most {high:,}"
    elif low is not None:
        text = f"at least {low:,}"
    else:
        return ""
    return f"{text} {unit}".strip()


def _joined(options: list[list[Word]]) -> list[Word]:
    """Options with "or" between them."""
    found: list[Word] = []
    for option in options:
        found += [Word("or"), *option] if found else option
    return found


def _exactly(value: Any) -> Word:
    return Word(json.dumps(value, ensure_ascii=False), is_code=True)


def _inside(schema: Schema) -> Schema:
    """The object that a field takes, alone, in a list, or with null beside it; one of several is no object yet."""
    if schema.get("type") == "array":
        return _inside(schema.get("items", {}))
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    return options[0] if len(options) == 1 else {} if options else schema


def _name(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _sentences(text: str) -> str:
    return text[:1].upper() + text[1:]
