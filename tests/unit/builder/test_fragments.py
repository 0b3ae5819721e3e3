"""The cache of rendered fragments keeps what is used, within its bound."""

from hypothesis import given
from hypothesis import strategies as st

from services.builder.fragments import ENTRY_BYTES, Fragments


def test_what_was_kept_is_found() -> None:
    fragments = Fragments(10_000)

    fragments.keep(b"key", b"fragment")

    assert fragments.get(b"key") == b"fragment"
    assert fragments.get(b"other") is None


def test_what_was_not_used_for_longest_goes_first() -> None:
    fragments = Fragments(2 * (ENTRY_BYTES + 2))
    fragments.keep(b"a", b"1")
    fragments.keep(b"b", b"2")
    fragments.get(b"a")

    fragments.keep(b"c", b"3")

    assert [fragments.get(key) for key in (b"a", b"b", b"c")] == [b"1", None, b"3"]


def test_one_that_is_larger_than_the_cache_drops_nothing() -> None:
    fragments = Fragments(ENTRY_BYTES + 10)
    fragments.keep(b"a", b"1")

    handed_back = fragments.keep(b"b", b"2" * 10)

    assert handed_back == b"2" * 10
    assert fragments.get(b"a") == b"1"


@given(st.lists(st.tuples(st.binary(max_size=3), st.integers(0, 900))))
def test_the_cache_never_outgrows_its_bound(entries: list[tuple[bytes, int]]) -> None:
    fragments = Fragments(2_000)

    for key, size in entries:
        fragments.keep(key, b"x" * size)

        assert 0 <= fragments.bytes <= 2_000
