"""What changed between two configs: the right widgets side by side, and enough said to make one of the other."""

import json
import time
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.changes import Change, Field, changes, in_one_spelling

SPRING_SALE = in_one_spelling(json.loads((Path(__file__).parents[2] / "examples" / "spring-sale.json").read_text()))
SWAPPED = {"added": "removed", "removed": "added", "moved": "moved", "changed": "changed"}


def page(*widgets: Any, **fields: Any) -> dict[str, Any]:
    return in_one_spelling({"title": "Spring", "widgets": list(widgets), **fields})


def text(body: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "body": body, **more}


def table(*rows: list[str], **more: Any) -> dict[str, Any]:
    return {"type": "table", "header": ["Region", "Total"], "rows": list(rows), **more}


def told(found: list[Change]) -> list[tuple[str, str | None, str | None]]:
    return [(change.kind, change.before_pointer, change.pointer) for change in found]


def fields(found: list[Change]) -> list[tuple[str, str, str]]:
    return [(field.kind, field.pointer, field.label) for change in found for field in change.fields]


# Making one config of the other


def apply(before: dict[str, Any], found: list[Change]) -> dict[str, Any]:
    """The config that changes lead to."""
    after = deepcopy(before)
    widgets = after.pop("widgets") if isinstance(after.get("widgets"), list) else []
    by_place: dict[int, Any] = {}
    gone: set[int] = set()
    for change in found:
        if change.kind == "removed":
            gone.add(at(change.before_pointer))
        elif change.kind == "moved":
            by_place[at(change.pointer)] = widgets[at(change.before_pointer)]
            gone.add(at(change.before_pointer))
        elif change.kind == "added":
            by_place[at(change.pointer)] = {}
    rest = iter([widget for i, widget in enumerate(widgets) if i not in gone])
    count = len(widgets) - len(gone) + len(by_place)
    after["widgets"] = [by_place[j] if j in by_place else next(rest) for j in range(count)]
    for change in found:
        if change.kind in {"added", "changed"}:
            put_all(after, change.fields, change.before_pointer, change.pointer)
    return after


def put_all(after: dict[str, Any], found: list[Field], old: str | None, new: str | None) -> None:
    """Removed items first and from the end, then added ones from the beginning, so that places stay true."""
    removed = [field for field in found if field.kind == "removed"]
    for field in reversed(removed):
        target, step = walk(after, (new or "") + field.pointer.removeprefix(old or ""))
        del target[step]
    for field in found:
        if field.kind == "removed":
            continue
        target, step = walk(after, field.pointer)
        if field.kind == "added" and isinstance(target, list) and field.pointer != new:
            target.insert(step, deepcopy(field.after))
        else:
            target[step] = deepcopy(field.after)


def walk(value: Any, pointer: str) -> tuple[Any, Any]:
    *way, last = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for step in way:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value, int(last) if isinstance(value, list) else last


def at(pointer: str | None) -> int:
    assert pointer is not None
    return int(pointer.rpartition("/")[2])


# Configs of all kinds, close enough to each other to be confused

words = st.sampled_from(["", "a", "b", "a b", "a b c d", "ä"])
rows = st.lists(st.lists(words, min_size=2, max_size=2), max_size=6)
questions = st.lists(st.fixed_dictionaries({"question": words, "answer": words}), max_size=4)
ids = st.none() | st.sampled_from(["one", "two", "three"])
odd = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["", "a", "b/c", "~", "type"]), inner),
    max_leaves=6,
)
widgets = st.lists(
    st.one_of(
        st.fixed_dictionaries({"type": st.just("text"), "body": words}, optional={"id": ids, "title": words}),
        st.fixed_dictionaries(
            {"type": st.just("table"), "header": st.just(["A", "B"]), "rows": rows}, optional={"id": ids}
        ),
        st.fixed_dictionaries({"type": st.just("faq"), "items": questions}, optional={"id": ids, "title": words}),
        odd,
    ),
    max_size=8,
)
configs = st.fixed_dictionaries(
    {"title": words, "widgets": widgets},
    optional={"lang": words, "theme": st.dictionaries(st.sampled_from(["accent", "font"]), words), "background": odd},
).map(in_one_spelling)


@given(configs, configs)
def test_what_is_told_makes_the_second_config_of_the_first(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = changes(before, after)

    assert apply(before, found) == after


@given(configs)
def test_a_config_does_not_differ_from_itself(config: dict[str, Any]) -> None:
    assert changes(config, deepcopy(config)) == []


@given(configs, configs)
def test_the_way_back_has_the_same_kinds_the_other_way_round(before: dict[str, Any], after: dict[str, Any]) -> None:
    there = Counter(change.kind for change in changes(before, after))
    back = Counter(SWAPPED[change.kind] for change in changes(after, before))

    assert there == back


@given(configs, st.data())
def test_moving_one_widget_is_one_change(config: dict[str, Any], data: st.DataObject) -> None:
    for number, widget in enumerate(config["widgets"]):
        config["widgets"][number] = {"widget": widget, "id": f"w{number}", "type": "text"}
    after = deepcopy(config)
    places = st.integers(0, max(0, len(config["widgets"]) - 1))
    if after["widgets"]:
        after["widgets"].insert(data.draw(places), after["widgets"].pop(data.draw(places)))

    found = changes(config, after)

    assert [change.kind for change in found] == ["moved"] * (config != after)


# Which widget is which


def test_a_widget_is_known_by_its_id_whatever_else_became_of_it() -> None:
    before = page(text("One two three", id="a"), text("Four five six", id="b"))
    after = page(text("Four five six", id="a"), text("One two three", id="b"))

    found = changes(before, after)

    assert told(found) == [("changed", "/widgets/0", "/widgets/0"), ("changed", "/widgets/1", "/widgets/1")]


def test_a_widget_without_an_id_is_known_by_its_content() -> None:
    before = page(text("One"), text("Two"), text("Three"))

    assert told(changes(before, page(text("Two"), text("Three")))) == [("removed", "/widgets/0", None)]
    assert told(changes(before, page(text("Three"), text("One"), text("Two")))) == [
        ("moved", "/widgets/2", "/widgets/0")
    ]


def test_what_is_neither_is_the_most_alike_of_its_type() -> None:
    before = page(text("The quick brown fox jumps"), text("Lorem ipsum dolor sit amet"))
    after = page(text("Lorem ipsum dolor sit there"), text("The quick brown fox sleeps"))

    found = changes(before, after)

    assert [change.before_pointer for change in found if change.kind == "changed"] == ["/widgets/1", "/widgets/0"]


def test_widgets_of_one_type_that_have_nothing_in_common_are_taken_in_their_order() -> None:
    found = changes(page(text("One"), text("Two")), page(text("Three"), text("Four")))

    assert told(found) == [("changed", "/widgets/0", "/widgets/0"), ("changed", "/widgets/1", "/widgets/1")]


def test_a_widget_of_another_type_or_with_another_id_is_another_one() -> None:
    found = changes(page(text("One", id="a")), page(table(["North", "1"], id="a"), text("Else", id="b")))

    assert told(found) == [
        ("removed", "/widgets/0", None),
        ("added", None, "/widgets/0"),
        ("added", None, "/widgets/1"),
    ]


def test_a_widget_that_only_got_another_id_is_the_same_one() -> None:
    found = changes(page(text("One", id="a")), page(text("One", id="b")))

    assert fields(found) == [("changed", "/widgets/0/id", "Id")]


def test_a_widget_moved_and_changed_is_told_as_both() -> None:
    before = page(text("One", id="a"), text("Two", id="b"), text("Three", id="c"))
    after = page(text("Three!", id="c"), text("One", id="a"), text("Two", id="b"))

    assert told(changes(before, after)) == [
        ("moved", "/widgets/2", "/widgets/0"),
        ("changed", "/widgets/2", "/widgets/0"),
    ]


# What changed in it


def test_a_row_put_in_front_and_one_cell_changed_are_two_fields() -> None:
    before = page(table(["North", "1"], ["South", "2"], ["West", "3"]))
    after = page(table(["East", "0"], ["North", "1"], ["South", "20"], ["West", "3"]))

    [change] = changes(before, after)

    assert fields([change]) == [
        ("added", "/widgets/0/rows/0", "Row 1"),
        ("changed", "/widgets/0/rows/2", "Row 3"),
    ]
    assert (change.fields[1].before, change.fields[1].after) == (["South", "2"], ["South", "20"])


def test_a_question_taken_out_is_one_field_and_an_answer_another() -> None:
    items = [{"question": f"Q{number}?", "answer": "Yes."} for number in range(4)]
    before = page({"type": "faq", "items": items})
    after = deepcopy(before)
    after["widgets"][0]["items"][3]["answer"] = "No."
    del after["widgets"][0]["items"][1]

    assert fields(changes(before, after)) == [
        ("removed", "/widgets/0/items/1", "Item 2"),
        ("changed", "/widgets/0/items/2/answer", "Item 3 › answer"),
    ]


def test_fields_of_the_page_have_names_for_people() -> None:
    before, after = page(), page(lang="de", icon_url="https://example.com/i.png", theme={"accent": "red"})

    [change] = changes(before, after)

    assert (change.what, change.widget, change.pointer) == ("page", None, "")
    assert {field.pointer: field.label for field in change.fields} == {
        "/lang": "Language",
        "/icon_url": "Icon URL",
        "/theme/accent": "Theme › accent",
    }


def test_a_text_is_told_whole() -> None:
    [change] = changes(page(text("word " * 5_000 + "end")), page(text("word " * 5_000 + "END")))

    [field] = change.fields
    assert (len(field.before), field.after[-3:]) == (25_003, "END")


def test_a_widget_has_a_name_for_people() -> None:
    [added] = changes(page(), page(text("First line\nand more", id="a")))

    assert added.widget is not None
    assert (added.widget.type, added.widget.id, added.widget.title) == ("text", "a", "First line and more")


# Configs as they come


def test_defaults_that_are_left_out_and_other_spellings_are_no_change() -> None:
    short = {"title": "A", "widgets": [{"type": "hero", "title": "B", "cta": {"text": "Go", "href": "/x"}}]}
    long = {**deepcopy(short), "background": "white", "lang": "en", "theme": {"font": "sans"}, "description": None}
    long["widgets"][0]["tagline"] = None

    assert changes(in_one_spelling(short), in_one_spelling(long)) == []


def test_a_draft_that_could_not_be_published_is_compared_all_the_same() -> None:
    draft = {"title": 7, "widgets": [{"type": "hero"}, "nonsense", {"type": "unheard-of", "x": 1}], "extra": True}

    found = changes(page(), in_one_spelling(draft))

    assert [change.kind for change in found] == ["changed", "added", "added", "added"]
    assert apply(page(), found) == in_one_spelling(draft)


@pytest.mark.parametrize("widgets", [None, "none", {"a": 1}])
def test_widgets_that_are_no_list_are_a_field_of_the_page(widgets: Any) -> None:
    odd = in_one_spelling({"title": "Spring", "widgets": widgets})

    found = changes(page(), odd)

    assert fields(found) == [("added", "/widgets", "Widgets")]


def test_the_largest_configs_are_compared_in_bounded_time() -> None:
    def largest(row: str) -> dict[str, Any]:
        rows = [[row if number % 3 else "x"] for number in range(1_000)]
        tables = [{"type": "table", "header": ["A"], "rows": rows[number:]} for number in range(100)]
        return page(*tables, *(text(f"{row} " * 400 + str(number)) for number in range(100)))

    before, after = largest("a"), largest("b")

    began = time.thread_time()
    changes(before, after)

    assert time.thread_time() - began < 3
