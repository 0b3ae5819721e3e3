"""A stream at its transport: what goes out, in which order, and what a last id may do."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.server import held as module
from services.server.held import HeldStream, Taken
from services.server.hub import Block, Piece, encode_word, framed
from services.server.stream import MOST_WAITING_BYTES
from shared.errors import StoreUnavailable
from tests.conftest import wait_until


class Transport(asyncio.Transport):
    """Keeps what is written, and lets the test say how much of it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.sent, self.waiting = b"", 0
        self.is_closed = self.is_aborted = False

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.is_closed or self.is_aborted

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = True


class Told:
    """A stream and what its client has read."""

    def __init__(self) -> None:
        self.lost = self.resets = 0
        self.transport = Transport()
        self.held = HeldStream(("acme", "spring"), "digest", 1e9, self._on_lost, self._on_reset)

    def _on_lost(self, _held: HeldStream) -> None:
        self.lost += 1

    def _on_reset(self, _held: HeldStream) -> None:
        self.resets += 1

    async def begin(self, *past: bytes, upto: str = "5-0") -> None:
        stream = self.held.begin()
        self.held.greet(Taken(self.transport, set(), b"date: now\r\n"), "")

        async def pieces() -> AsyncIterator[bytes]:
            for piece in past:
                yield piece
            stream.sent = upto

        await self.held.tell(stream, pieces())

    def visit(self, at: tuple[int, int], times: int = 1) -> None:
        for _ in range(times):
            self.held.beat(at, framed(b"id: %d-%d\n\n" % at))

    @property
    def ids(self) -> list[str]:
        return [found.decode() for found in re.findall(rb"(?m)^id: (.*)$", self.transport.sent)]


def event(*at: tuple[int, int]) -> Piece:
    return Piece([Block(each, b"id: %d-%d\ndata: {}\n\n" % each) for each in at])


@pytest.fixture
def told() -> Told:
    return Told()


async def test_what_the_past_had_is_not_told_again(told: Told) -> None:
    await told.begin(b"id: 5-0\ndata: snapshot\n\n")

    for piece in (event((4, 0), (5, 0)), event((5, 0), (6, 0)), event((7, 0))):
        told.held.send(piece)

    assert told.ids == ["5-0", "6-0", "7-0"]


async def test_a_heartbeat_never_takes_a_last_id_back(told: Told) -> None:
    """The events are handed on to one watcher after the other, and a client may come from a server that is ahead."""
    await told.begin(b"id: 5-0\ndata: snapshot\n\n")

    told.visit((3, 0), times=4)
    told.held.send(event((8, 0)))
    told.visit((7, 9), times=4)
    told.visit((8, 0))
    told.held.send(event((8, 0), (9, 0)))

    assert told.ids == ["5-0", "8-0", "8-0", "9-0"]


async def test_who_is_quiet_gets_a_heartbeat_at_every_second_visit(told: Told) -> None:
    await told.begin(b"id: 5-0\ndata: snapshot\n\n")

    told.visit((5, 0), times=3)
    told.visit((6, 0), times=4)

    # The snapshot came between the first visit and the one before.
    assert told.ids == ["5-0", "5-0", "6-0", "6-0"]


async def test_who_hears_events_gets_no_heartbeat(told: Told) -> None:
    await told.begin(b"id: 5-0\ndata: snapshot\n\n")

    for at in ((6, 0), (7, 0), (8, 0)):
        told.held.send(event(at))
        told.visit((9, 0))
    told.visit((9, 0))

    assert told.ids == ["5-0", "6-0", "7-0", "8-0", "9-0"]


async def test_what_comes_while_the_past_is_told_follows_it(told: Told) -> None:
    stream = told.held.begin()
    told.held.greet(Taken(told.transport, set(), b""), "")

    async def past() -> AsyncIterator[bytes]:
        told.held.send(event((5, 0)))
        told.held.send(event((6, 0)))
        yield b"id: 5-0\ndata: snapshot\n\n"
        stream.sent = "5-0"

    await told.held.tell(stream, past())

    assert told.held.is_live
    assert told.ids == ["5-0", "6-0"]


async def test_a_stream_that_begins_again_leaves_the_rest_of_its_past_untold(told: Told) -> None:
    first = told.held.begin()
    told.held.greet(Taken(told.transport, set(), b""), "")

    async def past() -> AsyncIterator[bytes]:
        yield b"data: one\n\n"
        told.held.begin()
        yield b"data: two\n\n"

    await told.held.tell(first, past())

    assert b"two" not in told.transport.sent
    assert not told.held.is_live


async def test_what_became_of_the_past_before_is_no_concern_of_a_stream_that_begins_again(told: Told) -> None:
    first = told.held.begin()
    told.held.greet(Taken(told.transport, set(), b""), "")

    async def past() -> AsyncIterator[bytes]:
        told.held.begin()
        raise StoreUnavailable("away")
        yield b""

    await told.held.tell(first, past())

    assert not told.held.is_ending
    assert b"paused" not in told.transport.sent


async def test_without_a_snapshot_it_says_paused_and_when_to_come_back(told: Told) -> None:
    stream = told.held.begin()
    told.held.greet(Taken(told.transport, set(), b""), "")

    async def past() -> AsyncIterator[bytes]:
        raise StoreUnavailable("away")
        yield b""

    await told.held.tell(stream, past())

    assert framed(encode_word("paused")) in told.transport.sent
    assert re.search(rb"retry: \d+\n\n\r\n0\r\n\r\n$", told.transport.sent)
    assert told.transport.is_closed


async def test_a_client_that_does_not_read_is_cut_and_others_never_wait(told: Told) -> None:
    await told.begin()
    told.held.pause_writing()
    told.held.send(event((5, 1)))
    assert told.ids[-1] == "5-1"
    before, told.transport.waiting = told.transport.sent, MOST_WAITING_BYTES + 1

    told.held.send(event((6, 0)))

    assert told.transport.is_aborted
    assert told.transport.sent == before
    told.held.send(event((7, 0)))
    assert told.transport.sent == before


async def test_an_end_is_said_once_and_nothing_follows_it(told: Told) -> None:
    await told.begin()

    told.held.end()
    said = told.transport.sent
    told.held.end()
    told.held.shutdown()
    told.held.send(event((6, 0)))
    told.held.reset()

    assert said.endswith(b"0\r\n\r\n")
    assert told.transport.sent == said
    assert told.resets == 0


async def test_a_lost_connection_is_told_once(told: Told) -> None:
    await told.begin()

    told.held.connection_lost(None)

    assert told.lost == 1
    assert not told.held.is_live


async def test_a_slow_reader_whose_stream_starts_again_meanwhile_is_not_cut_once_it_has_read(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED_S", 0.2)
    told.transport.waiting = MOST_WAITING_BYTES // 2 + 1
    telling = [asyncio.create_task(told.begin(b"data: %d\n\n" % number, b"")) for number in range(2)]
    await wait_until(lambda: b"data: 1" in told.transport.sent)

    told.transport.waiting = 0
    told.held.resume_writing()
    await asyncio.gather(*telling)

    assert not told.transport.is_aborted
    assert told.held.is_live
