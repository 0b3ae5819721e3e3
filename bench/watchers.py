"""The client of `status`: thousands of status streams in one process that only counts, and the publisher beside them.

One thread, non-blocking sockets, epoll. Every event holds MARK once and nothing else does, so what came over a
connection is a count of one byte, wherever the pieces are cut. Publisher and watchers share a process and so a clock:
an event has reached everybody when the last connection has counted it. The publisher keeps a fixed number of events in
flight, so every server is asked as fast as it delivers and never faster.

Run as a program it takes its Plan as JSON, says `Opened`, and then runs a `Turn` for each line of its standard input.
"""

import os
import re
import resource
import select
import socket
import sys
import time
from typing import Literal

import msgspec

from shared.events import BuildStarted, encode_event

MARK = b"~"
AT_ONCE = 64
CHUNK_BYTES = 65_536
STALL_S = 30.0
SETTLED_S = 1.0

_LAST_ID = re.compile(rb"^id: ?(\S+)\r?\n", re.MULTILINE)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to open, and where to publish.

    Attributes:
        count: connections.
        port: of the server on 127.0.0.1.
        request: sent on each connection.
        ready: what the answer holds once the server has taken the watcher in.
        publish_to: path of a Unix socket, or "" for the server itself.
        framing: how an event is sent: `xadd`, with the stream as target, or an HTTP `post` to it.
        target: of the events.
        resumes: whether the server knows what a client missed that comes back with its last id.
        site, page: what they are about.
    """

    count: int
    port: int
    request: str
    ready: str
    publish_to: str
    framing: Literal["xadd", "post"]
    target: str
    resumes: bool = True
    site: str = "bench"
    page: str = "p0"


class Opened(msgspec.Struct, frozen=True):
    """All connections are open.

    Attributes:
        seconds: how long it took.
        again: how many were ended before they were ready, and opened again.
    """

    seconds: float
    again: int


class Turn(msgspec.Struct, frozen=True):
    """Publish for a while, or be cut off for a while.

    Attributes:
        in_flight: events that may be under way at once.
        seconds: how long.
        every_s: time from one event to the next; 0 for as fast as they are delivered.
        missed: 0, or how many events happen while nobody is connected; then all come back with their last id. Nothing
            can follow such a turn.
    """

    in_flight: int
    seconds: float
    every_s: float = 0
    missed: int = 0


class Done(msgspec.Struct, frozen=True):
    """What a turn came to.

    Attributes:
        events: published, and delivered to every connection.
        seconds: from the first event, or the first to come back, to the last receipt of the last.
        took_ms: of each event, from sending it to its receipt by the last connection.
        busy: share of a core that this process used.
    """

    events: int
    seconds: float
    took_ms: list[float]
    busy: float


class Watchers:
    """The connections.

    Args:
        plan: what to open.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self._poll = plan, select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._seen: dict[int, int] = {}
        self._heads: dict[int, bytes] = {}
        self._sent_at: list[float] = []
        self._reached: list[int] = []
        self._took_ms: list[float] = []
        self._whole = self._again = 0
        # What came last over one of the connections: all get the same.
        self._tail = b""
        self._behind: dict[int, int] = {}
        self._publisher = self._connect_publisher()

    def open(self) -> Opened:
        """Open all connections, a bounded number at once.

        One that a server ends before it is ready, with a `retry:`, is opened again, as browsers do.
        """
        began = time.perf_counter()
        while len(self._seen) < self._plan.count:
            while len(self._sockets) < self._plan.count and len(self._heads) < AT_ONCE:
                self._heads[self._connect()] = b""
            self._step(STALL_S)
        return Opened(time.perf_counter() - began, self._again)

    def run(self, turn: Turn) -> Done:
        """Publish for a while, and wait until everything has arrived."""
        if turn.missed:
            return self._come_back(turn.missed)
        first, began, cpu = len(self._sent_at), time.perf_counter(), time.process_time()
        due = began
        while (now := time.perf_counter()) < began + turn.seconds:
            if now < due:
                self._step(due - now, may_be_quiet=True)
            elif len(self._sent_at) - self._whole < turn.in_flight:
                self._publish()
                due += turn.every_s
            else:
                self._step(STALL_S)
        while self._whole < len(self._sent_at):
            self._step(STALL_S)
        took = time.perf_counter() - began
        return Done(len(self._sent_at) - first, took, self._took_ms[first:], (time.process_time() - cpu) / took)

    def close(self) -> None:
        """Close all connections."""
        for connection in (self._publisher, *self._sockets.values()):
            connection.close()
        self._poll.close()

    def idle(self, until_readable: int) -> None:
        """Take what comes until there is something to read on a file."""
        self._poll.register(until_readable, select.EPOLLIN)
        while until_readable not in self._step(STALL_S, may_be_quiet=True):
            pass
        self._poll.unregister(until_readable)

    def _connect(self, *headers: bytes) -> int:
        connection = socket.create_connection(("127.0.0.1", self._plan.port), STALL_S)
        connection.sendall(self._plan.request.encode().replace(b"\r\n\r\n", b"\r\n".join((b"", *headers, b"", b""))))
        connection.setblocking(False)
        number = connection.fileno()
        self._sockets[number] = connection
        self._poll.register(number, select.EPOLLIN)
        return number

    def _come_back(self, missed: int) -> Done:
        last = _LAST_ID.findall(self._tail)[-1]
        for connection in self._sockets.values():
            connection.close()
        self._sockets.clear()
        self._seen.clear()
        for _ in range(missed):
            self._publish()
            self._step(STALL_S)
        self._step(SETTLED_S, may_be_quiet=True)
        began, cpu, come = time.perf_counter(), time.process_time(), 0
        while come < self._plan.count or self._behind:
            while come < self._plan.count and len(self._behind) < AT_ONCE:
                self._behind[self._connect(b"Last-Event-ID: " + last)] = missed
                come += 1
            self._step(STALL_S)
        took = time.perf_counter() - began
        return Done(missed, took, [], (time.process_time() - cpu) / took)

    def _catch_up(self, number: int, marks: int) -> None:
        self._behind[number] -= marks
        if self._behind[number] == 0:
            del self._behind[number]

    def _connect_publisher(self) -> socket.socket:
        if self._plan.publish_to:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(self._plan.publish_to)
        else:
            connection = socket.create_connection(("127.0.0.1", self._plan.port))
        self._poll.register(connection.fileno(), select.EPOLLIN)
        return connection

    def _step(self, longest_s: float, *, may_be_quiet: bool = False) -> list[int]:
        """Take what has come.

        Args:
            longest_s: how long to wait for it.
            may_be_quiet: whether it is well that nothing comes.

        Returns:
            files that are none of ours.

        Raises:
            RuntimeError: nothing came for too long, or a connection was closed.
        """
        found, others = self._poll.poll(longest_s), []
        if not found and not may_be_quiet:
            raise RuntimeError(f"nothing arrived for {longest_s:g} s, {self._state()}")
        for number, _ in found:
            if number in self._sockets:
                self._take(number)
            elif number == self._publisher.fileno():
                self._take_receipt()
            else:
                others.append(number)
        return others

    def _take(self, number: int) -> None:
        try:
            chunk = self._sockets[number].recv(CHUNK_BYTES)
        except ConnectionResetError:
            chunk = b""
        if number == next(iter(self._sockets)):
            self._tail = (self._tail + chunk)[-CHUNK_BYTES:]
        if not chunk:
            self._lose(number)
        elif number in self._behind:
            self._catch_up(number, chunk.count(MARK))
        elif number in self._heads:
            self._greet(number, chunk)
        elif marks := chunk.count(MARK):
            self._count(number, marks)

    def _lose(self, number: int) -> None:
        """Take a connection out that the server has ended.

        Raises:
            RuntimeError: it was ready, or was not told to come back, or that has happened too often.
        """
        head = self._heads.pop(number, b"")
        self._again += 1
        if b"retry:" not in head or self._again > self._plan.count:
            raise RuntimeError(f"a stream was closed, {self._state()}; it began {head!r}")
        self._sockets.pop(number).close()

    def _greet(self, number: int, chunk: bytes) -> None:
        self._heads[number] += chunk
        if self._plan.ready.encode() in self._heads[number]:
            del self._heads[number]
            self._seen[number] = 0

    def _count(self, number: int, marks: int) -> None:
        before = self._seen[number]
        self._seen[number] = before + marks
        for event in range(before, before + marks):
            self._reached[event] += 1
            if self._reached[event] == self._plan.count:
                self._took_ms.append((time.perf_counter() - self._sent_at[event]) * 1000)
                self._whole += 1

    def _publish(self) -> None:
        plan = self._plan
        event = BuildStarted(
            site=plan.site, page=plan.page, seq=1, version=1, state="building", at=len(self._sent_at), by=MARK.decode()
        )
        data = encode_event(event)
        frame = _xadd(plan.target, data) if plan.framing == "xadd" else _post(plan.target, data)
        self._sent_at.append(time.perf_counter())
        self._reached.append(0)
        self._publisher.sendall(frame)

    def _take_receipt(self) -> None:
        receipt = self._publisher.recv(CHUNK_BYTES)
        if not receipt or receipt.startswith((b"-", b"HTTP/1.1 4", b"HTTP/1.1 5")):
            raise RuntimeError(f"{self._plan.target} did not take an event: {receipt!r}, {self._state()}")

    def _state(self) -> str:
        return f"{len(self._seen)} of {self._plan.count} ready, {self._whole} of {len(self._sent_at)} events arrived"


def _xadd(stream: str, data: bytes) -> bytes:
    """An event as Redis takes it."""
    trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    words = [b"XADD", stream.encode(), b"*", b"type", b"build-started", b"data", data, b"traceparent", trace]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def _post(path: str, data: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return b"%bContent-Length: %d\r\n\r\n%b" % (head.encode(), len(data), data)


def allow_files(count: int) -> bool:
    """Let this process open as many files; False where it may not."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < count:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(count, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), most))
    return True


def main() -> None:
    """Open what the plan says, then run a turn for each line of standard input."""
    plan = msgspec.json.decode(sys.argv[1], type=Plan)
    watchers = Watchers(plan)
    _say(watchers.open())
    # Read as bytes from the file itself: a buffered reader could hold a line that epoll does not see.
    while True:
        watchers.idle(sys.stdin.fileno())
        line = os.read(sys.stdin.fileno(), 4096)
        if not line:
            return
        _say(watchers.run(msgspec.json.decode(line, type=Turn)))


def _say(what: msgspec.Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
