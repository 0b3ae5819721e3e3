"""What is said about a body that is not right; the table of cases stands in the integration tests."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.api.problems import explain
from services.api.versions import CONFIG, NewVersion
from shared.errors import Invalid, Malformed
from shared.values import decode_value

DECODER = msgspec.json.Decoder(NewVersion, dec_hook=decode_value)
WORDS = st.sampled_from(["config", "title", "widgets", "type", "hero", "table", "rows", "background", "publish", "id"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
)
GOOD = msgspec.json.encode({"config": CONFIG, "publish": True, "note": ""})


def refusal(body: bytes) -> Invalid | None:
    """What the api would say about a body, None where it is right."""
    try:
        DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return explain(error, body, NewVersion)
    return None


def points_into(body: bytes, pointer: str) -> bool:
    """Whether all but the last step of a pointer leads to something that is there."""
    value: Any = msgspec.json.decode(body)
    for step in pointer.split("/")[1:-1]:
        name = step.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(name) if isinstance(value, list) else name]
        except (KeyError, IndexError, ValueError, TypeError):
            return False
    return True


@given(st.binary(max_size=60))
@example(b"\\")
def test_any_bytes_are_refused_with_a_mend(body: bytes) -> None:
    refused = refusal(body)

    assert refused is not None
    assert refused.mend


@given(JSON)
def test_any_json_is_refused_at_a_place_that_is_there(value: Any) -> None:
    body = msgspec.json.encode({"config": value})

    refused = refusal(body)

    if refused is not None and not isinstance(refused, Malformed):
        assert refused.mend
        assert points_into(body, refused.pointer)


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3))
def test_a_damaged_body_is_refused_or_right(at: int, damage: bytes) -> None:
    refused = refusal(GOOD[:at] + damage + GOOD[at + 1 :])

    assert refused is None or refused.mend


def test_a_good_body_is_right() -> None:
    assert refusal(GOOD) is None


@pytest.mark.parametrize("name", ["a - at `$.title`", "`", "a - at `$.b", "- at", "\n", "/", "~", "ü", ""])
def test_a_field_whose_name_looks_like_a_path_is_named_as_it_is(name: str) -> None:
    body = msgspec.json.encode({"config": {"title": "A"}, name: 1})

    refused = refusal(body)

    assert refused is not None
    assert refused.pointer == "/" + name.replace("~", "~0").replace("/", "~1")


def test_what_a_caller_wrote_is_shown_in_part_only() -> None:
    long = "q" * 100_000
    bodies = [{"config": {"title": "A", long: 1}}, {"config": {"title": "A", "widgets": [{"type": long}]}}]

    for body in bodies:
        refused = refusal(msgspec.json.encode(body))

        assert refused is not None
        assert len(refused.detail) + len(refused.pointer) + len(refused.mend) < 1_000


def test_malformed_json_comes_before_what_is_wrong_in_it() -> None:
    assert isinstance(refusal(b'{"nonsense": 1, '), Malformed)
    assert not isinstance(refusal(b'{"nonsense": 1}'), Malformed)


def test_a_row_that_does_not_fit_is_counted_in_plain_words() -> None:
    table = {"type": "table", "header": ["a", "b"], "rows": [["1"]]}

    refused = refusal(msgspec.json.encode({"config": {"title": "A", "widgets": [table]}}))

    assert refused is not None
    assert refused.pointer == "/config/widgets/0/rows/0"
    assert refused.detail == "The row has 1 cell, and the header has 2 cells."


@pytest.mark.parametrize(
    ("config", "detail", "mend"),
    [
        ('{"title":""}', "This needs at least 1 character; it has 0.", "write one line of 1 to 200 characters"),
        (
            '{"title":"A","description":"a\\u0000"}',
            "The text has a control character, U+0000.",
            "take it out; write one line of 1 to 500 characters, or leave it out",
        ),
        ('{"title":1e99999}', "The number is too large.", "write one line of 1 to 200 characters"),
        (
            '{"title":"A","widgets":[{"type":"image","src":"/a","alt":"a","width":1.5,"height":1}]}',
            "This must be a whole number, without a fraction.",
            "write CSS pixels of 1 to 10,000",
        ),
    ],
)
def test_a_refusal_reads_as_a_sentence(config: str, detail: str, mend: str) -> None:
    refused = refusal(b'{"config":%b}' % config.encode())

    assert refused is not None
    assert (refused.detail, refused.mend) == (detail, mend)
