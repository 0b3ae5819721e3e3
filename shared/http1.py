"""HTTP/1.1 connections: uvicorn's protocol with the bounds and the strictness that it leaves out.

A request's head is bounded in bytes and in time, a connection without one is closed after a while, and so is one that
does not read its answers. Requests in a row are read as far as a few wait; the rest is held back, and so is everything
while an answer waits for its reader. What can be read in two ways is refused (`shared/refusals.py`), once what came
before it is answered. Nothing here has a timer of its own: `check` is called about once a second for every connection.
"""

import asyncio
from typing import Any

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from shared.clock import Clock
from shared.cycles import leave, leave_connection, send_without_chunks
from shared.limits import Limits
from shared.refusals import MOST_HEAD_BYTES, MOST_HEADERS, Refusal, broken, find_fault, too_large, too_long

# A request takes a hundred times its bytes once it is read; so many bytes are read before it is seen how many they are.
READ_AT_ONCE = 4_096


class _Flow(FlowControl):
    """Flow control that reads nothing while bytes are held back, whoever asks for more."""

    is_holding = False

    def resume_reading(self) -> None:
        if not self.is_holding:
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """One connection.

    Args:
        clock: the process's.
        limits: bounds.
        arguments: uvicorn's.
    """

    flow: _Flow

    def __init__(self, *arguments: Any, clock: Clock, limits: Limits, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._clock, self._limits = clock, limits
        self._since = self._moved_at = clock.now
        self._unread_bytes = 0
        self._is_in_head = self._is_in_message = self._is_switching = False
        self._head_bytes = self._fed_bytes = 0
        self._held_back = b""
        # The answer under way; `self.cycle` is that of the request which was read last.
        self._running: RequestResponseCycle | None = None
        # The one that the connection ends with, once that is known.
        self._last: RequestResponseCycle | None = None
        self._refusal: Refusal | None = None
        self._is_refused = self._is_answered = self._has_hung_up = False

    @property
    def is_answering(self) -> bool:
        """Whether an answer is under way."""
        return self._running is not None and not self._running.response_complete

    def check(self) -> None:
        """End what has taken too long."""
        now, unread_bytes = self._clock.now, self.transport.get_write_buffer_size()
        if not 0 < self._unread_bytes <= unread_bytes:
            self._moved_at = now
        self._unread_bytes = unread_bytes
        if not unread_bytes:
            self._check_silence(now - self._since)
        elif now - self._moved_at > self._limits.stalled_s:
            self.transport.abort()
        else:
            # What a client is given to say something begins when it has read what it was told.
            self._since = now

    def _check_silence(self, for_s: float) -> None:
        limits = self._limits
        if self._is_refused or self._has_hung_up:
            if for_s > limits.linger_s:
                self.transport.abort()
        elif self.is_answering or self.transport.is_closing():
            return
        elif self._is_in_head:
            if for_s > limits.head_within_s:
                self._refuse(Refusal(408, f"{limits.head_within_s:g}"))
        elif for_s > limits.keep_alive_s:
            self.transport.close()

    # What the transport tells

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self.flow = _Flow(transport)

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            return
        if self._held_back or self._must_wait:
            self._hold_back(data)
        else:
            self._read(data)

    def eof_received(self) -> bool:  # type: ignore[override] # uvicorn's never keeps the transport open
        """A client that has said all may still wait for its answers.

        Returns:
            whether to keep the transport open for them.
        """
        self._has_hung_up, self._since = True, self._clock.now
        if self._is_refused or (self._is_in_message and not self._is_in_head):
            return False
        return self.is_answering or bool(self._held_back)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._moved_at = self._clock.now
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.pipeline.clear()
        if self._running is not None:
            leave(self._running)

    # What the parser tells

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = self._is_in_message = True
        self._since = self._clock.now
        self._head_bytes = self._fed_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._head_bytes += len(url)
        if self._head_bytes > MOST_HEAD_BYTES:
            self._stop(too_long())

    def on_header(self, name: bytes, value: bytes) -> None:
        # Behind a chunked body it is a trailer, which must not pass for a header: a gateway has not looked at it.
        if self._is_in_head:
            super().on_header(name, value.rstrip(b" \t"))
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if self.parser.should_upgrade() and method != b"CONNECT":
            self._is_switching = True
            return
        fault = find_fault(method, self.url, version, self.headers)
        if fault is not None:
            self._stop(fault)
        super().on_headers_complete()
        self._is_in_head = False
        if not self.cycle.keep_alive:
            self._last = self._last or self.cycle
            leave_connection(self.cycle)
        if version == "1.0":
            send_without_chunks(self.cycle)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._fed_bytes = 0

    def on_message_complete(self) -> None:
        if not self._is_switching:
            self._is_in_message = False
            super().on_message_complete()

    # What uvicorn's answers tell

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        if self._last is not None and self._running is self._last:
            return self._end()
        super().on_response_complete()
        # Idle connections are closed by `check`.
        self._unset_keepalive_if_required()
        self._since = self._clock.now
        if self._refusal is None:
            self._go_on()
        elif not self.is_answering:
            self._say()
        return None

    # Reading

    @property
    def _must_wait(self) -> bool:
        """Whether nothing more may be read: requests wait already, or an answer does."""
        return bool(self.pipeline) or (self.flow.write_paused and not self.is_answering)

    def _hold_back(self, data: bytes) -> None:
        self._held_back += data
        self.flow.pause_reading()
        self.flow.is_holding = True

    def _go_on(self) -> None:
        """Read what was held back."""
        if self._must_wait or self.transport.is_closing():
            return
        held_back, self._held_back = self._held_back, b""
        if held_back:
            self.flow.is_holding = False
            self.flow.resume_reading()
            self._read(held_back)
        if self._has_hung_up and not self.is_answering and not self._held_back:
            self.transport.close()

    def _read(self, data: bytes) -> None:
        for at in range(0, len(data), READ_AT_ONCE):
            if self._must_wait:
                self._hold_back(data[at:])
                break
            self._feed(data[at : at + READ_AT_ONCE])
            if self._refusal is not None:
                break

    def _feed(self, data: bytes) -> None:
        was_in_message = self._is_in_message
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as switch:
            self._read_unswitched(data[switch.args[0] :])
        except httptools.HttpParserError:
            # Our own refusals come this way, too.
            self._refuse(self._refusal or broken())
        # What does not end is never told of, whether header, trailer or chunk's extension, and the parser copies all it
        # has of it each time it is fed. So what is fed counts as well, unless it is a body.
        if was_in_message and self._is_in_message and self._refusal is None:
            self._fed_bytes += len(data)
            # The first of it may have been the end of the request before.
            if self._fed_bytes > MOST_HEAD_BYTES + READ_AT_ONCE:
                self._refuse(too_large())

    def _read_unswitched(self, rest: bytes) -> None:
        """Read a request again as if it had not asked for another protocol: nobody upgrades here.

        The parser takes all behind such a head for the other protocol's, the request's own body included, and then the
        next bytes for a request. So it gets the head once more, without the asking.

        Args:
            rest: what came behind the head.
        """
        line = (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        headers = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._is_switching = False
        self._feed(b"%b %b HTTP/%b\r\n" % line + b"".join(headers) + b"\r\n")
        if self._refusal is None and rest:
            self._feed(rest)

    # Ending and refusing

    def _end(self) -> None:
        """End with the last answer. A client that still sends, such as that request's body, may finish what it says, or
        the reset would overtake the answer.
        """
        if not (self._is_in_message or self.pipeline or self._held_back):
            return self.transport.close()
        self.pipeline.clear()
        self._held_back, self.flow.is_holding = b"", False
        self._refusal, self._is_answered = self._refusal or broken(), True
        return self._say()

    def _count(self, read: int) -> None:
        self._head_bytes += read
        if self._head_bytes > MOST_HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._stop(too_large())

    def _stop(self, refusal: Refusal) -> None:
        """Raises: Refusal, by way of the parser, which ends the reading."""
        self._refusal = refusal
        raise refusal

    def _refuse(self, refusal: Refusal) -> None:
        """Refuse what was read last, once what came before it is answered; nothing more is read."""
        self._refusal = refusal
        if self._is_in_message and not self._is_in_head:
            self._give_up(self.cycle)
        if not self.is_answering:
            self._say()

    def _give_up(self, cycle: RequestResponseCycle) -> None:
        """Take a request back whose body is broken. Where its answer has begun, that is all it gets."""
        if self.pipeline:
            self.pipeline.popleft()
        elif cycle.response_started:
            self._is_answered = True
        else:
            leave(cycle)
            self._running = None

    def _say(self) -> None:
        """Refuse and stop writing; the client may finish what it says, or the reset would overtake the refusal."""
        if self._is_refused or self.transport.is_closing() or self._refusal is None:
            return
        self._is_refused, self._since = True, self._clock.now
        if not self._is_answered:
            status, text = STATUS_LINE[self._refusal.status], self._refusal.text
            head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\ncache-control: no-store\r\n"
            self.transport.write(
                status + self._clock.date_line + head % len(text) + b"connection: close\r\n\r\n" + text
            )
        if self._has_hung_up:
            self.transport.close()
        else:
            self.flow.resume_reading()
            self.transport.write_eof()
