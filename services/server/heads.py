"""The heads of plain requests, read once: browsers, gateways and probes say the same things again and again.

A head is two things: the line that says what is asked for, and all the rest, which says who asks and how. Each is
remembered word for word, by itself, so a known browser on a known page is known although nobody ever said just that.
What is remembered is what was asked, never what was answered, so nothing here grows old.

Whether a request is plain is decided on the whole head by one pattern, so what a lenient parser might read otherwise
never gets here.
"""

import re
from typing import NamedTuple, TypeVar

from services.server.addresses import Address, read_address
from services.server.asked import Asked, read_asked
from shared.refusals import HOST, MOST_HEAD_BYTES, MOST_HEADERS

# Possessive, so that no input makes it look twice. No `%` in the path, so it is what it says; no `#` anywhere.
_HEAD = re.compile(
    rb"((GET|HEAD) (/[!\"$&->@-~]*+)(?:\?[!\"$-~]*+)?+ HTTP/1\.1)\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t -~\x80-\xff]*+\r\n)++)\r\n"
)
# A request with one of these is no plain one.
_UNUSUAL = frozenset(
    b"content-length transfer-encoding expect upgrade range if-range te trailer http2-settings proxy-connection "
    b"if-match if-unmodified-since".split()
)
# What belongs to a person is not kept.
_PERSONAL = frozenset([b"cookie", b"authorization"])
_TELLING = _UNUSUAL | _PERSONAL | {b"host", b"connection", b"accept-encoding", b"if-none-match", b"if-modified-since"}

# What each of the two memories may take, and how long what is remembered may be; an entry costs so much beside its
# bytes, measured.
MOST_REMEMBERED_BYTES = 4 * 1024 * 1024
LONGEST_REMEMBERED = 2_048
COSTS_BYTES = 600


class Line(NamedTuple):
    """What a request asks for.

    Attributes:
        address: the path.
        is_head: whether the body is left out.
    """

    address: Address
    is_head: bool


class Said(NamedTuple):
    """How a request asks.

    Attributes:
        host: the one Host header.
        asked: what it says about the answer.
    """

    host: bytes
    asked: Asked


class Plain(NamedTuple):
    """A plain request.

    Attributes:
        line, said: its two parts.
        end: where it ends in what it was read from.
    """

    line: Line
    said: Said
    end: int


Part = TypeVar("Part", Line, Said)


class _Memory(dict[bytes, Part]):
    """Parts of heads, bounded: what does not fit any more begins anew."""

    def __init__(self) -> None:
        super().__init__()
        self._cost = 0

    def remember(self, text: bytes, part: Part) -> None:
        """Keep a part, unless it is very long."""
        if len(text) > LONGEST_REMEMBERED or text in self:
            return
        self._cost += len(text) + COSTS_BYTES
        if self._cost > MOST_REMEMBERED_BYTES:
            self.clear()
            self._cost = len(text) + COSTS_BYTES
        self[text] = part


class Heads:
    """Reads heads; one per process.

    Attributes:
        line_of: what a first line asks for, if it is known; without its line end.
        said_of: what all behind it says, likewise; with the empty line at its end.
    """

    def __init__(self) -> None:
        self._lines: _Memory[Line] = _Memory()
        self._rest: _Memory[Said] = _Memory()
        self.line_of, self.said_of = self._lines.get, self._rest.get

    def read(self, data: bytes, at: int) -> Plain | None:
        """The plain request that begins at a place; None where there is none."""
        match = _HEAD.match(data, at)
        if match is None or match.end() - at > MOST_HEAD_BYTES:
            return None
        headers = match[4].split(b"\r\n")
        # The last one is empty.
        if len(headers) - 1 > MOST_HEADERS:
            return None
        told = _telling(headers)
        host = _host_of_plain(told)
        if host is None:
            return None
        line, said = Line(read_address(match[3].decode("ascii")), match[2] == b"HEAD"), Said(host, read_asked(told))
        self._lines.remember(match[1], line)
        if not any(name in _PERSONAL for name, _ in told):
            self._rest.remember(match[4] + b"\r\n", said)
        return Plain(line, said, match.end())


def _telling(headers: list[bytes]) -> list[tuple[bytes, bytes]]:
    """The headers that make a difference, names in lower case."""
    told = []
    for header in headers:
        name, _, value = header.partition(b":")
        name = name.lower()
        if name in _TELLING:
            told.append((name, value.strip(b" \t")))
    return told


def _host_of_plain(told: list[tuple[bytes, bytes]]) -> bytes | None:
    """The one host of a plain request; None where a header makes it no plain one."""
    host = None
    for name, value in told:
        if name == b"host":
            if host is not None or HOST.fullmatch(value) is None:
                return None
            host = value
        elif name in _UNUSUAL or (name == b"connection" and value.lower() != b"keep-alive"):
            return None
    return host
