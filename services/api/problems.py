"""From msgspec's errors to refusals that a person can act on: where it is, what is wrong, and the mend.

msgspec says what was wrong in English with a path behind it (`Expected `str`, got `int` - at `$.config.title``). The
path becomes a JSON pointer; the mend comes from the type that is expected there (`kinds.py`).
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from services.api.kinds import Place, choices_of, describe, fields_of, place_at, suggest, write
from shared.errors import Invalid, Malformed
from shared.misfit import Misfit

LONGEST_NAME = 100

_PATH = re.compile(r"(.*) - at `\$([^`]*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_OWN_MEND = re.compile(r"(.*?): ((?:write|use) .*)", re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_JSON_NAMES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def explain(error: Exception, body: bytes, kind: type) -> Invalid:
    """Say what is wrong with a body.

    Args:
        error: what decoding it raised.
        body: as it came.
        kind: the Struct it should have fitted.

    Returns:
        Malformed where it is not JSON at all, though msgspec may have stumbled over something else first.
    """
    try:
        value = msgspec.json.decode(body)
    except msgspec.ValidationError:
        value = None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        return _explain_malformed(broken, body)
    return explain_at(error, place_at(kind, value, []))


def _explain_malformed(error: Exception, body: bytes) -> Malformed:
    if not body.strip():
        return Malformed("The body is empty.", mend="send a JSON object")
    if isinstance(error, RecursionError):
        return Malformed("The JSON is nested too deeply.", mend="nest no deeper than the fields that are known")
    if isinstance(error, UnicodeDecodeError):
        return Malformed("The body is not UTF-8.", mend="encode it as UTF-8")
    if "surrogate" in str(error) or ("truncated" in str(error) and _SURROGATE.search(body)):
        return Malformed(
            "Half of a surrogate pair stands alone.", mend="write the character itself, or both halves of its pair"
        )
    if "truncated" in str(error):
        return Malformed("The JSON ends too early.", mend="send all of it; a bracket or a quote may be missing")
    return Malformed(f"{_sentence(str(error))}", mend="send JSON as RFC 8259 defines it")


def explain_at(error: Exception, place: Place) -> Invalid:
    """Say what is wrong with a part of a body.

    Args:
        error: what decoding the part raised.
        place: where the part stands.
    """
    message, path = _split(str(error))
    for name, index in _STEP.findall(path):
        place = place.at(name or int(index))
    if isinstance(error.__cause__, Misfit):
        return _explain_misfit(place, error.__cause__)
    for rule in _RULES:
        if found := rule.pattern.fullmatch(message):
            return rule.explain(place, found)
    return _explain_own(place, message)


def _split(text: str) -> tuple[str, str]:
    """A message and the path behind it, "" where there is none."""
    match = _PATH.fullmatch(text)
    if not match:
        return text, ""
    # A field can be named as if a path stood behind it; then the quote around its name is not closed in front.
    if match[1].startswith("Object contains unknown field `") and not match[1].endswith("`"):
        return text, ""
    return match[1], match[2]


def explain_missing(place: Place, name: str) -> Invalid:
    """Say that an object lacks a field."""
    there = place.at(name)
    return Invalid(f"{name} is missing.", pointer=there.pointer, mend=f"add {name}: {describe(there.kind)}")


def explain_unknown(place: Place, name: str) -> Invalid:
    """Say that an object has a field that is none."""
    known = [field for field in fields_of(place.kind, place.value) if field not in (place.value or {})]
    pointer = place.at(name).pointer if len(name) <= LONGEST_NAME else place.pointer
    return Invalid(f"There is no field {_shown(name)} here.", pointer=pointer, mend=_or_leave_out(name, known))


def _explain_tag(place: Place, _found: re.Match[str]) -> Invalid:
    return Invalid(
        f"{_shown(place.value)} is not known here.",
        pointer=place.pointer,
        mend=suggest(str(place.value), choices_of(place)),
    )


def _explain_pattern(place: Place, _found: re.Match[str]) -> Invalid:
    text = place.value if isinstance(place.value, str) else ""
    control = _CONTROL.search(text)
    if control:
        detail = f"The text has a control character, U+{ord(control[0]):04X}."
        return Invalid(detail, pointer=place.pointer, mend=f"take it out; {write(place.kind)}")
    detail = f"{_shown(text)} does not fit here." if text.strip() else "The text is blank."
    return Invalid(detail, pointer=place.pointer, mend=write(place.kind))


def _explain_length(place: Place, found: re.Match[str]) -> Invalid:
    has = len(place.value) if isinstance(place.value, str | list | dict) else "too few or too many"
    bound, unit = int(found[3]), "character" if found[1] == "str" else "item"
    words = "may have at most" if found[2] == "<=" else "needs at least"
    detail = f"This {words} {bound:,} {unit}{'' if bound == 1 else 's'}; it has {has}."
    return Invalid(detail, pointer=place.pointer, mend=write(place.kind))


def _explain_bound(place: Place, found: re.Match[str]) -> Invalid:
    word = "small" if ">" in found[1] else "large"
    return Invalid(f"{_shown(place.value)} is too {word}.", pointer=place.pointer, mend=write(place.kind))


def _explain_type(place: Place, found: re.Match[str]) -> Invalid:
    got = f", not {_JSON_NAMES.get(found[2], found[2])}" if found[2] else ""
    if found[2] == "float" and "int" in found[1].split(" | "):
        got = ", without a fraction"
    expected = " or ".join(_JSON_NAMES.get(name, name) for name in found[1].split(" | "))
    return Invalid(f"This must be {expected}{got}.", pointer=place.pointer, mend=write(place.kind))


def _explain_range(place: Place, _found: re.Match[str]) -> Invalid:
    # What body is around a number that nobody can read is not known, so which widget it belongs to may not be either.
    is_unknown = isinstance(place.kind, inspect.AnyType)
    mend = "write a smaller one" if is_unknown else write(place.kind)
    return Invalid("The number is too large.", pointer=place.pointer, mend=mend)


def _explain_misfit(place: Place, misfit: Misfit) -> Invalid:
    """Our own words, from a Struct that did not hold together."""
    for step in misfit.steps:
        place = place.at(step)
    return Invalid(_sentence(misfit.detail), pointer=place.pointer, mend=misfit.mend)


def _explain_own(place: Place, message: str) -> Invalid:
    """Our own words, from a value that did not parse."""
    found = _OWN_MEND.fullmatch(message)
    detail, mend = (found[1], found[2]) if found else (message, write(place.kind))
    return Invalid(_sentence(detail), pointer=place.pointer, mend=mend)


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    explain: Callable[[Place, re.Match[str]], Invalid]


_RULES = [
    _Rule(re.compile(pattern, re.DOTALL), explain_)
    for pattern, explain_ in (
        (r"Object missing required field `(.*)`", lambda place, found: explain_missing(place, found[1])),
        (r"Object contains unknown field `(.*)`", lambda place, found: explain_unknown(place, found[1])),
        (r"Invalid (?:enum )?value .*", _explain_tag),
        (r"Expected `str` matching regex .*", _explain_pattern),
        (r"Expected `(\w+)` of length (>=|<=) (\d+)", _explain_length),
        (r"Expected `(?:int|float)` ([<>]=?) .*", _explain_bound),
        (r"Expected `([^`]+)`(?:, got `([^`]+)`)?", _explain_type),
        (r"(?:Integer value|Number) out of range", _explain_range),
    )
]


def _or_leave_out(name: str, known: list[str]) -> str:
    return suggest(name, known) if known else "leave it out"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
