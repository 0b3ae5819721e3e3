"""Requests that come again word for word, with the bytes that answer them: what makes a hot page as cheap as it gets.

A head is looked at once and its answer put together once; after that the very same bytes find the very same answer, as
long as nothing changes. Everything changes at the same time: the clock's second, a page, a hostname. Then all of it is
forgotten, and the next request of each kind is looked at anew (`forget`). So nothing here needs to know why an answer
was what it was, and nothing grows old.
"""

from typing import NamedTuple

from services.server.heads import Line

MOST_BYTES = 4 * 1024 * 1024
# Seen once, a request is remembered without an answer: what never comes again shall not push out what does.
MOST_SEEN = 1_024
LONGEST = 2_048


class Repeat(NamedTuple):
    """The answer to a request, whole.

    Attributes:
        data: what is sent.
        status: HTTP status, for whoever counts.
        line: what was asked, likewise.
    """

    data: bytes
    status: int
    line: Line


class Repeats:
    """Requests and their answers, bounded by bytes; one per process.

    Attributes:
        find: the answer to the bytes of a request; None where they are to be looked at.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, most_seen: int = MOST_SEEN) -> None:
        self._most_bytes, self._most_seen = most_bytes, most_seen
        self._known: dict[bytes, Repeat] = {}
        self._seen: set[bytes] = set()
        self.size_bytes = 0
        self.find = self._known.get

    def __len__(self) -> int:
        return len(self._known)

    def is_again(self, request: bytes) -> bool:
        """Whether a request came before; it has come now.

        Args:
            request: all that was read; one whole request and nothing else.
        """
        if request in self._seen:
            return True
        if len(self._seen) < self._most_seen and len(request) <= LONGEST:
            self._seen.add(request)
        return False

    def keep(self, request: bytes, repeat: Repeat) -> None:
        """Remember the answer to a request, if there is room for it."""
        size_bytes = len(request) + len(repeat.data)
        if self.size_bytes + size_bytes <= self._most_bytes:
            self.size_bytes += size_bytes
            self._known[request] = repeat

    def forget(self) -> None:
        """Forget everything: something changed on which an answer may depend."""
        # The same dictionary: `find` is bound to it.
        self._known.clear()
        self._seen.clear()
        self.size_bytes = 0
