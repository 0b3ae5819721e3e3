"""The client of `bench status` counts what arrives, however it is cut."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from bench.watchers import MARK, Plan, Turn, Watchers

HEAD = b"HTTP/1.1 200 OK\r\n\r\n: hi\n\n"


class _Server:
    """Takes watchers and a publisher, and hands on what is published, byte by byte.

    Args:
        watchers: how many will come before they are all there.
        loses: whether the last watcher is closed at the first event.
    """

    def __init__(self, watchers: int, loses: bool = False) -> None:
        self._expected, self._loses = watchers, loses
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._watching: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._listening.close()
        self._thread.join(10)

    def _run(self) -> None:
        with contextlib.ExitStack() as stack:
            # The client may go at any time.
            stack.enter_context(contextlib.suppress(OSError))
            publisher, _ = self._listening.accept()
            stack.enter_context(publisher)
            for _ in range(self._expected):
                watcher, _ = self._listening.accept()
                stack.enter_context(watcher)
                self._watching.append(watcher)
                watcher.sendall(HEAD)
            while piece := publisher.recv(65_536):
                publisher.sendall(b"HTTP/1.1 202 Accepted\r\n\r\n")
                self._hand_on(piece)

    def _hand_on(self, piece: bytes) -> None:
        if self._loses:
            self._watching[-1].close()
            return
        for watcher in self._watching:
            for at in range(len(piece)):
                watcher.send(piece[at : at + 1])


@contextlib.contextmanager
def _opened(loses: bool = False) -> Iterator[Watchers]:
    server = _Server(3, loses)
    plan = Plan(
        count=3, port=server.port, request="GET /\r\n\r\n", ready=": hi", publish_to="", framing="post", target="/"
    )
    watchers = Watchers(plan)
    try:
        watchers.open()
        yield watchers
    finally:
        watchers.close()
        server.close()


def test_every_event_is_counted_once_on_every_connection() -> None:
    with _opened() as watchers:
        one = watchers.run(Turn(in_flight=1, seconds=0.2))
        more = watchers.run(Turn(in_flight=16, seconds=0.2))

    assert one.events == len(one.took_ms) > 0
    assert more.events == len(more.took_ms) > 0


def test_a_pace_is_kept() -> None:
    with _opened() as watchers:
        done = watchers.run(Turn(in_flight=16, seconds=0.5, every_s=0.1))

    assert 1 <= done.events <= 5


def test_a_stream_that_is_closed_ends_the_run() -> None:
    with _opened(loses=True) as watchers, pytest.raises(RuntimeError, match="closed"):
        watchers.run(Turn(in_flight=1, seconds=5))


def test_who_was_cut_off_comes_back_with_the_last_id_and_is_counted_once_it_has_what_it_missed() -> None:
    asked: list[bytes] = []
    is_done = threading.Event()

    def serve(listening: socket.socket) -> None:
        publisher, _ = listening.accept()
        first = [listening.accept()[0] for _ in range(3)]
        for watcher in first:
            watcher.sendall(HEAD + b"id: 7-1\ndata: {}\n\n")
        for _ in range(5):
            publisher.recv(65_536)
            publisher.sendall(b"HTTP/1.1 202 Accepted\r\n\r\n")
        later = [listening.accept()[0] for _ in range(3)]
        for watcher in later:
            asked.append(watcher.recv(65_536))
            watcher.sendall(HEAD + MARK * 2)
            watcher.sendall(MARK * 3)
        is_done.wait(10)
        for each in (publisher, *first, *later):
            each.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve, args=[listening])
        serving.start()
        port = int(listening.getsockname()[1])
        plan = Plan(
            count=3, port=port, request="GET /\r\n\r\n", ready=": hi", publish_to="", framing="post", target="/"
        )
        watchers = Watchers(plan)
        try:
            watchers.open()
            done = watchers.run(Turn(1, 1, missed=5))
        finally:
            is_done.set()
            serving.join(10)
            watchers.close()

    assert done.events == 5
    assert asked == [b"GET /\r\nLast-Event-ID: 7-1\r\n\r\n"] * 3
