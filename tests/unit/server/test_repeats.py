"""Requests that come again: what is remembered of them, and for how long."""

from services.server.addresses import read_address
from services.server.heads import Line
from services.server.repeats import LONGEST, Repeat, Repeats

ASKED = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"


def repeat(data: bytes) -> Repeat:
    return Repeat(data, 200, Line(read_address("/"), False))


def note(repeats: Repeats, request: bytes, answer: Repeat) -> None:
    """What a connection does with each request."""
    if repeats.is_again(request):
        repeats.keep(request, answer)


def test_what_was_asked_once_is_not_kept() -> None:
    repeats = Repeats()

    note(repeats, ASKED, repeat(b"answer"))

    assert repeats.find(ASKED) is None
    assert repeats.size_bytes == 0


def test_what_was_asked_twice_is_found() -> None:
    repeats = Repeats()

    for _ in range(2):
        note(repeats, ASKED, repeat(b"answer"))

    assert repeats.find(ASKED) == repeat(b"answer")
    assert repeats.find(ASKED + b"x") is None


def test_a_change_forgets_all() -> None:
    repeats = Repeats()
    for _ in range(2):
        note(repeats, ASKED, repeat(b"answer"))

    repeats.forget()

    assert repeats.find(ASKED) is None
    assert (len(repeats), repeats.size_bytes) == (0, 0)
    note(repeats, ASKED, repeat(b"another"))
    assert repeats.find(ASKED) is None


def test_it_holds_no_more_bytes_than_it_may() -> None:
    repeats = Repeats(most_bytes=10_000)

    for number in range(100):
        for _ in range(2):
            note(repeats, b"%d" % number, repeat(b"x" * 1_000))

    assert len(repeats) == 9
    assert repeats.size_bytes <= 10_000


def test_it_remembers_no_more_requests_than_it_may() -> None:
    repeats = Repeats(most_seen=3)

    for _ in range(2):
        for number in range(10):
            note(repeats, b"%d" % number, repeat(b""))

    assert len(repeats) == 3


def test_a_very_long_request_is_not_kept() -> None:
    repeats = Repeats()

    for _ in range(3):
        note(repeats, b"x" * (LONGEST + 1), repeat(b""))

    assert len(repeats) == 0
