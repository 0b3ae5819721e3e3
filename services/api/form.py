"""The schema that an editor's form is built from: what `schemas.py` says of a Struct, and what a form needs beside it.

That is how a field is called by people (`title`, from `Meta(title=…)` or its name) and what kind of control suits it
(`x-kind`, from its type). A new widget needs neither the browser's code nor this file to change; a new kind of value
falls back to a line of text.
"""

import re
from typing import Any

from msgspec import inspect

from services.api.schemas import Schema, Schemas
from shared.values import Colour, ImageUrl, Url

_NAMED = re.compile(r"([A-Z][\w -]{0,40}): +(.+)", re.DOTALL)
# What is written into these need not be said: their control does.
_PLAIN = frozenset({"title", "line", "prose", "markdown", "colour", "image", "link", "pixels"})
_KINDS: dict[type, str] = {Colour: "colour", ImageUrl: "image", Url: "link"}


def form_schema(kind: type) -> Schema:
    """JSON Schema (2020-12) of a Struct, complete in itself.

    Args:
        kind: the Struct a form is for.
    """
    schemas = FormSchemas()
    schemas.add([kind])
    own = schemas.found.pop(kind.__name__)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **own, "$defs": schemas.found}


class FormSchemas(Schemas):
    """Schemas with names for people and kinds of controls."""

    def __init__(self) -> None:
        super().__init__("#/$defs/")

    def _schema(self, kind: inspect.Type) -> Schema:
        found, schema = kind_of(kind), super()._schema(kind)
        if found in _PLAIN:
            schema.pop("description", None)
        return {**schema, **({"x-kind": found} if found else {})}

    def _struct(self, kind: inspect.StructType) -> Schema:
        schema = super()._struct(kind)
        title, about = named(kind.cls.__name__, schema.get("description", ""))
        return {**schema, "title": title, **({"description": about} if about else {})}

    def _field(self, field: inspect.Field, about: str) -> Schema:
        return {"title": worded(field.name), **super()._field(field, about)}


def kind_of(kind: inspect.Type) -> str:
    """What kind of control suits a value, "" where its shape alone tells."""
    match kind:
        case inspect.Metadata():
            extra: dict[str, Any] = kind.extra or {}
            return str(extra.get("form") or extra.get("reads") or kind_of(kind.type))
        case inspect.CustomType():
            return _KINDS.get(kind.cls, "line")
    return ""


def named(name: str, about: str) -> tuple[str, str]:
    """How people call a Struct, and what they are told about it.

    Args:
        name: the Struct's.
        about: its description; "Name: what it is." names it.
    """
    found = _NAMED.fullmatch(about)
    if not found:
        return worded(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)), about
    return found[1], found[2][:1].upper() + found[2][1:]


def worded(name: str) -> str:
    """A name of the code as words: `icon_url` is "Icon url"."""
    words = name.replace("_", " ").lower()
    return words[:1].upper() + words[1:]
