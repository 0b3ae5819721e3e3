"""Where the texts of a Struct are, and what kind of text each is, found from the types alone."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect


class Text(NamedTuple):
    """A text in a Struct.

    Attributes:
        pointer: JSON pointer to it.
        reads: what kind of text its type says it is: "title", "line", "prose" or "markdown".
        text: the text.
    """

    pointer: str
    reads: str
    text: str


def texts_of(value: Any, pointer: str = "", reads: str = "") -> Iterator[Text]:
    """The texts of a Struct whose type says how they read, in order; cells of tables are none.

    Args:
        value: the Struct, or a part of one.
        pointer: JSON pointer to it.
        reads: how it reads if it is a text.
    """
    match value:
        case str() if reads:
            yield Text(pointer, reads, value)
        case tuple():
            for number, item in enumerate(value):
                yield from texts_of(item, f"{pointer}/{number}", reads)
        case msgspec.Struct():
            for name, kind in texts_in(type(value)):
                yield from texts_of(getattr(value, name), f"{pointer}/{name}", kind)


@cache
def texts_in(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """The fields that hold texts themselves or further in, each with how it reads."""
    known = inspect.type_info(kind)
    assert isinstance(known, inspect.StructType)  # noqa: S101 - it is a Struct
    return tuple((field.name, _reads(field.type)) for field in known.fields if _holds_texts(field.type))


def _reads(kind: inspect.Type) -> str:
    own = (kind.extra or {}).get("reads", "") if isinstance(kind, inspect.Metadata) else ""
    return own or next(filter(None, map(_reads, _inner(kind))), "")


def _holds_texts(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.StructType) or bool(_reads(kind)) or any(map(_holds_texts, _inner(kind)))


def _inner(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    match kind:
        case inspect.Metadata():
            return (kind.type,)
        case inspect.UnionType():
            return kind.types
        case inspect.VarTupleType():
            return (kind.item_type,)
    return ()
