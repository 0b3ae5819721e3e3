"""The fast path: pages answered from memory before an ASGI task exists, on uvicorn's own connections.

A request that is plain in every way (`heads.py`) and whose page is held is answered with bytes that are ready.
Everything else goes to the parser and the ASGI routes as if this file were not there; they answer the same bytes
(`PLATEN_FAST_PATH=0` leaves all to them).

Order is kept: once a request has gone the long way, those behind it do, too, until all are answered. And nothing is
written to a client that does not read: what it has sent on is held back unread.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from os import sendfile, write
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from services.server.answers import Answer
from services.server.heads import Heads, Line
from services.server.held import Taken
from services.server.messages import Message, Messages
from services.server.pages import Visitors
from services.server.repeats import Repeat, Repeats
from services.server.tally import WIRE, Tally
from shared.http1 import READ_AT_ONCE, Connection

TAKE_OVER = "platen.take_over"
TakeOver = Callable[[asyncio.Protocol], Taken]


class Wire(Connection):
    """One connection of the server.

    Args:
        visitors: who knows the pages.
        heads: what was read before; shared by the process's connections.
        repeats: what was answered before; likewise.
        messages: what was sent in this second; likewise.
        tally: counts; likewise.
        arguments, named: Connection's.
    """

    def __init__(
        self,
        *arguments: Any,
        visitors: Visitors,
        heads: Heads,
        repeats: Repeats,
        messages: Messages,
        tally: Tally,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._answer_at_once, self._heads, self._tally = visitors.answer_at_once, heads, tally
        self._line_of, self._said_of, self._counts = heads.line_of, heads.said_of, tally.by_way[WIRE]
        self._log_every = tally.log_every
        self._repeats, self._find = repeats, repeats.find
        self._messages = messages
        # Whether a request that came now would be the only one, and its answer could be written at once.
        self._is_free = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self._write, self._unsent_bytes = transport.write, transport.get_write_buffer_size
        self._fd = transport.get_extra_info("socket").fileno()

    def data_received(self, data: bytes) -> None:
        if self._is_free:
            repeat = self._find(data)
            if repeat is not None:
                self._put(repeat.message)
                self._since = self._clock.now
                self._counts[repeat.status] += 1
                if self._log_every:
                    self._log(repeat.status, repeat.line)
                return None
            text, _, rest = data.partition(b"\r\n")
            line, said = self._line_of(text), self._said_of(rest)
            if line is not None and said is not None:
                answer = self._answer_at_once(said.host, line.address, said.asked)
                if answer is not None:
                    message = self._send(answer, line)
                    if message.is_kept and self._repeats.is_again(data):
                        self._repeats.keep(data, Repeat(message, answer.status, line))
                    return None
            self._is_free = False
        super().data_received(data)
        return self._look_whether_free()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._is_free = False

    def resume_writing(self) -> None:
        super().resume_writing()
        self._look_whether_free()

    def eof_received(self) -> bool:  # type: ignore[override] # as Connection's
        self._is_free = False
        return super().eof_received()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look_whether_free()

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
        self.parser = self.cycle = self.scope = self._running = self._last = None  # type: ignore[assignment]
        return Taken(transport, self.connections, self._clock.date_line)

    def _read(self, data: bytes) -> None:
        is_turn_over = False
        if not self._is_in_message and not self.is_answering:
            data, is_turn_over = self._answer_plain(data)
        if not data or self.transport.is_closing():
            return
        if is_turn_over:
            self._hold_back(data)
            self.loop.call_soon(self._take_turn)
        else:
            super()._read(data)

    def _take_turn(self) -> None:
        self._go_on()
        self._look_whether_free()

    def _look_whether_free(self) -> None:
        self._is_free = not (
            self._is_in_message
            or self.is_answering
            or self._held_back
            or self.flow.write_paused
            or self._refusal is not None
            or self._has_hung_up
            or self.transport.is_closing()
        )

    def _answer_plain(self, data: bytes) -> tuple[bytes, bool]:
        """Answer what can be answered at once.

        Returns:
            what is left for the long way, or for later; and whether it is for later only because others shall have
            their turn: what is read from a client at once may be thousands of requests.
        """
        at, end = 0, len(data)
        while at < end and not self.flow.write_paused and not self.transport.is_closing():
            if at >= READ_AT_ONCE:
                return data[at:], True
            plain = self._heads.read(data, at)
            if plain is None:
                break
            line, said, after = plain
            answer = self._answer_at_once(said.host, line.address, said.asked)
            if answer is None:
                break
            self._send(answer, line)
            at = after
        return data[at:], False

    def _send(self, answer: Answer, line: Line) -> Message:
        """Returns: what was sent."""
        if line.is_head:
            message = Message(b"".join((STATUS_LINE[answer.status], self._clock.date_line, answer.head)))
        else:
            message = self._messages.find(answer) or self._messages.make(answer, self._clock.date_line)
        self._put(message)
        self._note(answer.status, line)
        return message

    def _put(self, message: Message) -> None:
        """Send as much of a message as the socket takes, unless something is to be sent before."""
        sent = 0
        if not self._unsent_bytes():
            fd = message.file.fd
            try:
                # Past the transport, which comes to the same in more steps.
                sent = write(self._fd, message.data) if fd < 0 else sendfile(self._fd, fd, message.at, message.length)
            except OSError:
                # The transport finds out whether it is full or broken.
                sent = 0
        if sent != message.length:
            # Who reads slowly shares the bytes with all others: a part of them would be a copy for each.
            self._write(memoryview(message.data)[sent:] if sent else message.data)

    def _note(self, status: int, line: Line) -> None:
        self._since = self._clock.now
        self._counts[status] += 1
        if self._log_every:
            self._log(status, line)

    def _log(self, status: int, line: Line) -> None:
        self._tally.log("HEAD" if line.is_head else "GET", line.address.path, status)
