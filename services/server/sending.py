"""Which of two ways into a socket is quicker on this machine: from a file in memory, or from the process's own.

What the kernel sends from a file (sendfile) it need not copy, but has to hand on page by page. Which of the two is
dearer depends on the processor: for a page of 10 KB a file took 1.22 times as long on an AMD EPYC, while on an Intel
Xeon it made a hit a tenth cheaper. So it is tried, once, in two or three milliseconds.
"""

import contextlib
import os
import socket
import statistics
import sys
import time
from collections.abc import Iterator

SIZE_BYTES = 10_000
AT_ONCE = 4
ROUNDS = 40


def has_files() -> bool:
    """Whether there are files that exist in memory only, to be sent from.

    Elsewhere sendfile is another call; and a Python that was built for any Linux, as uv installs them, may lack the one
    that makes the file.
    """
    return sys.platform == "linux" and hasattr(os, "memfd_create")


def cost_of_files() -> float | None:
    """How long sending from a file takes here, over loopback, as a multiple of writing the same bytes.

    Returns:
        None where it cannot be said.
    """
    if not has_files():
        return None
    try:
        with _connected() as (sender, reader), _file() as file:
            return _compare(sender, reader, file)
    except OSError:
        return None


def is_file_quicker() -> bool:
    """Whether to send from a file here."""
    cost = cost_of_files()
    return cost is not None and cost < 1


def _compare(sender: socket.socket, reader: socket.socket, file: int) -> float:
    data, out = bytes(SIZE_BYTES), sender.fileno()
    os.pwrite(file, data, 0)
    took: tuple[list[float], list[float]] = ([], [])
    # In turn, so that whatever else the machine does meanwhile is felt by both.
    for number in range(2 * ROUNDS):
        is_file = number % 2
        began, sent = time.perf_counter(), 0
        for _ in range(AT_ONCE):
            sent += os.sendfile(out, file, 0, SIZE_BYTES) if is_file else os.write(out, data)
        took[is_file].append((time.perf_counter() - began) / sent)
        while sent > 0:
            sent -= len(reader.recv(sent))
    written, from_file = took
    return statistics.median(from_file) / statistics.median(written)


@contextlib.contextmanager
def _connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        sender = stack.enter_context(socket.create_connection(listening.getsockname(), 1))
        reader = stack.enter_context(listening.accept()[0])
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Whoever would have to wait gives up instead.
        sender.setblocking(False)
        reader.settimeout(1)
        yield sender, reader


@contextlib.contextmanager
def _file() -> Iterator[int]:
    file = os.memfd_create("platen-trial")
    try:
        yield file
    finally:
        os.close(file)
