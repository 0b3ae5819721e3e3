"""Whole messages of this second: an answer is put together once for all who get it.

An answer with its status line and its date is the same for everybody who gets it within one second. What is sent twice
in it is kept, and, where it is sent the quicker from there (`sending.py`), also laid into a file that exists in memory
only, of which the kernel makes no copy: the copy is the dearest part of a hit that can be spared.

Such a file is written only at its end, since bytes on their way to a client are still the file's. At the end of its
second it is closed, and the bytes live on until the last of them has arrived.
"""

import contextlib
import os

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from services.server.answers import Answer
from services.server.sending import has_files

# Of messages, each of which is held twice where it lies in the file, too.
MOST_BYTES = 16 * 1024 * 1024
# What an answer costs that was sent once, and what a message costs beside its bytes; measured.
SEEN_BYTES = 100
COSTS_BYTES = 300
# What is shorter is copied sooner than its pages are handed on, measured.
SHORTEST_IN_FILE = 2_048


class _File:
    """A file in memory.

    Attributes:
        fd: its descriptor, -1 where there is none (any more).
        size_bytes: how long it is.
    """

    __slots__ = ("fd", "size_bytes")

    def __init__(self, fd: int) -> None:
        self.fd, self.size_bytes = fd, 0

    def append(self, data: bytes) -> int | None:
        """Returns: where in the file the data begins, None where it does not lie there as a whole."""
        at = self.size_bytes
        if self.fd < 0 or len(data) < SHORTEST_IN_FILE:
            return None
        with contextlib.suppress(OSError):
            written = os.pwrite(self.fd, data, at)
            self.size_bytes += written
            return at if written == len(data) else None
        return None

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


_NO_FILE = _File(-1)


def _open_file() -> _File:
    """A file in memory, or none: without a descriptor to spare it goes, too."""
    if has_files():
        with contextlib.suppress(OSError):
            return _File(os.memfd_create("platen-messages"))
    return _NO_FILE


class Message:
    """What is sent for an answer.

    Args:
        data: all of it.
        file: where it is laid, too; None for what is not kept.

    Attributes:
        data: all of it.
        length: of the data, bytes.
        is_kept: whether it is there for the next one.
        file: where it lies, too; may be closed, and then has no descriptor.
        at: where the data begins in there.
    """

    __slots__ = ("at", "data", "file", "is_kept", "length")

    def __init__(self, data: bytes, file: _File | None = None) -> None:
        self.data, self.length, self.is_kept = data, len(data), file is not None
        at = None if file is None else file.append(data)
        self.file, self.at = (_NO_FILE, 0) if file is None or at is None else (file, at)


class Messages:
    """Messages by answer, bounded by bytes; one per process.

    Args:
        is_filed: whether to lay them into a file, too.
        most_bytes: of all together, those in the file included.

    Attributes:
        find: the message of an answer; None where it is to be made.
        size_bytes: of all together.
    """

    def __init__(self, *, is_filed: bool = True, most_bytes: int = MOST_BYTES) -> None:
        self._is_filed, self._most_bytes = is_filed, most_bytes
        self._kept: dict[Answer, Message] = {}
        # Ids of those that were sent once; what never comes again shall not push out what does, nor be held here
        # when the page memory lets it go. Should another answer get the id of one that is gone, it is kept early.
        self._seen: set[int] = set()
        self._file = _NO_FILE
        self.size_bytes = 0
        self.find = self._kept.get

    def make(self, answer: Answer, date_line: bytes) -> Message:
        """Put the message of an answer to a GET together; kept if it came before and there is room for it.

        Args:
            date_line: of this second, with its line end.
        """
        data = b"".join((STATUS_LINE[answer.status], date_line, answer.head, answer.body))
        if id(answer) not in self._seen:
            if self._has_room(SEEN_BYTES):
                self._seen.add(id(answer))
        elif self._has_room(COSTS_BYTES + (1 + self._is_filed) * len(data)):
            if self._is_filed and self._file is _NO_FILE:
                self._file = _open_file()
            message = self._kept[answer] = Message(data, self._file)
            return message
        return Message(data)

    def forget(self) -> None:
        """Forget everything: another second has begun, or no more is sent."""
        # The same dictionary: `find` is bound to it.
        self._kept.clear()
        self._seen.clear()
        self._file.close()
        self._file, self.size_bytes = _NO_FILE, 0

    def _has_room(self, size_bytes: int) -> bool:
        """Whether so much more may be kept; it is, then."""
        if self.size_bytes + size_bytes > self._most_bytes:
            return False
        self.size_bytes += size_bytes
        return True
