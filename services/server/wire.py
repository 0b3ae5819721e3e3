"""The fast path: pages answered from memory before an ASGI task exists, on uvicorn's own connections.

A request that is plain in every way (GET or HEAD, HTTP/1.1, one Host, no body, nothing conditional on the connection)
and whose page is held is answered with bytes that are ready. Everything else goes to the parser and the ASGI routes as
if this file were not there; they answer the same bytes (`PLATEN_FAST_PATH=0` leaves all to them). Whether a request is
plain is decided on the whole head by one pattern, so what a lenient parser might read otherwise never gets here.

Order is kept: once a request has gone the long way, those behind it do, too, until all are answered. And nothing is
written to a client that does not read: what it has sent on is held back unread.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from services.server.answers import Answer
from services.server.asked import Asked, read_asked
from services.server.held import Taken
from services.server.pages import Visitors
from services.server.tally import WIRE, Tally
from shared.http1 import Connection
from shared.refusals import HOST, MOST_HEAD_BYTES, MOST_HEADERS

TAKE_OVER = "platen.take_over"
TakeOver = Callable[[asyncio.Protocol], Taken]

# Possessive, so that no input makes it look twice. No `%` in the path, so it is what it says; no `#` anywhere.
_HEAD = re.compile(
    rb"(GET|HEAD) (/[!\"$&->@-~]*+)(?:\?[!\"$-~]*+)?+ HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t -~\x80-\xff]*+\r\n)++)\r\n"
)
# A request with one of these is no plain one.
_UNUSUAL = frozenset(
    b"content-length transfer-encoding expect upgrade range if-range te trailer http2-settings proxy-connection "
    b"if-match if-unmodified-since".split()
)
# What belongs to a person is not kept.
_PERSONAL = frozenset([b"cookie", b"authorization"])
# What the memory of heads may take, and how long a head may be; one costs so much beside its bytes, measured.
MOST_REMEMBERED_BYTES = 8 * 1024 * 1024
LONGEST_REMEMBERED = 2_048
REMEMBERED_COSTS_BYTES = 300


class Plain(NamedTuple):
    """A plain request.

    Attributes:
        host: the one Host header.
        path: as it is, without the query.
        asked: what else the request says about the answer.
        is_head: whether the body is left out.
    """

    host: bytes
    path: str
    asked: Asked
    is_head: bool


class Memo:
    """Heads that were read before, word for word: browsers, gateways and probes say the same thing again and again.

    What it gives back is what was asked, never what was answered, so nothing in it grows old.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Plain] = {}
        self._cost = 0
        self.recall = self._known.get

    def read(self, data: bytes, at: int) -> tuple[Plain | None, int]:
        """The plain request that begins at a place, and where it ends; None where there is none."""
        match = _HEAD.match(data, at)
        if match is None or match.end() - at > MOST_HEAD_BYTES:
            return None, at
        headers = tuple(_split(line) for line in match[3].split(b"\r\n")[:-1])
        host = _host_of_plain(headers)
        if host is None or len(headers) > MOST_HEADERS:
            return None, at
        plain = Plain(host, match[2].decode("ascii"), read_asked(headers), match[1] == b"HEAD")
        if not any(name in _PERSONAL for name, _ in headers):
            self._remember(data[at : match.end()], plain)
        return plain, match.end()

    def _remember(self, head: bytes, plain: Plain) -> None:
        if len(head) > LONGEST_REMEMBERED:
            return
        self._cost += 2 * len(head) + REMEMBERED_COSTS_BYTES
        if self._cost > MOST_REMEMBERED_BYTES:
            self._known.clear()
            self._cost = 0
        self._known[head] = plain


def _split(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.lower(), value.strip(b" \t")


def _host_of_plain(headers: tuple[tuple[bytes, bytes], ...]) -> bytes | None:
    """The one host of a plain request; None where a header makes it no plain one."""
    host = None
    for name, value in headers:
        if name == b"host":
            if host is not None or HOST.fullmatch(value) is None:
                return None
            host = value
        elif name in _UNUSUAL or (name == b"connection" and value.lower() != b"keep-alive"):
            return None
    return host


class Wire(Connection):
    """One connection of the server.

    Args:
        visitors: who knows the pages.
        memo: shared by the process's connections.
        tally: likewise.
        arguments, named: Connection's.
    """

    def __init__(self, *arguments: Any, visitors: Visitors, memo: Memo, tally: Tally, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._visitors, self._memo, self._tally = visitors, memo, tally

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.parser.get_http_version() == "1.1":
            # The task that answers begins later. With requests in a row, `self.cycle` is not always the one it answers.
            self.scope["extensions"] = {TAKE_OVER: partial(self.take_over, self.cycle)}  # type: ignore[dict-item]

    def take_over(self, cycle: RequestResponseCycle, successor: asyncio.Protocol) -> Taken:
        """Hand the connection on, in the middle of answering; the answer is the successor's to write and to end.

        Then neither a task nor anything of the HTTP machinery is kept for it.

        Args:
            cycle: the answer; requests behind it are dropped.
            successor: gets the transport's calls from now on; has a `shutdown` for the end of the process.
        """
        transport = self.transport
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        self.pipeline.clear()
        self.flow.is_holding = False
        self.flow.resume_reading()
        if self in self.connections:
            self.connections.discard(self)
            self.connections.add(successor)  # type: ignore[arg-type]
            transport.set_protocol(successor)
        else:
            # It was lost before this, and the transport says so only once.
            self.loop.call_soon(successor.connection_lost, None)
        if self._has_hung_up:
            transport.close()
        # They know each other; without this they would wait for the garbage collector.
        self.parser = self.cycle = self.scope = self._running = None  # type: ignore[assignment]
        return Taken(transport, self.connections, self._clock.date)

    def _read(self, data: bytes) -> None:
        if not self._is_in_message and not self.is_answering:
            data = self._answer_plain(data)
        if data and not self.transport.is_closing():
            super()._read(data)

    def _answer_plain(self, data: bytes) -> bytes:
        """Answer what can be answered at once. Returns: what is left for the long way, or for later."""
        plain, at, end = self._memo.recall(data), 0, len(data)
        while at < end and not self.flow.write_paused and not self.transport.is_closing():
            if plain is not None:
                after = end
            else:
                plain, after = self._memo.read(data, at)
            answer = None if plain is None else self._visitors.answer_at_once(plain.host, plain.path, plain.asked)
            if plain is None or answer is None:
                break
            self._send(answer, plain)
            plain, at = None, after
        return data[at:]

    def _send(self, answer: Answer, plain: Plain) -> None:
        body = b"" if plain.is_head else answer.body
        self.transport.write(b"".join((STATUS_LINE[answer.status], self._clock.date, answer.head, body)))
        self._since = self._clock.now
        self.server_state.total_requests += 1
        self._tally.count(WIRE, "HEAD" if plain.is_head else "GET", plain.path, answer.status)
