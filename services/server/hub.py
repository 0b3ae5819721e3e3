"""Fan-out: each event is encoded once and handed to those who watch its page or its site.

A watcher that does not keep up is cut, never waited for, and never loses a single event in silence: it comes back with
its last id and resumes from history.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Protocol

from shared.errors import Undecodable
from shared.events import decode_event
from shared.streams import Entry

ALL_PAGES = ""


class Watcher(Protocol):
    """Whoever watches a topic."""

    def send(self, position: str, block: bytes) -> None:
        """Take a block; must not block. `position` is "" for a block that is no event."""

    def reset(self) -> None:
        """The history behind it is gone: start again from a snapshot."""

    def end(self) -> None:
        """Say goodbye and close."""


Topic = tuple[str, str]


class Hub:
    """Watchers by topic: (site, page), or (site, ALL_PAGES)."""

    def __init__(self) -> None:
        self._watchers: defaultdict[Topic, set[Watcher]] = defaultdict(set)
        self.count = 0
        self.is_quiet = False

    def join(self, topic: Topic, watcher: Watcher) -> None:
        """Begin to hand a topic's events to a watcher."""
        self._watchers[topic].add(watcher)
        self.count += 1

    def leave(self, topic: Topic, watcher: Watcher) -> None:
        """Stop that."""
        watchers = self._watchers[topic]
        watchers.remove(watcher)
        self.count -= 1
        if not watchers:
            del self._watchers[topic]

    def publish(self, entries: Iterable[Entry]) -> None:
        """Hand events on, in order."""
        if not self._watchers:
            return
        for entry in entries:
            topics = topics_of(entry)
            watchers = [watcher for topic in topics for watcher in self._watchers.get(topic, ())]
            if watchers:
                block = encode_block(entry)
                for watcher in watchers:
                    watcher.send(entry.id, block)

    def say(self, event: str) -> None:
        """Tell every watcher something that is no event of a page, such as `paused`."""
        block = encode_word(event)
        for watcher in self._everyone():
            watcher.send("", block)

    def reset(self) -> None:
        """Make every watcher start again from a snapshot."""
        for watcher in self._everyone():
            watcher.reset()

    def quiet(self) -> None:
        """End every stream, and refuse new ones."""
        self.is_quiet = True
        for watcher in self._everyone():
            watcher.end()

    def _everyone(self) -> Iterator[Watcher]:
        yield from [watcher for watchers in self._watchers.values() for watcher in watchers]


def topics_of(entry: Entry) -> list[Topic]:
    """Whom an event concerns: those who watch its page, and those who watch its site."""
    try:
        event = decode_event(entry.data)
    except Undecodable:
        return []
    return [(event.site, event.page), (event.site, ALL_PAGES)] if event.site else []


def encode_block(entry: Entry) -> bytes:
    """An event as a block of a status stream. What we write has no line ends of its own; a foreign writer's might."""
    kind = b" ".join(entry.type.encode().splitlines())
    data = b"\ndata: ".join(entry.data.splitlines()) or b"{}"
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (entry.id.encode(), kind, data)


def encode_word(event: str) -> bytes:
    """A block that is no event of a page and moves no id, such as `paused`."""
    return b'event: %b\ndata: {"type":"%b"}\n\n' % (event.encode(), event.encode())
