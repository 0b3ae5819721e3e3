"""JSON Schemas (Draft 2020-12) of the Structs that the API takes and gives.

msgspec writes schemas, too, but not of a Struct with a default of our own types (`Colour`), and it puts a whole
docstring where a description belongs. Here the first paragraph describes the Struct, and each line of its
`Attributes:` describes its field.
"""

import inspect as python
import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import inspect

from shared.values import encode_value, value_schema

Schema = dict[str, Any]

_PLAIN: dict[type[inspect.Type], Schema] = {
    inspect.AnyType: {},
    inspect.RawType: {},
    inspect.BoolType: {"type": "boolean"},
    inspect.NoneType: {"type": "null"},
}
_FIELDS = re.compile(r"^    ([a-z_]+(?:, [a-z_]+)*): (.+?)(?=^    \S|\Z)", re.MULTILINE | re.DOTALL)


class Schemas:
    """Schemas by name, each Struct once.

    Args:
        folder: what stands before a name in a reference.
    """

    def __init__(self, folder: str = "#/components/schemas/") -> None:
        self._folder = folder
        self.found: dict[str, Schema] = {}

    def add(self, kinds: Iterable[type]) -> None:
        """Describe Structs and all that they are made of."""
        for kind in kinds:
            self._schema(inspect.type_info(kind))

    def reference(self, kind: type) -> Schema:
        """Where a Struct is described."""
        return {"$ref": self._folder + kind.__name__}

    def _schema(self, kind: inspect.Type) -> Schema:
        match kind:
            case inspect.Metadata():
                return {**self._schema(kind.type), **(kind.extra_json_schema or {})}
            case inspect.CustomType():
                return value_schema(kind.cls)
            case inspect.StructType():
                return self._named(kind)
            case inspect.UnionType():
                return self._union(kind)
            case inspect.VarTupleType() | inspect.ListType() | inspect.DictType():
                return self._several(kind)
        return _simple(kind)

    def _several(self, kind: inspect.VarTupleType | inspect.ListType | inspect.DictType) -> Schema:
        if isinstance(kind, inspect.DictType):
            bounds = _present(maxProperties=kind.max_length)
            return {"type": "object", "additionalProperties": self._schema(kind.value_type), **bounds}
        bounds = _present(minItems=kind.min_length, maxItems=kind.max_length)
        return {"type": "array", "items": self._schema(kind.item_type), **bounds}

    def _named(self, kind: inspect.StructType) -> Schema:
        if kind.cls.__name__ not in self.found:
            self.found[kind.cls.__name__] = {}  # a Struct that contains itself finds its name taken
            self.found[kind.cls.__name__] = self._struct(kind)
        return self.reference(kind.cls)

    def _struct(self, kind: inspect.StructType) -> Schema:
        about, fields = _described(kind.cls)
        tag: Schema = {kind.tag_field: {"const": kind.tag}} if kind.tag_field else {}
        properties = {field.encode_name: self._field(field, fields.get(field.name, "")) for field in kind.fields}
        schema: Schema = {
            "type": "object",
            **_present(description=about or None),
            "properties": tag | properties,
            "required": [*tag, *(field.encode_name for field in kind.fields if field.required)],
        }
        return schema | ({"additionalProperties": False} if kind.forbid_unknown_fields else {})

    def _field(self, field: inspect.Field, about: str) -> Schema:
        schema = self._schema(field.type)
        if about:
            takes = schema.get("description")
            schema = {**schema, "description": f"{about} ({takes})" if takes else about}
        if field.default is not msgspec.NODEFAULT:
            schema = {**schema, "default": _plain(field.default)}
        return schema

    def _union(self, kind: inspect.UnionType) -> Schema:
        schema: Schema = {"anyOf": [self._schema(option) for option in kind.types]}
        structs = [option for option in kind.types if isinstance(option, inspect.StructType) and option.tag_field]
        if structs:
            mapping = {str(struct.tag): self.reference(struct.cls)["$ref"] for struct in structs}
            schema["discriminator"] = {"propertyName": structs[0].tag_field, "mapping": mapping}
        return schema


def _simple(kind: inspect.Type) -> Schema:
    if type(kind) in _PLAIN:
        return dict(_PLAIN[type(kind)])
    match kind:
        case inspect.StrType():
            bounds = _present(minLength=kind.min_length, maxLength=kind.max_length, pattern=kind.pattern)
            return {"type": "string", **bounds}
        case inspect.IntType() | inspect.FloatType():
            name = "integer" if isinstance(kind, inspect.IntType) else "number"
            return {"type": name, **_present(minimum=kind.ge, maximum=kind.le)}
        case inspect.LiteralType():
            return {"enum": list(kind.values)}
    raise TypeError(f"no schema for {kind}")


def _plain(default: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(default, enc_hook=encode_value))


def _present(**keywords: Any) -> Schema:
    return {name: value for name, value in keywords.items() if value is not None}


def _described(kind: type) -> tuple[str, dict[str, str]]:
    """A Struct's first paragraph, and what it says about each field, in it or in the Structs above it."""
    fields: dict[str, str] = {}
    for part in reversed(kind.__mro__):
        _, _, listed = _docstring(part).partition("Attributes:\n")
        for names, about in _FIELDS.findall(listed):
            fields |= dict.fromkeys(names.split(", "), " ".join(about.split()))
    about, _, _ = _docstring(kind).partition("\n\n")
    return " ".join(about.split()), fields


def _docstring(kind: type) -> str:
    text = kind.__doc__ or ""
    # dataclass-like bases come with docstrings of their library, which say nothing about us
    return "" if kind.__module__.startswith(("builtins", "msgspec")) else python.cleandoc(text)
