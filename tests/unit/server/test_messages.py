"""Messages of one second: whole, kept for who comes next, and in a file where that pays."""

import os
import sys
from collections.abc import Iterator

import pytest

from services.server.answers import Answer
from services.server.messages import COSTS_BYTES, SEEN_BYTES, SHORTEST_IN_FILE, Message, Messages

DATE = b"date: Thu, 26 Nov 2026 09:00:00 GMT\r\n"
PAGE = b"<p>" + b"x" * 9_000 + b"</p>"

on_files = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="there are no files in memory here")


@pytest.fixture
def messages() -> Iterator[Messages]:
    own = Messages()
    yield own
    own.forget()


def answer(body: bytes = PAGE) -> Answer:
    return Answer(200, ((b"content-length", b"%d" % len(body)),), body)


def make(messages: Messages, of: Answer, times: int = 2) -> Message:
    for _ in range(times):
        made = messages.find(of) or messages.make(of, DATE)
    return made


def in_file(message: Message) -> bytes:
    return os.pread(message.file.fd, message.length, message.at)


def test_it_is_the_whole_answer(messages: Messages) -> None:
    made = make(messages, answer(b"<p>Offer</p>"), times=1)

    assert made.data == b"HTTP/1.1 200 OK\r\n" + DATE + b"content-length: 12\r\n\r\n<p>Offer</p>"
    assert made.length == len(made.data)


def test_what_is_sent_once_is_not_kept(messages: Messages) -> None:
    spring = answer()
    held_by = sys.getrefcount(spring)

    made = make(messages, spring, times=1)

    assert not made.is_kept
    assert messages.find(spring) is None
    # Nor the answer: a page that left the memory is to be gone.
    assert sys.getrefcount(spring) == held_by


def test_what_is_sent_twice_is_kept_by_itself(messages: Messages) -> None:
    spring, same = answer(), answer()

    made = make(messages, spring)

    assert made.is_kept
    assert messages.find(spring) is made
    assert messages.find(same) is None


@on_files
def test_what_is_kept_lies_in_a_file_one_behind_the_other(messages: Messages) -> None:
    bodies = [PAGE, b"a" * 5_000, b"b" * 12_345]

    made = [make(messages, answer(body)) for body in bodies]

    assert [in_file(message) for message in made] == [message.data for message in made]
    assert len({message.file.fd for message in made}) == 1


@on_files
def test_what_is_short_does_not_lie_in_the_file(messages: Messages) -> None:
    made = make(messages, answer(b"x" * (SHORTEST_IN_FILE - 500)))

    assert made.is_kept
    assert made.file.fd < 0


def test_where_it_is_not_to_be_sent_from_a_file_there_is_none() -> None:
    messages = Messages(is_filed=False)

    made = make(messages, answer())

    assert made.is_kept
    assert made.file.fd < 0
    messages.forget()


@on_files
def test_with_the_second_the_file_is_closed_and_another_begun(messages: Messages) -> None:
    spring = answer()
    made = make(messages, spring)

    messages.forget()

    assert messages.find(spring) is None
    assert (made.file.fd, messages.size_bytes) == (-1, 0)
    assert in_file(make(messages, spring)) == made.data


@pytest.mark.parametrize("is_filed", [True, False])
def test_it_holds_no_more_bytes_than_it_may(*, is_filed: bool) -> None:
    answers = [answer(b"%03d" % number + b"x" * 997) for number in range(100)]
    copies = 2 if is_filed else 1
    costs = SEEN_BYTES + COSTS_BYTES + copies * Message(make(Messages(), answers[0], times=1).data).length
    messages = Messages(is_filed=is_filed, most_bytes=9 * costs + 5)

    for each in answers:
        make(messages, each)

    assert [each for each in answers if messages.find(each)] == answers[:9]
    assert messages.size_bytes <= 9 * costs + 5
    messages.forget()


def test_without_a_descriptor_to_spare_it_is_kept_here_alone(
    messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_name: str) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", refuse, raising=False)

    made = make(messages, answer())

    assert made.is_kept
    assert made.file.fd < 0


def test_with_a_python_that_knows_no_such_files_it_is_kept_here_alone(
    messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)

    made = make(messages, answer())

    assert made.is_kept
    assert made.file.fd < 0


@on_files
def test_what_does_not_fit_into_the_file_is_not_taken_from_there(
    messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.pwrite
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", lambda fd, data, at: write(fd, data[:100], at))
        cut = make(messages, answer())

    whole = make(messages, answer(b"y" * 5_000))

    assert cut.file.fd < 0
    assert in_file(whole) == whole.data
