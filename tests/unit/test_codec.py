"""How pages are stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.codec import MOST_BYTES, MOST_WINDOW_BYTES, compress, decompress, is_for_browsers
from shared.errors import Undecodable


@given(st.binary(max_size=5_000))
def test_a_page_comes_back_as_it_was(page: bytes) -> None:
    assert decompress(compress(page)) == page


@given(st.binary(min_size=1, max_size=2_000))
def test_the_bound_is_the_largest_page_that_comes_back(page: bytes) -> None:
    assert decompress(compress(page), most=len(page)) == page
    with pytest.raises(Undecodable):
        decompress(compress(page), most=len(page) - 1)


def test_a_small_bomb_is_refused_before_it_fills_memory() -> None:
    bomb = compress(bytes(50_000_000))

    assert len(bomb) < 10_000
    with pytest.raises(Undecodable):
        decompress(bomb, most=1_000_000)


DAMAGED = {
    "nothing": b"",
    "junk": b"junk",
    "cut short": compress(b"x" * 1000)[:-3],
    "two frames": compress(b"x") + compress(b"y"),
    "a tail": compress(b"x") + b"y",
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_damage_is_told(damaged: bytes) -> None:
    with pytest.raises(Undecodable):
        decompress(damaged)


@pytest.mark.parametrize("length", [0, 1, 9_400, 300_000, MOST_WINDOW_BYTES + 1, MOST_BYTES])
def test_every_page_that_is_stored_suits_browsers(length: int) -> None:
    assert is_for_browsers(compress(bytes(length)))
