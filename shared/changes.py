"""What changed from one config to another, in an editor's words: widgets added, removed, moved, changed field by field.

The configs are JSON as an editor has it, whole or not: a draft is compared like a version. `in_one_spelling` writes
defaults out first, so that a field left out and one set to what it is anyway do not differ. What is found is enough to
make the second config of the first: places before for what was removed or moved away, places after for the rest.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Literal

import msgspec

from shared.config import Config
from shared.matching import in_order, match_items, match_widgets, spelling
from shared.values import decode_value, encode_value
from shared.widgets import AnyWidget

Kind = Literal["added", "removed", "moved", "changed"]

# What stands deeper is compared as a whole; no config that can be published is as deep.
DEEPEST = 8
LONGEST_TITLE = 80
_ABSENT = object()
_TITLES = ("title", "name", "caption", "alt", "text", "body")
_WORDS = {"url": "URL", "lang": "language", "src": "address", "href": "address", "alt": "description"}
_WORDS |= {"cta": "button", "cta2": "second button", "rows": "row", "items": "item", "id": "id", "header": "header"}


class WidgetName(msgspec.Struct, frozen=True, kw_only=True):
    """How people know a widget.

    Attributes:
        type: its type, "" where it has none.
        id: its id, null where it has none.
        title: its title, or what else it begins with; "" where there is nothing.
    """

    type: str
    id: str | None
    title: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field, or one item of a list, that is not what it was.

    Attributes:
        kind: "added" and "removed" stand for items, and for fields that one side does not have.
        pointer: JSON pointer to it in the config it is in: that before for one removed, otherwise that after.
        label: its name for people.
        before: what it was, whole; null for one added.
        after: what it is, whole; null for one removed.
    """

    kind: Literal["added", "removed", "changed"]
    pointer: str
    label: str
    before: Any = None
    after: Any = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that changed. A widget that was moved and changed are two.

    Attributes:
        kind: what happened.
        pointer: JSON pointer to it in the config after, null for one removed.
        before_pointer: JSON pointer to it in the config before, null for one added.
        what: the page's own fields, or a widget.
        widget: which widget, null for the page.
        fields: what changed in it; all it has, for one added or removed; nothing, for one moved.
    """

    kind: Kind
    pointer: str | None
    before_pointer: str | None
    what: Literal["page", "widget"]
    widget: WidgetName | None
    fields: list[Field]


def in_one_spelling(config: dict[str, Any]) -> dict[str, Any]:
    """A config with its defaults written out and its values as they are stored, as far as it can be read."""
    widgets = config.get("widgets")
    if isinstance(widgets, list):
        config = {**config, "widgets": [_spelt(widget, AnyWidget) for widget in widgets]}
    kinds = {name: kind for name, kind in _fields().items() if name in config and name != "widgets"}
    return {**_defaults(), **config, **{name: _spelt(config[name], kind) for name, kind in kinds.items()}}


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """What changed from one config to another: the page first, then what was removed, then widgets as they now stand.

    Args:
        before, after: configs in one spelling.
    """
    fields = list(_compare_dicts(_own(before), _own(after), "", []))
    page = Change(kind="changed", pointer="", before_pointer="", what="page", widget=None, fields=fields)
    return ([page] if fields else []) + list(_compare_widgets(_widgets(before), _widgets(after)))


def _compare_widgets(before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
    pairs = match_widgets(before, after)
    stayed, was_at = set(in_order(pairs)), {j: i for i, j in pairs}
    for i in sorted(set(range(len(before))) - set(was_at.values())):
        yield _whole("removed", before[i], i)
    for j, widget in enumerate(after):
        i = was_at.get(j, -1)
        if i < 0:
            yield _whole("added", widget, j)
            continue
        if (i, j) not in stayed:
            yield _pair("moved", widget, i, j, [])
        if fields := list(_compare(before[i], widget, f"/widgets/{j}", [], f"/widgets/{i}")):
            yield _pair("changed", widget, i, j, fields)


def _pair(kind: Kind, widget: Any, i: int, j: int, fields: list[Field]) -> Change:
    places = {"pointer": f"/widgets/{j}", "before_pointer": f"/widgets/{i}"}
    return Change(kind=kind, what="widget", widget=_name(widget), fields=fields, **places)


def _whole(kind: Literal["added", "removed"], widget: Any, at: int) -> Change:
    pointer, is_added = f"/widgets/{at}", kind == "added"
    if isinstance(widget, dict):
        fields = [_field(kind, f"{pointer}/{_escaped(name)}", [_word(name)], value) for name, value in widget.items()]
    else:
        fields = [_field(kind, pointer, ["widget"], widget)]
    return Change(
        kind=kind,
        pointer=pointer if is_added else None,
        before_pointer=None if is_added else pointer,
        what="widget",
        widget=_name(widget),
        fields=fields,
    )


def _compare(before: Any, after: Any, pointer: str, labels: list[str], old: str) -> Iterator[Field]:
    """Two values at one place.

    Args:
        pointer, old: to the place after and before; they differ where something in front was added or removed.
        labels: names of the places on the way.
    """
    if spelling(before) == spelling(after):
        return
    if isinstance(before, dict) and isinstance(after, dict) and len(labels) < DEEPEST:
        yield from _compare_dicts(before, after, pointer, labels, old)
    elif isinstance(before, list) and isinstance(after, list) and len(labels) < DEEPEST and labels:
        yield from _compare_lists(before, after, pointer, labels, old)
    else:
        yield _field("changed", pointer, labels, before, after)


def _compare_dicts(
    before: dict[str, Any], after: dict[str, Any], pointer: str, labels: list[str], old: str = ""
) -> Iterator[Field]:
    for name in [*before, *(name for name in after if name not in before)]:
        step, inner = f"/{_escaped(name)}", [*labels, _word(name)]
        if name not in after:
            yield _field("removed", old + step, inner, before[name])
        elif name not in before:
            yield _field("added", pointer + step, inner, after[name])
        else:
            yield from _compare(before[name], after[name], pointer + step, inner, old + step)


def _compare_lists(before: list[Any], after: list[Any], pointer: str, labels: list[str], old: str) -> Iterator[Field]:
    pairs = match_items(before, after)
    kept, was_at = {i for i, _ in pairs}, {j: i for i, j in pairs}
    for i, item in enumerate(before):
        if i not in kept:
            yield _field("removed", f"{old}/{i}", [*labels[:-1], f"{labels[-1]} {i + 1}"], item)
    for j, item in enumerate(after):
        inner, i = [*labels[:-1], f"{labels[-1]} {j + 1}"], was_at.get(j, -1)
        if i < 0:
            yield _field("added", f"{pointer}/{j}", inner, item)
        else:
            yield from _compare_items(before[i], item, f"{pointer}/{j}", inner, f"{old}/{i}")


def _compare_items(before: Any, after: Any, pointer: str, labels: list[str], old: str) -> Iterator[Field]:
    """Objects field by field; a row of a table is read as a whole."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _compare(before, after, pointer, labels, old)
    elif spelling(before) != spelling(after):
        yield _field("changed", pointer, labels, before, after)


def _field(kind: str, pointer: str, labels: list[str], one: Any, other: Any = None) -> Field:
    values = {"after": one} if kind == "added" else {"before": one, "after": other}
    label = " › ".join(filter(None, labels))
    return msgspec.convert({"kind": kind, "pointer": pointer, "label": label[:1].upper() + label[1:], **values}, Field)


def _word(name: str) -> str:
    """A field's name for people."""
    return " ".join(_WORDS.get(word, word) for word in name.split("_"))


def _name(widget: Any) -> WidgetName:
    if not isinstance(widget, dict):
        return WidgetName(type="", id=None, title="")
    texts = (text for name in _TITLES if isinstance(text := widget.get(name), str) and text.strip())
    title = " ".join(next(texts, "").split())
    kind, id_ = widget.get("type"), widget.get("id")
    return WidgetName(
        type=kind if isinstance(kind, str) else "",
        id=id_ if isinstance(id_, str) else None,
        title=title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…",
    )


def _widgets(config: dict[str, Any]) -> list[Any]:
    found = config.get("widgets")
    return found if isinstance(found, list) else []


def _own(config: dict[str, Any]) -> dict[str, Any]:
    """The page's own fields; widgets that are no list are one of them."""
    return {name: value for name, value in config.items() if name != "widgets" or not isinstance(value, list)}


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


@cache
def _fields() -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(Config)}


@cache
def _defaults() -> dict[str, Any]:
    found = msgspec.to_builtins(Config(title="-"), enc_hook=encode_value)
    return {name: value for name, value in found.items() if name != "title"} | {"widgets": []}


def _spelt(value: Any, kind: Any) -> Any:
    """A value as it would be stored; as it is, where it is not right."""
    try:
        read = msgspec.convert(value, kind, dec_hook=decode_value)
    except (msgspec.ValidationError, RecursionError):
        return value
    return msgspec.json.decode(msgspec.json.encode(read, enc_hook=encode_value))
