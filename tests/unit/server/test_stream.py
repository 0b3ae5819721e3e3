"""What waits for a watcher, and when its stream ends."""

import asyncio

from services.server.hub import Block, Piece
from services.server.stream import Stream
from shared.streams import position


class Ends:
    """Counts how often a stream said that it has to end."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def piece(at: str, text: bytes) -> Piece:
    return Piece([Block(position(at) if at else None, text)])


async def test_what_was_sent_before_is_not_sent_again() -> None:
    stream = Stream(Ends())
    stream.sent = "5-1"

    for at in ("5-0", "5-1", "5-2", "10-0"):
        stream.send(piece(at, f"<{at}>".encode()))

    assert stream.take() == b"<5-2><10-0>"
    assert stream.sent == "10-0"
    assert stream.take() == b""


async def test_a_block_without_a_position_is_always_sent_and_moves_none() -> None:
    stream = Stream(Ends())
    stream.sent = "5-1"

    stream.send(piece("", b"<paused>"))

    assert stream.take() == b"<paused>"
    assert stream.sent == "5-1"


async def test_a_watcher_too_far_behind_is_ended_once_and_nothing_more_waits_for_it() -> None:
    ends = Ends()
    stream = Stream(ends, most_bytes=10)

    for number in range(1, 30):
        stream.send(piece(f"{number}-0", b"12345"))

    assert ends.count == 1
    assert stream.is_ending
    assert stream.take() == b""


async def test_a_reset_takes_the_place_of_what_waits() -> None:
    stream = Stream(Ends())
    stream.send(piece("7-0", b"old"))

    stream.reset()

    assert await stream.wait(10)
    assert stream.needs_snapshot
    assert stream.take() == b""


async def test_a_quiet_wait_says_so() -> None:
    assert await Stream(Ends()).wait(0.001) is False


async def test_an_event_that_meets_the_end_of_a_quiet_wait_is_not_overtaken_by_a_heartbeat() -> None:
    stream = Stream(Ends())
    waiting = asyncio.create_task(stream.wait(0))
    # One turn of the loop for the task to begin its wait, one for its timer: it is about to give up.
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    stream.send(piece("9-0", b"event"))

    assert await waiting is True
    assert stream.take() == b"event"
