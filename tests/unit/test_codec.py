"""How pages are stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.codec import compress, decompress
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


@pytest.mark.parametrize("damaged", [b"", b"junk", compress(b"x" * 1000)[:-3]], ids=["nothing", "junk", "cut short"])
def test_damage_is_told(damaged: bytes) -> None:
    with pytest.raises(Undecodable):
        decompress(damaged)
