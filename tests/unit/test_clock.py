"""The time that answers carry."""

from email.utils import formatdate

import pytest

from shared.clock import MOST_AHEAD_S, Clock

NOON = 1_800_000_000


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [NOON + 0.25]
    monkeypatch.setattr("time.time", lambda: now[0])
    return now


def date(second: float) -> bytes:
    return formatdate(second, usegmt=True).encode()


def test_it_says_how_long_it_is_right(now: list[float]) -> None:
    clock = Clock()

    assert (clock.date, clock.next_s) == (date(NOON), 0.75)


def test_something_that_happened_in_the_next_second_begins_it(now: list[float]) -> None:
    clock = Clock()
    now[0] = NOON + 1.001

    clock.reach((NOON + 1) * 1000)

    assert clock.date == date(NOON + 1)
    assert clock.date_line == b"date: " + date(NOON + 1) + b"\r\n"


def test_a_clock_that_is_a_little_ahead_is_followed_until_it_is_caught_up_with(now: list[float]) -> None:
    clock = Clock()

    clock.reach((NOON + MOST_AHEAD_S) * 1000)

    assert clock.date == date(NOON + MOST_AHEAD_S)
    now[0] = NOON + MOST_AHEAD_S - 0.1
    clock.tick()
    assert clock.date == date(NOON + MOST_AHEAD_S)
    now[0] = NOON + MOST_AHEAD_S + 1
    clock.tick()
    assert clock.date == date(NOON + MOST_AHEAD_S + 1)


def test_a_clock_that_is_wrong_is_not_followed(now: list[float]) -> None:
    clock = Clock()

    clock.reach((NOON + MOST_AHEAD_S + 1) * 1000)

    assert clock.date == date(NOON)


def test_listeners_are_told_of_each_tick(now: list[float]) -> None:
    clock, told = Clock(), []
    clock.on_tick(lambda: told.append(clock.date))

    clock.reach(NOON * 1000)
    clock.reach((NOON + 1) * 1000)
    clock.tick()

    assert told == [date(NOON + 1)] * 2
