"""Heads are remembered by their parts, within bounds, and nothing of a person's is kept."""

from services.server.heads import COSTS_BYTES, MOST_REMEMBERED_BYTES, Heads

LINE, HOST = b"GET /acme/spring HTTP/1.1", b"Host: pages.test\r\n"


def read(heads: Heads, line: bytes, rest: bytes = HOST) -> None:
    assert heads.read(line + b"\r\n" + rest + b"\r\n", 0) is not None


def test_both_parts_of_a_head_are_known_again() -> None:
    heads = Heads()

    read(heads, LINE)

    line, said = heads.line_of(LINE), heads.said_of(HOST + b"\r\n")
    assert line is not None
    assert said is not None
    assert (line.address.path, said.host) == ("/acme/spring", b"pages.test")


def test_what_belongs_to_a_person_is_not_kept() -> None:
    heads = Heads()

    for name in (b"Cookie", b"cookie", b"Authorization"):
        rest = HOST + name + b": s3cret\r\n"
        read(heads, LINE, rest)
        assert heads.said_of(rest + b"\r\n") is None


def test_what_is_known_already_pushes_nothing_out() -> None:
    heads = Heads()
    read(heads, b"HEAD /acme HTTP/1.1")

    for number in range(2 * MOST_REMEMBERED_BYTES // COSTS_BYTES):
        read(heads, LINE, HOST + b"Cookie: %d\r\n" % number)

    assert heads.line_of(b"HEAD /acme HTTP/1.1") is not None


def test_memory_of_heads_is_bounded() -> None:
    heads = Heads()

    for number in range(2 * MOST_REMEMBERED_BYTES // COSTS_BYTES):
        read(heads, b"GET /acme/spring?%d HTTP/1.1" % number, HOST + b"X: %d\r\n" % number)

    for known in (heads._lines, heads._rest):
        assert 0 < len(known) * COSTS_BYTES <= MOST_REMEMBERED_BYTES
