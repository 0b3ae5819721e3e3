"""Requests that come again: what is remembered of them, and for how long."""

from services.server.addresses import read_address
from services.server.heads import Line
from services.server.messages import Message
from services.server.repeats import COSTS_BYTES, LONGEST, Repeat, Repeats

ASKED = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"


def repeat(data: bytes) -> Repeat:
    return Repeat(Message(data), 200, Line(read_address("/"), False))


def note(repeats: Repeats, request: bytes, answer: Repeat) -> None:
    """What a connection does with each request."""
    if repeats.is_again(request):
        repeats.keep(request, answer)


def test_what_was_asked_once_has_no_answer() -> None:
    repeats = Repeats()

    note(repeats, ASKED, repeat(b"answer"))

    assert repeats.find(ASKED) is None


def test_what_was_asked_twice_is_found() -> None:
    repeats, answer = Repeats(), repeat(b"answer")

    for _ in range(2):
        note(repeats, ASKED, answer)

    assert repeats.find(ASKED) is answer
    assert repeats.find(ASKED + b"x") is None


def test_a_change_forgets_all() -> None:
    repeats = Repeats()
    for _ in range(2):
        note(repeats, ASKED, repeat(b"answer"))

    repeats.forget()

    assert repeats.find(ASKED) is None
    assert repeats.size_bytes == 0
    note(repeats, ASKED, repeat(b"another"))
    assert repeats.find(ASKED) is None


def test_it_holds_no_more_bytes_than_it_may() -> None:
    asked = [b"%03d" % number + b"x" * 97 for number in range(100)]
    repeats = Repeats(most_bytes=9 * (100 + COSTS_BYTES))

    for request in asked:
        for _ in range(2):
            note(repeats, request, repeat(b"answer"))

    assert [request for request in asked if repeats.find(request)] == asked[:9]
    assert repeats.size_bytes == 9 * (100 + COSTS_BYTES)


def test_a_very_long_request_is_not_kept() -> None:
    repeats = Repeats()

    for _ in range(3):
        note(repeats, b"x" * (LONGEST + 1), repeat(b""))

    assert repeats.find(b"x" * (LONGEST + 1)) is None
    assert repeats.size_bytes == 0
