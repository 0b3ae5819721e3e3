"""The tests' own reader of event streams, held against the standard's examples of what a stream may look like."""

import pytest

from tests.integration.server.event_stream import Block, Parser

STREAM = (
    "\ufeffretry: 10\n\n: a comment\nid: 1\nevent: été\ndata: {\ndata: }\n\ndata:1\r\n\r\ndata\n\nid: 2\r\rid: 0\0\n\n"
    "data: 2\n\nid\ndata: 3\n\nretry: x\nid: 4\ndata: 4\n"
).encode()
FIRED = [Block("été", "1", {}), Block("message", "1", 1), Block("message", "2", 2), Block("message", "", 3)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_blocks_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    parser = Parser()

    fired = [block for at in range(0, len(STREAM), size) for block in parser.feed(STREAM[at : at + size])]

    assert fired == FIRED
    assert (parser.id, parser.retry_ms) == ("", 10)


def test_what_has_not_ended_never_was() -> None:
    parser = Parser()
    parser.feed(b"id: 1\ndata: 1\n\nid: 2\ndata: 2\n")

    parser.begin()

    assert parser.id == "1"
    assert parser.feed(b"data: 3\n\n") == [Block("message", "", 3)]
