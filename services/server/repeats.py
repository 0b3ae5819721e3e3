"""Requests that come again word for word, with the messages that answer them: what makes a hot page cheap.

A head is looked at once and its answer chosen once; after that the very same bytes find the very same message, as long
as nothing changes. Everything changes at the same time: the clock's second, a page, a hostname. Then all of it is
forgotten, and the next request of each kind is looked at anew (`forget`). So nothing here needs to know why an answer
was what it was, and nothing grows old.
"""

from services.server.heads import Line
from services.server.messages import Message

MOST_BYTES = 8 * 1024 * 1024
LONGEST = 2_048
# What a request costs beside its bytes, its message not counted: that is kept for all who get it. Measured.
COSTS_BYTES = 250


class Repeat:
    """The answer to a request.

    Args:
        message: what is sent.
        status: HTTP status, for whoever counts.
        line: what was asked, likewise.
    """

    __slots__ = ("line", "message", "status")

    def __init__(self, message: Message, status: int, line: Line) -> None:
        self.message, self.status, self.line = message, status, line


class Repeats:
    """Requests and their answers, bounded by bytes; one per process.

    Args:
        most_bytes: of all together, without their messages.

    Attributes:
        find: the answer to the bytes of a request; None where they are to be looked at.
        size_bytes: of all together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        # Seen once, a request has no answer yet.
        self._known: dict[bytes, Repeat | None] = {}
        self.size_bytes = 0
        self.find = self._known.get

    def is_again(self, request: bytes) -> bool:
        """Whether a request came before; it has come now.

        Args:
            request: all that was read; one whole request and nothing else.
        """
        if request in self._known:
            return True
        size_bytes = len(request) + COSTS_BYTES
        if len(request) <= LONGEST and self.size_bytes + size_bytes <= self._most_bytes:
            self.size_bytes += size_bytes
            self._known[request] = None
        return False

    def keep(self, request: bytes, repeat: Repeat) -> None:
        """Remember the answer to a request that came before."""
        self._known[request] = repeat

    def forget(self) -> None:
        """Forget everything: something changed on which an answer may depend."""
        # The same dictionary: `find` is bound to it.
        self._known.clear()
        self.size_bytes = 0
