"""No text that fits a body can keep a pattern busy: one regular expression holds up the whole process."""

import re
import time
from collections.abc import Iterator

import pytest
from msgspec import inspect

from services.api.sites import NewSite
from services.api.versions import NewVersion

LONGEST = 50_000
FILLINGS = ["a", "A", "1", " ", "-", "a-", "a ", " a", "\n", "\ta\n", "é"]
FORBIDDEN = "\x01"


def texts_of(kind: inspect.Type, seen: set[type]) -> Iterator[inspect.StrType]:
    """Every text with a pattern in a Struct, however deep."""
    match kind:
        case inspect.StrType(pattern=str()):
            yield kind
        case inspect.Metadata():
            yield from texts_of(kind.type, seen)
        case inspect.UnionType():
            for option in kind.types:
                yield from texts_of(option, seen)
        case inspect.VarTupleType():
            yield from texts_of(kind.item_type, seen)
        case inspect.StructType() if kind.cls not in seen:
            seen.add(kind.cls)
            for field in kind.fields:
                yield from texts_of(field.type, seen)


SEEN: set[type] = set()
BOUNDS = {
    (text.pattern, text.max_length or LONGEST)
    for body in (NewSite, NewVersion)
    for text in texts_of(inspect.type_info(body), SEEN)
}


def test_every_kind_of_text_is_looked_at() -> None:
    patterns = {pattern for pattern, _ in BOUNDS}

    assert len(patterns) >= 6
    assert len(BOUNDS) > len(patterns)


@pytest.mark.parametrize("filling", FILLINGS)
@pytest.mark.parametrize(("pattern", "most"), sorted(BOUNDS))
def test_a_text_that_is_wrong_at_its_very_end_is_refused_at_once(pattern: str, most: int, filling: str) -> None:
    text = (filling * most)[: most - 1] + FORBIDDEN

    began = time.process_time()
    found = re.search(pattern, text)

    assert found is None
    assert time.process_time() - began < 1
