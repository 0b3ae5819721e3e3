"""HTTP/1.1 connections: uvicorn's protocol with the bounds and the strictness that it leaves out.

A request's head is bounded in bytes and in time, a connection without one is closed after a while, and so is one that
does not read its answer. A request says once which host it means. A refusal waits until the answers before it are
sent. Nothing here has a timer of its own: `check` is called about once a second for every connection.
"""

import re
import time
from email.utils import formatdate
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MOST_HEAD_BYTES = 32 * 1024
MOST_HEADERS = 100
# Longer than a gateway keeps its idle connections (nginx: 60 s), so that the gateway is never the one to be surprised.
KEEP_ALIVE_S = 75.0
HEAD_WITHIN_S = 10.0
STALLED_S = 60.0

# A name or an address with a port, as a URL has it; the colons of an IPv6 address stand in brackets.
HOST = re.compile(rb"(?:[0-9A-Za-z._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")

_TEXTS = {
    400: "This is not a request that can be understood: {}.\n",
    408: "The request did not come within {} seconds.\n",
    431: "The head of the request is too large: {}.\n",
}


class Clock:
    """The time, as exact as headers and bounds need it: `tick` sets it once a second.

    Attributes:
        now: seconds, monotonic.
        date: the header, with its line end.
    """

    def __init__(self) -> None:
        self.now, self.date = 0.0, b""
        self.tick()

    def tick(self) -> None:
        self.now = time.monotonic()
        self.date = b"date: %b\r\n" % formatdate(time.time(), usegmt=True).encode()


class Limits:
    """Bounds of a connection, in seconds.

    Args:
        keep_alive_s: how long one may be idle, before its first request too.
        head_within_s: how long the head of a request may take, from its first byte.
        stalled_s: how long an answer may wait for a client that does not read.
    """

    __slots__ = ("head_within_s", "keep_alive_s", "stalled_s")

    def __init__(
        self,
        keep_alive_s: float = KEEP_ALIVE_S,
        head_within_s: float = HEAD_WITHIN_S,
        stalled_s: float = STALLED_S,
    ) -> None:
        self.keep_alive_s, self.head_within_s, self.stalled_s = keep_alive_s, head_within_s, stalled_s


class _Refusal(Exception):
    """Ends the reading of a connection."""

    def __init__(self, status: int, about: object) -> None:
        self.status, self.text = status, _TEXTS[status].format(about).encode()


class Connection(HttpToolsProtocol):
    """One connection.

    Args:
        clock: the process's.
        limits: bounds.
        arguments: uvicorn's.
    """

    def __init__(self, *arguments: Any, clock: Clock, limits: Limits, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._clock, self._limits = clock, limits
        self._since = self._stalled_since = clock.now
        self._is_in_head = self._is_in_message = False
        self._head_bytes = self._fed_bytes = 0
        self._refusal: _Refusal | None = None

    @property
    def is_answering(self) -> bool:
        """Whether an answer is under way."""
        return bool(self.cycle) and not self.cycle.response_complete

    def check(self) -> None:
        """End what has taken too long."""
        now, limits = self._clock.now, self._limits
        if self.flow.write_paused:
            if now - self._stalled_since > limits.stalled_s:
                self.transport.abort()
        elif self.is_answering or self.transport.is_closing():
            return
        elif self._is_in_head:
            if now - self._since > limits.head_within_s:
                self._refuse(_Refusal(408, f"{limits.head_within_s:g}"))
        elif now - self._since > limits.keep_alive_s:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            return
        was_in_head = self._is_in_head
        super().data_received(data)
        # A header that does not end is never told of, so what is fed counts as well.
        if was_in_head and self._is_in_head and self._refusal is None:
            self._fed_bytes += len(data)
            if self._fed_bytes > MOST_HEAD_BYTES:
                self._refuse(_too_large())

    def send_400_response(self, msg: str) -> None:
        """uvicorn calls this for whatever the parser refuses, our own refusals included."""
        self._refuse(self._refusal or _Refusal(400, "it breaks the rules of HTTP"))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = self._is_in_message = True
        self._since = self._clock.now
        self._head_bytes = self._fed_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        reason = why_misaddressed(self.headers, self.parser.get_http_version())
        if reason:
            self._stop(_Refusal(400, reason))
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_in_message = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # Idle connections are closed by `check`.
        self._unset_keepalive_if_required()
        self._since = self._clock.now
        if self._refusal is not None and not self.is_answering:
            self._say(self._refusal)

    def pause_writing(self) -> None:
        self._stalled_since = self._clock.now
        super().pause_writing()

    def _count(self, read: int) -> None:
        self._head_bytes += read
        if self._head_bytes > MOST_HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._stop(_too_large())

    def _stop(self, refusal: _Refusal) -> None:
        """Raises: HttpParserError by way of the parser, which ends the reading."""
        self._refusal = refusal
        raise refusal

    def _refuse(self, refusal: _Refusal) -> None:
        """Refuse what was read last, once what came before it is answered; nothing more is read."""
        self._refusal = refusal
        if not self.is_answering:
            self._say(refusal)

    def _say(self, refusal: _Refusal) -> None:
        if self.transport.is_closing():
            return
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\ncache-control: no-store\r\n"
        status, text = STATUS_LINE[refusal.status], refusal.text
        self.transport.write(status + self._clock.date + head % len(text) + b"connection: close\r\n\r\n" + text)
        self.transport.close()


def why_misaddressed(headers: list[tuple[bytes, bytes]], version: str) -> str:
    """What is wrong with the host that a request names; "" if nothing is.

    Args:
        headers: names in lower case.
        version: of HTTP, such as "1.1".
    """
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1:
        return "it has more than one Host"
    if not hosts:
        return "" if version == "1.0" else "it has no Host"
    return "" if HOST.fullmatch(hosts[0]) else "its Host is none"


def _too_large() -> _Refusal:
    return _Refusal(431, f"at most {MOST_HEAD_BYTES} bytes and {MOST_HEADERS} headers are read")
