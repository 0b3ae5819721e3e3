"""What a type takes, in words."""

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import inspect

from services.api.kinds import describe, fields_of, place_at, suggest, write
from services.api.versions import NewVersion
from shared.config import Config, Slug
from shared.values import Colour
from shared.widgets import AnyWidget
from shared.widgets.texts import Pixels, Title


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Title, "one line of 1 to 200 characters"),
        (Pixels, "CSS pixels of 1 to 10,000"),
        (str, "a text"),
        (Annotated[str, msgspec.Meta(max_length=3)], "a text of at most 3 characters"),
        (Annotated[tuple[str, ...], msgspec.Meta(min_length=2)], "a list of at least 2 items"),
        (bool, "true or false"),
        (Literal["a", "b"], "one of a, b"),
        (Colour, "#rrggbb, rgb(r, g, b) or a CSS colour name"),
        (Title | None, "one line of 1 to 200 characters, or leave it out"),
    ],
)
def test_a_type_is_described_in_words(kind: type, words: str) -> None:
    assert describe(inspect.type_info(kind)) == words


def test_a_mend_that_is_an_order_already_is_left_alone() -> None:
    assert write(inspect.type_info(Slug)).startswith("use 1 to 63 lower-case letters")
    assert write(inspect.type_info(Title)).startswith("write one line")


def test_a_widget_is_told_by_its_type() -> None:
    widgets = inspect.type_info(AnyWidget)

    assert "rows" in fields_of(widgets, {"type": "table"})
    assert "rows" not in fields_of(widgets, {"type": "hero"})
    assert list(fields_of(widgets, {"type": "nobody"})) == ["type"]


def test_a_place_is_found_through_lists_and_widgets() -> None:
    body = {"config": {"widgets": [{"type": "cta", "button": {"href": 3}}]}}

    place = place_at(NewVersion, body, ["config", "widgets", 0, "button", "href"])

    assert place.pointer == "/config/widgets/0/button/href"
    assert place.value == 3
    assert "relative address" in describe(place.kind)


def test_a_place_that_is_not_there_does_no_harm() -> None:
    place = place_at(Config, {"widgets": 3}, ["widgets", 7, "nowhere", "else"])

    assert (place.pointer, place.value) == ("/widgets/7/nowhere/else", None)


def test_a_near_miss_is_suggested() -> None:
    assert suggest("titel", ["title", "lang"]) == "did you mean title? Known here: title, lang"
    assert suggest("zzz", ["title", "lang"]) == "known here: title, lang"
