"""What a type takes, in words and at any place inside it: the source of every mend.

Walks msgspec's description of a Struct along the path of an error, so that no list of fields, widgets or bounds is
kept by hand.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from msgspec import inspect

from shared.values import value_schema

SHOWN_FIELDS = 12
LONGEST_WORD = 100

_NAMES: dict[type[inspect.Type], str] = {
    inspect.StrType: "a text",
    inspect.IntType: "a whole number",
    inspect.BoolType: "true or false",
    inspect.VarTupleType: "a list",
    inspect.ListType: "a list",
    inspect.DictType: "an object",
}


class Place(NamedTuple):
    """A place in a body.

    Attributes:
        kind: what msgspec expects there.
        value: what came.
        pointer: JSON pointer to it.
    """

    kind: inspect.Type
    value: Any
    pointer: str

    def at(self, step: str | int) -> "Place":
        """The place one step further in."""
        return Place(_inner(self.kind, self.value, step), _part(self.value, step), f"{self.pointer}/{_escaped(step)}")


def place_at(kind: type, value: Any, steps: Sequence[str | int]) -> Place:
    """Walk to a place.

    Args:
        kind: Struct of the whole body.
        value: the whole body.
        steps: names and indexes.
    """
    place = Place(inspect.type_info(kind), value, "")
    for step in steps:
        place = place.at(step)
    return place


def fields_of(kind: inspect.Type, value: Any = None) -> dict[str, inspect.Type]:
    """The fields an object may have here, by name, the tag among them.

    Args:
        value: tells which of several Structs is meant.
    """
    struct = _narrow(kind, value, inspect.StructType)
    if not isinstance(struct, inspect.StructType):
        tags = tags_of(kind)
        return dict.fromkeys(tags[:1], inspect.LiteralType(tuple(tags[1]))) if tags else {}
    tag: dict[str, inspect.Type] = {}
    if struct.tag_field:
        tag[struct.tag_field] = inspect.LiteralType((struct.tag,))
    return tag | {field.encode_name: field.type for field in struct.fields}


def tags_of(kind: inspect.Type) -> tuple[str, list[str]] | None:
    """The tag field and its values, where one of several Structs is expected."""
    structs = [option for option in _options(kind) if isinstance(option, inspect.StructType)]
    if not structs or structs[0].tag_field is None:
        return None
    return structs[0].tag_field, [str(struct.tag) for struct in structs]


def choices_of(place: Place) -> list[str]:
    """The words that can stand at a place, where only some can."""
    return [
        str(value) for kind in _options(place.kind) if isinstance(kind, inspect.LiteralType) for value in kind.values
    ]


def describe(kind: inspect.Type) -> str:
    """What can stand here, as the end of a sentence: "one line of 1 to 200 characters"."""
    match kind:
        case inspect.Metadata():
            name = (kind.extra_json_schema or {}).get("description")
            return _bounded(name, kind.type) if name else describe(kind.type)
        case inspect.LiteralType():
            return "one of " + ", ".join(map(str, kind.values))
        case inspect.CustomType():
            return str(value_schema(kind.cls)["description"])
        case inspect.StructType():
            return "an object with " + ", ".join(fields_of(kind))
        case inspect.UnionType():
            return _described_union(kind)
    return _bounded(_NAMES.get(type(kind), "something else"), kind)


def write(kind: inspect.Type) -> str:
    """What to write here, as a sentence."""
    words = describe(kind)
    return words if words.startswith("use ") else f"write {words}"


def suggest(word: str, known: Sequence[str]) -> str:
    """The known words, with the one that was probably meant in front."""
    # A word may be as long as a body, and comparing costs more than its length.
    close = get_close_matches(word[:LONGEST_WORD], known, n=1)
    names = ", ".join(known[:SHOWN_FIELDS]) + (", …" if len(known) > SHOWN_FIELDS else "")
    return f"did you mean {close[0]}? Known here: {names}" if close else f"known here: {names}"


def _inner(kind: inspect.Type, value: Any, step: str | int) -> inspect.Type:
    if isinstance(step, int):
        sequence = _narrow(kind, value, inspect.VarTupleType, inspect.ListType)
        return getattr(sequence, "item_type", inspect.AnyType())
    return fields_of(kind, value).get(step, inspect.AnyType())


def _part(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _narrow(kind: inspect.Type, value: Any, *wanted: type[inspect.Type]) -> inspect.Type | None:
    """The one option that a value is meant to be, None where that cannot be told."""
    options = [option for option in _options(kind) if isinstance(option, wanted)]
    if len(options) == 1:
        return options[0]
    tags = tags_of(kind)
    tag = value.get(tags[0]) if tags and isinstance(value, dict) else None
    return next((option for option in options if getattr(option, "tag", None) == tag), None)


def _options(kind: inspect.Type) -> list[inspect.Type]:
    kind = _bare(kind)
    if isinstance(kind, inspect.UnionType):
        return [_bare(option) for option in kind.types if not isinstance(option, inspect.NoneType)]
    return [kind]


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _described_union(kind: inspect.UnionType) -> str:
    tags = tags_of(kind)
    if tags and len(tags[1]) > 1:
        return f"an object whose {tags[0]} is one of {', '.join(tags[1])}"
    words = [describe(option) for option in kind.types if not isinstance(option, inspect.NoneType)]
    return " or ".join(words) + (", or leave it out" if len(words) < len(kind.types) else "")


def _bounded(name: str, kind: inspect.Type) -> str:
    bounds = _bounds(kind)
    if not bounds:
        return name
    return f"{name} ({bounds})" if "," in name else f"{name} of {bounds}"


def _bounds(kind: inspect.Type) -> str:
    match kind:
        case inspect.StrType():
            return _span(kind.min_length, kind.max_length, " characters")
        case inspect.VarTupleType() | inspect.ListType():
            return _span(kind.min_length, kind.max_length, " items")
        case inspect.IntType():
            return _span(kind.ge, kind.le, "")
    return ""


def _span(least: int | None, most: int | None, unit: str) -> str:
    if least is not None and most is not None:
        return f"{least:,} to {most:,}{unit}"
    if most is not None:
        return f"at most {most:,}{unit}"
    return f"at least {least:,}{unit}" if least is not None else ""


def _escaped(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
