"""What is wrong with a body: the first fault, for which it is refused, or all of them, for whoever is still writing.

Publishing and drafts both come here, so a draft without faults is one that can be published. `read` stops at the first
fault, as decoding does; `find_faults` takes apart what does not fit, until each part of it fits or has a fault.
"""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from services.api.kinds import Place, fields_of, place_at, tags_of
from services.api.problems import explain, explain_at, explain_missing, explain_unknown
from services.api.texts import check_texts, wrong_texts
from shared.errors import Invalid
from shared.texts import texts_in
from shared.values import decode_value

MOST_FAULTS = 100

Body = TypeVar("Body", bound=msgspec.Struct)

_WRONG = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Fault(msgspec.Struct, frozen=True):
    """One thing to mend.

    Attributes:
        pointer: JSON pointer (RFC 6901) to it.
        detail: what is wrong.
        mend: what to do about it.
    """

    pointer: str
    detail: str
    mend: str


def read(data: bytes, kind: type[Body]) -> Body:
    """Decode a body and look at its texts.

    Args:
        data: JSON.
        kind: Struct that it must fit.

    Raises:
        Malformed: it is not JSON.
        Invalid: it does not fit, or a text in it is not right; the error points to the place.
    """
    try:
        body: Body = _decoder(kind).decode(data)
    except _WRONG as error:
        raise explain(error, data, kind) from None
    check_texts(body)
    return body


def find_faults(data: bytes, kind: type[msgspec.Struct]) -> list[Fault]:
    """All that is wrong with a body, as far as no fault hides another.

    Args:
        data: JSON.
        kind: Struct that it should fit.

    Returns:
        at most `MOST_FAULTS` in the body's order, one for each place; what `read` refuses it for is among them, and
        where it takes it there is none.
    """
    try:
        read(data, kind)
    except Invalid as first:
        found: dict[str | None, Invalid] = {}
        for fault in islice(_all_faults(data, kind), MOST_FAULTS):
            found.setdefault(fault.pointer, fault)
        found = found | {first.pointer: first} if first.pointer in found else {first.pointer: first} | found
        return [Fault(fault.pointer or "", fault.detail, fault.mend) for fault in islice(found.values(), MOST_FAULTS)]
    return []


def _all_faults(data: bytes, kind: type[msgspec.Struct]) -> Iterator[Invalid]:
    try:
        value = msgspec.json.decode(data)
    except _WRONG:
        return
    yield from _faults(_Part(kind, place_at(kind, value, [])))


class _Part(NamedTuple):
    """A part of a body.

    Attributes:
        kind: annotation of what should stand there.
        place: where that is, and what does.
        reads: how it reads if it is a text.
    """

    kind: Any
    place: Place
    reads: str = ""

    def at(self, step: str | int, kind: Any, reads: str) -> "_Part":
        return _Part(kind, self.place.at(step), reads)


def _faults(part: _Part) -> Iterator[Invalid]:
    try:
        # Its JSON, not the value: converting says some things in other words than decoding.
        value = msgspec.json.Decoder(part.kind, dec_hook=decode_value).decode(msgspec.json.encode(part.place.value))
    except _WRONG as error:
        # What holds parts together is looked at once each of them is right, as decoding does.
        yield from list(islice(_inner_faults(part), MOST_FAULTS)) or [explain_at(error, part.place)]
    else:
        yield from wrong_texts(value, part.place.pointer, part.reads)


def _inner_faults(part: _Part) -> Iterator[Invalid]:
    kind, value = _meant(part.kind, part.place), part.place.value
    if get_origin(kind) is tuple and isinstance(value, list):
        for index in range(len(value)):
            yield from _faults(part.at(index, get_args(kind)[0], part.reads))
    elif isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _field_faults(kind, part)


def _field_faults(kind: type[msgspec.Struct], part: _Part) -> Iterator[Invalid]:
    value, known = part.place.value, fields_of(part.place.kind, part.place.value)
    hints, reads = _hints(kind), dict(texts_in(kind))
    yield from (explain_unknown(part.place, name) for name in value if name not in known)
    for field in msgspec.structs.fields(kind):
        if field.encode_name in value:
            yield from _faults(part.at(field.encode_name, hints[field.name], reads.get(field.name, "")))
        elif field.required:
            yield explain_missing(part.place, field.encode_name)


def _meant(kind: Any, place: Place) -> Any:
    """The one annotation that a value is meant to fit, without bounds; None where that cannot be told."""
    if get_origin(kind) is Annotated:
        return _meant(get_args(kind)[0], place)
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    options = [option for option in get_args(kind) if option is not NoneType]
    if len(options) == 1:
        return _meant(options[0], place)
    tags = tags_of(place.kind)
    tag = place.value.get(tags[0]) if tags and isinstance(place.value, dict) else None
    return next((option for option in options if option.__struct_config__.tag == tag), None)


@cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind, dec_hook=decode_value)
