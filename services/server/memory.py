"""The pages a server process holds, bounded by bytes, kept true by the follower.

`seq` only rises: whatever races, a page is replaced by a higher one only. A load that was under way while its page was
published is made again, for it may have read the page before.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from services.server import notices
from services.server.answers import ANSWERS_BYTES, Answer, Answers, page_answers
from services.server.asked import Asked
from shared.errors import Undecodable
from shared.records import PublishedPage

log = logging.getLogger(__name__)

MOST_MISSING = 100_000
# A page that changes while it is read ahead is read again, but nobody waits for it.
MOST_WARM_READS = 3


class PageName(NamedTuple):
    """A page: slugs."""

    site: str
    page: str


class Held(NamedTuple):
    """A page in memory.

    Attributes:
        published: the page as Redis would hold it, with the highest numbers known to have been given out on it.
        answers: ready to be sent; None where the page was unpublished.
    """

    published: PublishedPage
    answers: Answers | None

    @property
    def seq(self) -> int:
        return self.published.seq

    @property
    def moved(self) -> str:
        """Slug under which the page is now, "" where it is here."""
        return self.published.moved

    @property
    def page(self) -> bytes:
        return self.answers.page if self.answers else b""

    @property
    def length(self) -> int:
        return self.answers.length if self.answers else 0

    @property
    def size_bytes(self) -> int:
        return self.answers.size_bytes if self.answers else ANSWERS_BYTES

    def answer(self, asked: Asked) -> Answer:
        """The answer to a request."""
        return notices.GONE if self.answers is None else self.answers.choose(asked)

    def raised(self, top_seq: int, top_version: int) -> "Held":
        """The same page, knowing of higher numbers given out."""
        page = self.published
        if top_seq <= page.top_seq and top_version <= page.top_version:
            return self
        tops = {"top_seq": max(top_seq, page.top_seq), "top_version": max(top_version, page.top_version)}
        return self._replace(published=msgspec.structs.replace(page, **tops))


class _Loading:
    """A load under way; `is_stale` once its page was published meanwhile."""

    def __init__(self, task: "asyncio.Task[Held | None]") -> None:
        self.task = task
        self.is_stale = False


Load = Callable[[Sequence[PageName]], Awaitable[list[PublishedPage | None]]]


class PageMemory:
    """Pages by name.

    Args:
        load: reads published pages in one round trip.
        most_bytes: bound of what is held; the pages not asked for longest go first.
        most_missing: bound of the names remembered as missing.
        on_change: called when a page that is held became another one, or is held no longer.
        on_page: called with the time a page was built, in ms since the epoch, before it is held.
    """

    def __init__(
        self,
        load: Load,
        most_bytes: int,
        most_missing: int = MOST_MISSING,
        on_change: Callable[[], None] = lambda: None,
        on_page: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._load, self._most_bytes, self._most_missing = load, most_bytes, most_missing
        self._on_change, self._on_page = on_change, on_page
        # Keyed by PageNames, which are equal to plain tuples; a hit asks with one of those, which is cheaper to make.
        self._held: OrderedDict[tuple[str, str], Held] = OrderedDict()
        self._missing: OrderedDict[PageName, None] = OrderedDict()
        self._loading: dict[PageName, _Loading] = {}
        # Pages that are being read before anybody asked; one that changes meanwhile is taken out, and not held.
        self._warming: set[PageName] = set()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def names(self) -> list[PageName]:
        """What is held."""
        return [PageName(*name) for name in self._held]

    def peek(self, name: tuple[str, str]) -> Held | None:
        """A page that is held, without a look into Redis."""
        held = self._held.get(name)
        if held is not None:
            self._held.move_to_end(name)
        return held

    def look(self, name: PageName) -> Held | None:
        """A page that is held, without counting as asking for it."""
        return self._held.get(name)

    async def get(self, name: PageName) -> Held | None:
        """A page, read from Redis the first time; many who ask at once share one read.

        Returns:
            None where nothing was ever live.

        Raises:
            StoreUnavailable, StoreUncertain: it is not held and Redis is away.
            Undecodable: what is stored is damaged.
        """
        held = self.peek(name)
        if held is not None:
            return held
        if name in self._missing:
            return None
        loading = self._loading.get(name)
        if loading is None:
            loading = self._loading[name] = _Loading(asyncio.create_task(self._fetch(name)))
        # Shielded: one visitor who leaves must not take the page from the others.
        return await asyncio.shield(loading.task)

    def forget_missing(self) -> None:
        """Forget which pages were missing: some may have been published unseen."""
        self._missing.clear()
        self._warming.clear()
        for loading in self._loading.values():
            loading.is_stale = True

    def note(self, name: tuple[str, str], seq: int, version: int) -> None:
        """Remember of a page that is held which numbers were given out on it."""
        held = self._held.get(name)
        if held is not None:
            self._held[name] = held.raised(seq, version)

    async def refresh(self, names: Iterable[PageName]) -> list[PageName]:
        """Read again those of some pages that this process knows, in one round trip.

        Returns:
            pages of which this process knows more than Redis: only a Redis that went back forgets.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; what is held stays as it is.
            Undecodable: one of them is damaged and nothing of it is held; those after it were not looked at.
        """
        known = [name for name in names if self._knows(name)]
        if not known:
            return []
        found = list(zip(known, await self._load(known), strict=True))
        for name, page in found:
            self._install(name, page)
        return [name for name, page in found if self._is_ahead(name, page)]

    async def warm(self, names: Iterable[PageName], most_bytes: int) -> None:
        """Read pages that nobody has asked for yet, in one round trip; they are the first to go again.

        Args:
            names: the pages; those that this process knows are passed over.
            most_bytes: no more is taken once this much is held.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
            Exception: one of them is damaged, and none is held.
        """
        left = list(names)
        for _ in range(MOST_WARM_READS):
            left = [name for name in left if name not in self._held and name not in self._missing]
            if not left:
                break
            left = await self._warm(left, most_bytes)

    async def _warm(self, names: list[PageName], most_bytes: int) -> list[PageName]:
        """Returns: pages that changed while they were read."""
        self._warming.update(names)
        try:
            found = zip(names, await self._load(names), strict=True)
            changed = [name for name in names if name not in self._warming]
            for name, page in found:
                is_wanted = name in self._warming and name not in self._held and self.size_bytes < most_bytes
                if page is not None and is_wanted:
                    self._install(name, page)
                    self._held.move_to_end(name, last=False)
        finally:
            self._warming.difference_update(names)
        return changed

    def _is_ahead(self, name: PageName, page: PublishedPage | None) -> bool:
        """Whether more is known here. An answer that another read overtook may say so too, and is found out later."""
        held = self._held.get(name)
        if held is None or page is None:
            return held is not None
        known, told = held.published, _with_own_numbers(page)
        return known.seq > told.seq or known.top_seq > told.top_seq or known.top_version > told.top_version

    def _knows(self, name: PageName) -> bool:
        loading = self._loading.get(name)
        if loading is not None:
            loading.is_stale = True
        self._warming.discard(name)
        return name in self._held or name in self._missing

    async def _fetch(self, name: PageName) -> Held | None:
        try:
            while True:
                self._loading[name].is_stale = False
                [page] = await self._load([name])
                if not self._loading[name].is_stale:
                    return self._install(name, page)
        finally:
            del self._loading[name]

    def _install(self, name: PageName, page: PublishedPage | None) -> Held | None:
        """Take a page into memory, unless what is held is newer."""
        held = self._held.get(name)
        if page is None:
            if held is None:
                self._remember_missing(name)
            return held
        if held is not None and _stays(held, page):
            self._held[name] = held = held.raised(page.top_seq, page.top_version)
            return held
        try:
            new = self._unpack(name, page)
            new = new.raised(held.published.top_seq, held.published.top_version) if held else new
        except Undecodable as error:
            if held is None:
                # It is there, so it is not missing: the next visitor makes us look again.
                self._missing.pop(name, None)
                raise
            log.error("%s/%s: seq %d is damaged, seq %d stays: %s", *name, page.seq, held.seq, error)
            return held
        self._missing.pop(name, None)
        self._on_page(page.built_at)
        self.size_bytes += new.size_bytes - (held.size_bytes if held else 0)
        self._held[name] = new
        self._held.move_to_end(name)
        if held is not None:
            self._on_change()
        self._make_room()
        return new

    def _unpack(self, name: PageName, page: PublishedPage) -> Held:
        answers = None if page.is_gone else page_answers(*name, page, partial(self._on_growth, name))
        return Held(_with_own_numbers(page), answers)

    def _on_growth(self, name: PageName, answers: Answers, size_bytes: int) -> None:
        """A page was asked for in another coding, which is kept as well; what is no longer held does not count."""
        held = self._held.get(name)
        if held is not None and held.answers is answers:
            self.size_bytes += size_bytes
            self._make_room()

    def _make_room(self) -> None:
        while self.size_bytes > self._most_bytes and len(self._held) > 1:
            _, oldest = self._held.popitem(last=False)
            self.size_bytes -= oldest.size_bytes
            # A page that is not held may change unseen.
            self._on_change()

    def _remember_missing(self, name: PageName) -> None:
        self._missing[name] = None
        if len(self._missing) > self._most_missing:
            self._missing.popitem(last=False)


def _stays(held: Held, page: PublishedPage) -> bool:
    """Whether what is held is newer, or the same. A seq given out anew has other bytes: then Redis is right."""
    known = held.published
    if known.seq != page.seq:
        return known.seq > page.seq
    is_same = known.version == page.version and known.moved == page.moved
    return is_same and (page.is_gone or known.etag == page.etag)


def _with_own_numbers(page: PublishedPage) -> PublishedPage:
    """A page whose own numbers count among those given out, however far behind its counters are."""
    tops = {"top_seq": max(page.seq, page.top_seq), "top_version": max(page.version, page.top_version)}
    return msgspec.structs.replace(page, **tops)
