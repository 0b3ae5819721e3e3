"""What is wrong with a config, all at once, and always the same as what publishing refuses."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.faults import MOST_FAULTS, Fault, find_faults, read
from services.api.versions import CONFIG, NewVersion
from shared.errors import Invalid

WORDS = st.sampled_from(
    [
        "title",
        "widgets",
        "type",
        "hero",
        "image",
        "table",
        "rows",
        "header",
        "background",
        "theme",
        "accent",
        "id",
        "cta",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | WORDS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=5)
)
# Configs that are almost right: the good one with something in it replaced.
PLACES = [
    ("title",),
    ("background",),
    ("widgets",),
    ("widgets", 0),
    ("widgets", 0, "cta"),
    ("widgets", 0, "cta", "href"),
    ("widgets", 1, "rows"),
    ("widgets", 1, "rows", 0),
    ("widgets", 1, "type"),
    ("theme",),
]


def faults_of(config: Any) -> list[Fault]:
    return find_faults(msgspec.json.encode({"config": config}), NewVersion)


def refusal(config: Any) -> Invalid | None:
    try:
        read(msgspec.json.encode({"config": config}), NewVersion)
    except Invalid as error:
        return error
    return None


def damaged(place: tuple[str | int, ...], damage: Any) -> Any:
    config = msgspec.json.decode(msgspec.json.encode(CONFIG))
    inner = config
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = damage
    return config


def check(config: Any) -> None:
    found, refused = faults_of(config), refusal(config)

    assert bool(found) == (refused is not None)
    if refused is not None:
        assert Fault(refused.pointer or "", refused.detail, refused.mend) in found
    assert all(fault.detail and fault.mend for fault in found)
    assert len({fault.pointer for fault in found}) == len(found) <= MOST_FAULTS


@given(JSON)
def test_a_config_has_faults_when_publishing_refuses_it_and_its_reason_is_among_them(config: Any) -> None:
    check(config)


@given(st.sampled_from(PLACES), JSON)
def test_so_has_one_that_is_almost_right(place: tuple[str | int, ...], damage: Any) -> None:
    check(damaged(place, damage))


def test_a_config_that_can_be_published_has_no_faults() -> None:
    assert faults_of(CONFIG) == []


def test_every_field_and_every_widget_has_its_own_fault() -> None:
    button = {"text": "\u2060", "href": "javascript:alert(1)"}
    widgets = [
        {"type": "hero"},
        {"type": "hero", "title": "Good"},
        {"type": "image", "src": "/a.png"},
        {"type": "zork"},
        {"title": "of no type"},
        7,
        {"type": "hero", "title": " ", "cta": button, "odd": 1},
        {"type": "table", "header": ["a"], "rows": [["1"], ["2", "3"]]},
    ]

    found = faults_of({"titel": "A", "lang": 5, "theme": {"accent": "zork", "font": "comic"}, "widgets": widgets})

    assert {fault.pointer for fault in found} == {
        "/config/title",
        "/config/titel",
        "/config/lang",
        "/config/theme/accent",
        "/config/theme/font",
        "/config/widgets/0/title",
        "/config/widgets/2/width",
        "/config/widgets/2/height",
        "/config/widgets/3/type",
        "/config/widgets/4/type",
        "/config/widgets/5",
        "/config/widgets/6/odd",
        "/config/widgets/6/title",
        "/config/widgets/6/cta/text",
        "/config/widgets/6/cta/href",
        "/config/widgets/7/rows/1",
    }


@pytest.mark.parametrize(
    ("config", "pointer"),
    [
        ({"title": "A", "widgets": [{"type": "hero", "title": "A", "id": "a"}] * 2}, "/config/widgets/1/id"),
        ({"title": "A", "widgets": [{"type": "hero", "title": "A"}] * 201}, "/config/widgets"),
        ({"title": "A", "widgets": [{"type": "image", "src": "/a", "width": 1, "height": 1}]}, "/config/widgets/0/alt"),
        ({"title": "A", "widgets": [{"type": "text", "body": "[a](javascript:x)"}]}, "/config/widgets/0/body"),
    ],
)
def test_what_holds_the_parts_together_is_looked_at_where_each_of_them_is_right(config: Any, pointer: str) -> None:
    assert [fault.pointer for fault in faults_of(config)] == [pointer]


def test_a_place_is_named_in_the_whole_and_its_mend_knows_what_is_there() -> None:
    [fault] = faults_of({"title": "A", "widgets": [{"type": "hero", "title": "A", "tagline": "B", "bodi": "C"}]})

    assert fault.pointer == "/config/widgets/0/bodi"
    assert fault.mend == "did you mean body? Known here: body, image, cta, cta2, id"


def test_what_publishing_refuses_is_told_though_there_is_much_else() -> None:
    config = {"title": "A", "widgets": [{"type": "hero", "title": "\u2060"}] * 150 + [{"type": "hero"}]}

    found, refused = faults_of(config), refusal(config)

    assert refused is not None
    assert refused.pointer == "/config/widgets/150/title"
    assert found[0].pointer == refused.pointer
    assert len(found) == MOST_FAULTS


def test_faults_are_bounded() -> None:
    assert len(faults_of({"title": "A", "widgets": [{"type": "zork"}] * 5_000})) == MOST_FAULTS
