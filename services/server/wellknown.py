"""What visitors, crawlers and browsers look for beside the pages: `/robots.txt`, `/sitemap.xml`, `/favicon.ico`.

No slug has a dot, so these addresses are never a page's. What takes a look into Redis is kept for a minute; who asks
more often costs nothing.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from services.server.addresses import HOME, path_of
from services.server.answers import Answer, encode_headers
from services.server.asked import Asked
from services.server.conditional import http_date, is_not_modified
from services.server.hosts import Hosts
from services.server.kept import Kept
from services.server.memory import PageName
from shared.config import decode_config
from shared.errors import NotFound
from shared.published import LivePage, PublishedStore
from shared.versions import VersionStore

KEEP_S = 60.0
MOST_BYTES = 64 * 1024 * 1024
MOST_AT_ONCE = 2
# What the sitemaps protocol takes in one file.
MOST_LISTED = 50_000
CHUNK = 500
ICON_OVERHEAD_BYTES = 512
# Not for people to come to, so not for crawlers to list either.
UNLISTED = frozenset({"404"})
MISSING_ICON = Answer(204, encode_headers({"cache-control": "public, max-age=86400"}))
_EVERYTHING = tuple(map(chr, range(0x21, 0x7F)))
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'


class Sitemap(NamedTuple):
    """A sitemap, ready to be sent.

    Attributes:
        etag: strong entity tag, with its quotes.
        modified_ms: when its newest page was built.
        fresh, unchanged: for who does not have it yet, and for who has.
    """

    etag: bytes
    modified_ms: int
    fresh: Answer
    unchanged: Answer


class WellKnown:
    """The addresses beside the pages.

    Args:
        published: which pages are live.
        versions: what they were made of.
        hosts: the hostnames of a site.
        public_url: origin that visitors use; what it begins with is what addresses begin with.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        published: PublishedStore,
        versions: VersionStore,
        hosts: Hosts,
        public_url: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._published, self._versions, self._hosts = published, versions, hosts
        self._scheme = urlsplit(public_url).scheme or "http"
        self._at_once = asyncio.Semaphore(MOST_AT_ONCE)
        self._sitemaps: Kept[tuple[str, str], Sitemap] = Kept(
            self._list, KEEP_S, MOST_BYTES, lambda sitemap: len(sitemap.fresh.body), clock
        )
        self._icons: Kept[str, Answer] = Kept(
            self._look_up_icon, KEEP_S, MOST_BYTES, lambda _: ICON_OVERHEAD_BYTES, clock
        )

    async def find(self, site: str | None, path: str, asked: Asked) -> Answer | None:
        """What is at one of these addresses.

        Args:
            site: whose hostname was asked, None on the shared host.
            path: as it came.
            asked: what the request says.

        Returns:
            None for any other address, and where a host has nothing there.

        Raises:
            StoreUnavailable, StoreUncertain: it is not kept and Redis is away.
        """
        if path == "/robots.txt":
            return self._robots(site)
        if path == "/favicon.ico":
            return MISSING_ICON if site is None else await self._icons.get(site)
        if path == "/sitemap.xml" and site is not None:
            sitemap = await self._sitemaps.get((site, self._hostname(site)))
            has_it = is_not_modified(asked, sitemap.etag, sitemap.modified_ms)
            return sitemap.unchanged if has_it else sitemap.fresh
        return None

    def _hostname(self, site: str) -> str:
        """The first hostname of a site: the one under which crawlers shall know its pages."""
        return next(iter(self._hosts.names_of(site)), "")

    def _robots(self, site: str | None) -> Answer:
        lines = ["User-agent: *", "Disallow: /-/"]
        if site is not None:
            lines.append(f"Sitemap: {self._scheme}://{self._hostname(site)}/sitemap.xml")
        body = "".join(f"{line}\n" for line in lines).encode()
        about = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
        return Answer(200, encode_headers({**about, **_caching()}), body)

    async def _list(self, asked: tuple[str, str]) -> Sitemap:
        site, hostname = asked
        pages: list[LivePage] = []
        async with self._at_once:
            after = ""
            while len(pages) < MOST_LISTED:
                piece = await self._published.of_site(site, after, CHUNK)
                pages += [page for page in piece.items if page.page not in UNLISTED]
                after = piece.after
                if not after:
                    break
        return await asyncio.to_thread(_write, site, f"{self._scheme}://{hostname}", pages[:MOST_LISTED])

    async def _look_up_icon(self, site: str) -> Answer:
        """The icon of a site's home page, where it names one."""
        async with self._at_once:
            try:
                saved = await self._versions.live(site, HOME)
            except NotFound:
                return MISSING_ICON
        try:
            icon = decode_config(saved.config).icon_url
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return MISSING_ICON
        if icon is None:
            return MISSING_ICON
        headers = {"location": quote(str(icon), safe="".join(_EVERYTHING)), "content-length": "0"}
        return Answer(302, encode_headers({**headers, "cache-control": "public, max-age=3600"}))


def _write(site: str, origin: str, pages: list[LivePage]) -> Sitemap:
    """A sitemap. Slugs and hostnames have no character that XML minds."""
    listed = [(path_of(site, PageName(site, page.page)), _moment(page.built_at)) for page in pages]
    lines = [f"<url><loc>{origin}{path}</loc><lastmod>{at}</lastmod></url>\n" for path, at in listed]
    body = _HEAD + "".join(lines).encode() + b"</urlset>\n"
    etag, modified_ms = f'"{sha256(body).hexdigest()[:32]}"', max((page.built_at for page in pages), default=0)
    about = {"etag": etag, "last-modified": http_date(modified_ms), "x-content-type-options": "nosniff", **_caching()}
    length = {"content-type": "application/xml; charset=utf-8", "content-length": str(len(body))}
    return Sitemap(
        etag.encode(),
        modified_ms,
        Answer(200, encode_headers({**about, **length}), body),
        Answer(304, encode_headers(about)),
    )


def _caching() -> dict[str, str]:
    return {"cache-control": f"public, max-age={KEEP_S:.0f}"}


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
