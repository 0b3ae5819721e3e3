"""Death is judged by looks: by whether a count moves while somebody looks, never by a clock alone."""

from shared.heartbeat import ABSENT_LOOKS, MISSED_BEATS, DeathWatch


def test_who_beats_is_alive_however_long_it_is_watched() -> None:
    watch = DeathWatch()

    assert [watch.look({"b": b"%d" % beat}) for beat in range(50)] == [[]] * 50


def test_a_count_that_stands_still_is_death_after_the_missed_beats() -> None:
    watch = DeathWatch()

    looks = [watch.look({"b": b"7"}) for _ in range(MISSED_BEATS + 1)]

    assert looks == [[]] * MISSED_BEATS + [["b"]]


def test_a_key_that_is_gone_once_is_not_death() -> None:
    """Redis was away for longer than the TTL, or its clock was set forward: the next beat brings the key back."""
    watch = DeathWatch()

    assert watch.look({"b": b"7"}) == []
    for _ in range(ABSENT_LOOKS - 1):
        assert watch.look({"b": None}) == []
    assert watch.look({"b": b"8"}) == []
    assert watch.look({"b": None}) == []


def test_a_key_that_stays_gone_is_death() -> None:
    watch = DeathWatch()

    assert [watch.look({"b": None}) for _ in range(ABSENT_LOOKS)][-1] == ["b"]


def test_who_comes_back_is_alive_again() -> None:
    watch = DeathWatch()
    for _ in range(ABSENT_LOOKS):
        watch.look({"b": None})

    assert watch.look({"b": b"9"}) == []
