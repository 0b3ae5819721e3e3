"""The schema of the editor's form: from the Structs alone, with names and kinds for people."""

from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from services.api.form import form_schema, named, worded
from shared.config import Config
from shared.widgets import AnyWidget
from shared.widgets.parts import Widget
from shared.widgets.texts import Line, Markdown
from tests.unit.builder.reading import EVERY_WIDGET

SCHEMA = form_schema(Config)
FIELDS = SCHEMA["properties"]


class Countdown(Widget, frozen=True, tag="countdown"):
    """Countdown: days until something begins."""

    title: Line
    body: Markdown | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    widgets: tuple[Countdown, ...] = ()


def struct_of(widget: type) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA["$defs"][widget.__name__]
    return found


def test_it_is_a_schema_that_takes_what_the_api_takes() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)

    assert validator.is_valid({"title": "A page", "widgets": EVERY_WIDGET})
    assert not validator.is_valid({"title": "A page", "widgets": [{"type": "hero"}]})


@pytest.mark.parametrize("widget", AnyWidget.__args__)
def test_every_widget_has_a_name_and_a_line_about_it(widget: type) -> None:
    found = struct_of(widget)

    assert 1 < len(found["title"]) <= 20
    assert found["description"].endswith(".")
    assert not found["description"].startswith(found["title"])


def test_every_field_has_a_name_in_words() -> None:
    names = [
        (struct, name, field.get("title", ""))
        for struct, schema in [("Config", SCHEMA), *SCHEMA["$defs"].items()]
        for name, field in schema["properties"].items()
        if name != "type"
    ]

    assert names
    assert [known for known in names if not known[2] or "_" in known[2] or not known[2][0].isupper()] == []


@pytest.mark.parametrize(
    ("struct", "field", "kind"),
    [
        ("Config", "title", "title"),
        ("Config", "background", "colour"),
        ("Picture", "src", "image"),
        ("Picture", "width", "pixels"),
        ("Button", "href", "link"),
        ("Text", "body", "markdown"),
        ("Quote", "text", "prose"),
    ],
)
def test_a_field_says_what_kind_of_control_suits_it(struct: str, field: str, kind: str) -> None:
    described = SCHEMA if struct == "Config" else SCHEMA["$defs"][struct]

    assert described["properties"][field]["x-kind"] == kind


def test_an_optional_field_says_its_kind_inside() -> None:
    tagline = SCHEMA["$defs"]["Hero"]["properties"]["tagline"]

    assert [option.get("x-kind") for option in tagline["anyOf"]] == ["line", None]
    assert tagline["default"] is None


def test_fields_keep_the_order_of_their_struct() -> None:
    assert list(FIELDS) == ["title", "description", "lang", "icon_url", "background", "theme", "widgets"]
    assert list(SCHEMA["$defs"]["Hero"]["properties"])[:3] == ["type", "title", "tagline"]


def test_a_widget_that_is_added_in_python_is_in_the_schema() -> None:
    found = form_schema(Page)["$defs"]["Countdown"]

    assert (found["title"], found["description"]) == ("Countdown", "Days until something begins.")
    assert found["properties"]["type"] == {"const": "countdown"}
    assert found["properties"]["body"]["anyOf"][0]["x-kind"] == "markdown"


def test_a_docstring_that_names_nothing_leaves_the_structs_name() -> None:
    assert named("FirstThing", "One thing: or another.") == ("One thing", "Or another.")
    assert named("FirstThing", "what is: small") == ("First thing", "what is: small")
    assert worded("icon_url") == "Icon url"
