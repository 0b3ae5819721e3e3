"""What time it is, for the headers of answers and the bounds of connections: set once a second, read all the time."""

import time
from collections.abc import Callable
from email.utils import formatdate

# A clock that is further ahead than this is wrong, and nobody follows it.
MOST_AHEAD_S = 2


class Clock:
    """The time, as exact as headers and bounds need it: `tick` sets it as each second begins.

    No page may be newer than the answer it comes in. So a page whose second has not begun here begins it (`reach`),
    also where its clock, which is Redis's, is a little ahead of this one.

    Attributes:
        now: seconds, monotonic.
        date: the value of a Date header.
        date_line: the header, with its line end.
        next_s: how long that is right, seconds.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []
        self._second = self._reached = 0
        self.now, self.date, self.date_line, self.next_s = 0.0, b"", b"", 0.0
        self.tick()

    def on_tick(self, listener: Callable[[], None]) -> None:
        """Have something called once the time is set."""
        self._listeners.append(listener)

    def tick(self) -> None:
        at = time.time()
        second = int(at)
        is_ahead = 0 < self._reached - second <= MOST_AHEAD_S
        self._second = self._reached if is_ahead else second
        self.now, self.next_s = time.monotonic(), second + 1 - at
        self.date = formatdate(self._second, usegmt=True).encode()
        self.date_line = b"date: %b\r\n" % self.date
        for listener in self._listeners:
            listener()

    def reach(self, at_ms: int) -> None:
        """Take note of something that happened.

        Args:
            at_ms: milliseconds since the epoch.
        """
        if at_ms // 1000 > self._second:
            self._reached = at_ms // 1000
            self.tick()
