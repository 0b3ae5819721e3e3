"""Fan-out: each event is encoded once and handed to those who watch its page, its site, several sites, or everything.

What a topic's watchers are told at once is one piece, made once and joined once, so a burst costs each of them a single
write. All pieces of a batch and all who get them are decided in one step (`plan`), before the first is handed on
(`hand_on`), which leaves room for others in between: whoever joins meanwhile is in none of them and finds these events
in the history instead.

A watcher that does not keep up is cut, never waited for, and never loses a single event in silence: it comes back with
its last id and resumes from history.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from shared.events import AnyEvent, PageMoved, UnknownEvent
from shared.streams import Entry, position

ALL_PAGES = ""
# Names no site: every page of every site.
EVERYTHING = ("", ALL_PAGES)
# Stands where a page does in the topic of several sites, and parts their slugs.
SEVERAL = ","
# Watchers that are written to before others have a turn.
AT_ONCE = 20

Topic = tuple[str, str]
Position = tuple[int, int]


class Told(NamedTuple):
    """An event as watchers are told it.

    Attributes:
        at: its position.
        id: likewise, as it is written.
        topics: whoever watches one of them is told, and whoever watches several sites, its own among them; none where
            it is no event of ours.
        text: its block.
    """

    at: Position
    id: str
    topics: tuple[Topic, ...]
    text: bytes


class Block(NamedTuple):
    """A block of a status stream.

    Attributes:
        at: position of its event; None where it is no event.
        text: its bytes, with the empty line behind it.
    """

    at: Position | None
    text: bytes


class Piece:
    """What a topic's watchers are told at once.

    Attributes:
        blocks: in order.
        text: all of them.
        chunk: likewise, framed as a chunk of HTTP/1.1.
    """

    __slots__ = ("_chunk", "blocks", "text")

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks
        self.text = b"".join([block.text for block in blocks])
        self._chunk = b""

    @property
    def chunk(self) -> bytes:
        if not self._chunk:
            self._chunk = framed(self.text)
        return self._chunk

    def since(self, after: Position) -> "Piece":
        """The piece without what a watcher at some position has had."""
        return Piece([block for block in self.blocks if block.at is None or block.at > after])


class Watcher(Protocol):
    """Whoever watches a topic."""

    def send(self, piece: Piece) -> None:
        """Take a piece; must not block."""

    def reset(self) -> None:
        """The history behind it is gone: start again from a snapshot."""

    def end(self) -> None:
        """Say goodbye and close."""


class Plan(NamedTuple):
    """A piece, and who gets it."""

    piece: Piece
    watchers: list[Watcher]


class Hub:
    """Watchers by topic: (site, page), (site, ALL_PAGES), several sites, or EVERYTHING."""

    def __init__(self) -> None:
        self._watchers: defaultdict[Topic, set[Watcher]] = defaultdict(set)
        # Topics of several sites that are watched, by site.
        self._several: defaultdict[str, set[Topic]] = defaultdict(set)
        self.count = 0
        self.is_quiet = False

    def join(self, topic: Topic, watcher: Watcher) -> None:
        """Begin to hand a topic's events to a watcher."""
        self._watchers[topic].add(watcher)
        self.count += 1
        for site in sites_in(topic):
            self._several[site].add(topic)

    def leave(self, topic: Topic, watcher: Watcher) -> None:
        """Stop that."""
        watchers = self._watchers[topic]
        watchers.remove(watcher)
        self.count -= 1
        if not watchers:
            del self._watchers[topic]
            self._forget_several(topic)

    def plan(self, happened: Iterable[Told]) -> list[Plan]:
        """Decide who is told what of some events."""
        blocks: dict[Topic, list[Block]] = {}
        for told in happened if self._watchers else ():
            watched = [topic for topic in told.topics if topic in self._watchers]
            watched += self._several.get(told.topics[0][0], ()) if told.topics else ()
            block = Block(told.at, told.text)
            for topic in watched:
                blocks.setdefault(topic, []).append(block)
        return [Plan(Piece(those), list(self._watchers[topic])) for topic, those in blocks.items()]

    @staticmethod
    async def hand_on(plans: Iterable[Plan]) -> None:
        """Tell them, leaving room for others now and then."""
        told = 0
        for piece, watchers in plans:
            for watcher in watchers:
                watcher.send(piece)
                told += 1
                if told % AT_ONCE == 0:
                    await asyncio.sleep(0)

    def say(self, event: str) -> None:
        """Tell every watcher something that is no event of a page, such as `paused`."""
        piece = Piece([Block(None, encode_word(event))])
        for watcher in self._everyone():
            watcher.send(piece)

    def reset(self) -> None:
        """Make every watcher start again from a snapshot."""
        for watcher in self._everyone():
            watcher.reset()

    def quiet(self) -> None:
        """End every stream, and refuse new ones."""
        self.is_quiet = True
        for watcher in self._everyone():
            watcher.end()

    def _forget_several(self, topic: Topic) -> None:
        for site in sites_in(topic):
            self._several[site].discard(topic)
            if not self._several[site]:
                del self._several[site]

    def _everyone(self) -> Iterator[Watcher]:
        yield from [watcher for watchers in self._watchers.values() for watcher in watchers]


def several(sites: Iterable[str]) -> Topic:
    """The topic of several sites' pages."""
    return SEVERAL.join(sorted(set(sites))), SEVERAL


def sites_in(topic: Topic) -> list[str]:
    """The sites of a topic of several; none where it is another topic."""
    sites, page = topic
    return [site for site in sites.split(SEVERAL) if site] if page == SEVERAL else []


def concerning(topic: Topic, happened: Iterable[Told]) -> list[Told]:
    """Those events of which whoever watches a topic is told."""
    sites = sites_in(topic)
    if sites:
        return [told for told in happened if told.topics and told.topics[0][0] in sites]
    return [told for told in happened if topic in told.topics]


def tell(entry: Entry, event: AnyEvent | UnknownEvent | None) -> Told:
    """An entry of an events stream as watchers are told it.

    Args:
        event: what it says, None where that is none of ours.
    """
    topics = () if event is None or not event.site else _topics(event.site, (*_left(event), event.page))
    return Told(position(entry.id), entry.id, topics, encode_block(entry) if topics else b"")


def _left(event: AnyEvent | UnknownEvent) -> Sequence[str]:
    """Pages that an event concerns besides its own."""
    return event.old if isinstance(event, PageMoved) else ()


@lru_cache(4096)  # So that a long history of the same pages is small.
def _topics(site: str, pages: tuple[str, ...]) -> tuple[Topic, ...]:
    # A site's own event names no page, and is told once.
    return *((site, page) for page in pages if page), (site, ALL_PAGES), EVERYTHING


def encode_block(entry: Entry) -> bytes:
    """An event as a block of a status stream. What we write has no line ends of its own; a foreign writer's might."""
    kind = b" ".join(entry.type.encode().splitlines())
    data = b"\ndata: ".join(entry.data.splitlines()) or b"{}"
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (entry.id.encode(), kind, data)


def encode_word(event: str) -> bytes:
    """A block that is no event of a page and moves no id, such as `paused`."""
    return b'event: %b\ndata: {"type":"%b"}\n\n' % (event.encode(), event.encode())


def framed(text: bytes) -> bytes:
    """Bytes as a chunk of HTTP/1.1; an empty chunk would end the answer, so there is none."""
    return b"%x\r\n%b\r\n" % (len(text), text) if text else b""
