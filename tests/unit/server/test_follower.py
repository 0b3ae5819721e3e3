"""How long the follower waits before it tries again."""

from services.server.follower import FIRST_PAUSE_S, LONGEST_PAUSE_S, pause_s


def test_pauses_double_up_to_a_bound() -> None:
    longest = [pause_s(failures, 1.0) for failures in (1, 2, 3, 4, 5, 6, 1_000_000)]

    assert longest == [0.1, 0.2, 0.4, 0.5, 0.5, 0.5, 0.5]


def test_dice_take_off_up_to_half() -> None:
    assert pause_s(1, 0.0) == FIRST_PAUSE_S / 2
    assert pause_s(50, 0.0) == LONGEST_PAUSE_S / 2
