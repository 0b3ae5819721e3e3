"""Backoff: grows, is capped, and is spread."""

from hypothesis import given
from hypothesis import strategies as st

from shared.retry import FIRST_MS, LONGEST_MS, backoff_ms


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_never_nothing_and_never_longer_than_the_longest(attempt: int, dice: float) -> None:
    assert FIRST_MS / 2 <= backoff_ms(attempt, dice) <= LONGEST_MS


def test_delays_double() -> None:
    assert [backoff_ms(attempt, 0) for attempt in (1, 2, 3)] == [250, 500, 1000]


def test_the_dice_spread_the_upper_half() -> None:
    assert (backoff_ms(3, 0), backoff_ms(3, 0.5)) == (1000, 1500)
