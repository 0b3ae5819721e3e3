"""The pages a server process holds, bounded by bytes, kept true by the follower.

`seq` only rises: whatever races, a page is replaced by a higher one only. A load that was under way while its page was
published is made again, for it may have read the page before.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from services.server.answers import Pair, page_answers, quoted
from shared.codec import compress, decompress
from shared.errors import Undecodable
from shared.records import PublishedPage

log = logging.getLogger(__name__)

MOST_MISSING = 100_000
# What a held page costs beside its body, measured: two lists of headers, keys, the objects themselves.
OVERHEAD_BYTES = 4_096


class PageName(NamedTuple):
    """A page: slugs."""

    site: str
    page: str


class Held(NamedTuple):
    """A page in memory.

    Attributes:
        seq: the publication it comes from.
        etag: strong entity tag, with its quotes.
        built_at: milliseconds since the epoch, UTC.
        pair: its answers, ready to be sent; None where the page was unpublished.
        version: its version, 0 where the page was unpublished.
        top_seq, top_version: the highest known to have been given out on the page, live or not.
    """

    seq: int
    etag: str
    built_at: int
    pair: Pair | None
    version: int
    top_seq: int
    top_version: int

    @property
    def body(self) -> bytes:
        return self.pair.fresh.body if self.pair else b""

    @property
    def cost(self) -> int:
        return len(self.body) + OVERHEAD_BYTES

    def published(self) -> PublishedPage:
        """The page as Redis would hold it."""
        page = PublishedPage(seq=self.seq, version=self.version, top_seq=self.top_seq, top_version=self.top_version)
        if self.pair is None:
            return page
        csp = dict(self.pair.unchanged.headers)[b"content-security-policy"].decode("latin-1")
        whole = {"etag": self.etag.strip('"'), "csp": csp, "built_at": self.built_at, "body": compress(self.body)}
        return msgspec.structs.replace(page, **whole)

    def raised(self, top_seq: int, top_version: int) -> "Held":
        """The same page, knowing of higher numbers given out."""
        if top_seq <= self.top_seq and top_version <= self.top_version:
            return self
        return self._replace(top_seq=max(top_seq, self.top_seq), top_version=max(top_version, self.top_version))


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
    """

    def __init__(self, load: Load, most_bytes: int, most_missing: int = MOST_MISSING) -> None:
        self._load, self._most_bytes, self._most_missing = load, most_bytes, most_missing
        # Keyed by PageNames, which are equal to plain tuples; a hit asks with one of those, which is cheaper to make.
        self._held: OrderedDict[tuple[str, str], Held] = OrderedDict()
        self._missing: OrderedDict[PageName, None] = OrderedDict()
        self._loading: dict[PageName, _Loading] = {}
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

    def _is_ahead(self, name: PageName, page: PublishedPage | None) -> bool:
        """Whether more is known here. An answer that another read overtook may say so too, and is found out later."""
        held = self._held.get(name)
        if held is None or page is None:
            return held is not None
        top_seq, top_version = max(page.seq, page.top_seq), max(page.version, page.top_version)
        return held.seq > page.seq or held.top_seq > top_seq or held.top_version > top_version

    def _knows(self, name: PageName) -> bool:
        loading = self._loading.get(name)
        if loading is not None:
            loading.is_stale = True
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
            new = _unpack(name, page)
            new = new.raised(held.top_seq, held.top_version) if held else new
        except Undecodable as error:
            if held is None:
                # It is there, so it is not missing: the next visitor makes us look again.
                self._missing.pop(name, None)
                raise
            log.error("%s/%s: seq %d is damaged, seq %d stays: %s", *name, page.seq, held.seq, error)
            return held
        self._missing.pop(name, None)
        self.size_bytes += new.cost - (held.cost if held else 0)
        self._held[name] = new
        self._held.move_to_end(name)
        while self.size_bytes > self._most_bytes and len(self._held) > 1:
            _, oldest = self._held.popitem(last=False)
            self.size_bytes -= oldest.cost
        return new

    def _remember_missing(self, name: PageName) -> None:
        self._missing[name] = None
        if len(self._missing) > self._most_missing:
            self._missing.popitem(last=False)


def _stays(held: Held, page: PublishedPage) -> bool:
    """Whether what is held is newer, or the same. A seq given out anew has other bytes: then Redis is right."""
    if held.seq != page.seq:
        return held.seq > page.seq
    return held.version == page.version and (page.is_gone or held.etag == quoted(page.etag))


def _unpack(name: PageName, page: PublishedPage) -> Held:
    top_seq, top_version = max(page.seq, page.top_seq), max(page.version, page.top_version)
    if page.is_gone:
        return Held(page.seq, "", 0, None, 0, top_seq, top_version)
    pair = page_answers(*name, page, decompress(page.body))
    return Held(page.seq, quoted(page.etag), page.built_at, pair, page.version, top_seq, top_version)
