"""What a visitor gets, whole and ready: status, headers, bytes.

A page has one answer per content coding and another one for who has it already. Each is made when it is first asked for
and kept, so that a hit only chooses among them. Nothing here knows Starlette or ASGI's calls: whatever writes to a
connection can send an Answer.
"""

from collections.abc import Callable
from typing import NamedTuple

from services.server.asked import Asked
from services.server.conditional import http_date, is_not_modified
from shared.codec import compress, decompress, is_for_browsers
from shared.codings import Coding, encode
from shared.records import PublishedPage

Headers = tuple[tuple[bytes, bytes], ...]

BROWSERS = "max-age=0, must-revalidate"
SHARED_CACHES = "max-age=10, stale-while-revalidate=60, stale-if-error=86400"
# Headers of a page that say nothing about its address, its version, or how long it may be kept.
_SAFE_FOR_ALL = frozenset(
    b"content-type content-length content-encoding vary content-security-policy x-content-type-options "
    b"referrer-policy".split()
)
FOR_EVER = "public, max-age=31536000, immutable"
VARY = "Accept-Encoding"
# What a coding costs beside its bytes, and a page beside its codings; both measured, with all that hangs on them.
VARIANT_BYTES = 2_560
ANSWERS_BYTES = 4_096


class Answer:
    """An answer.

    Attributes:
        status: HTTP status.
        headers: names in lower case; GET's, HEAD has the same.
        body: left out for HEAD.
        head: the headers as they are sent, with the empty line behind them.
    """

    __slots__ = ("body", "head", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes = b"") -> None:
        self.status, self.headers, self.body = status, headers, body
        self.head = b"".join([b"%b: %b\r\n" % header for header in headers]) + b"\r\n"


class Variant(NamedTuple):
    """A page in one coding.

    Attributes:
        etag: strong entity tag, with its quotes.
        fresh: the answer for who does not have it yet.
        unchanged: the answer for who has.
    """

    etag: bytes
    fresh: Answer
    unchanged: Answer


class Answers:
    """The answers of one page.

    Args:
        published: the page.
        caching: headers that say who may keep it.
        on_growth: called with the bytes that another variant takes, once it is made.

    Raises:
        Undecodable: its bytes are damaged.
    """

    __slots__ = ("_chosen", "_headers", "_on_growth", "_variants", "length", "published", "size_bytes", "zstd")

    def __init__(
        self,
        published: PublishedPage,
        caching: dict[str, str],
        on_growth: "Callable[[Answers, int], None] | None" = None,
    ) -> None:
        page = decompress(published.body)
        self.published, self._on_growth = published, on_growth
        # As it is stored, it can be sent; what somebody else stored may ask too much of a browser.
        self.zstd = published.body if is_for_browsers(published.body) else compress(page)
        self.length = len(page)
        self._headers = _common_headers(published, caching)
        self._variants: dict[Coding, Variant] = {}
        self._chosen: dict[tuple[Coding, ...], Variant] = {}
        self.size_bytes = ANSWERS_BYTES + len(self.zstd) + (0 if self.zstd is published.body else len(published.body))

    @property
    def page(self) -> bytes:
        """The page as it is. It takes more room than all its codings together, so it is kept only once it was sent."""
        sent = self._variants.get("identity")
        return sent.fresh.body if sent else decompress(self.zstd)

    def choose(self, asked: Asked) -> Answer:
        """The answer to a request."""
        variant = self._chosen.get(asked.codings)
        if variant is None:
            if not asked.codings:
                return NOT_ACCEPTABLE
            variant = self._chosen[asked.codings] = self._best(asked.codings)
        if asked.none_match is None and asked.modified_since is None:
            return variant.fresh
        is_known = is_not_modified(asked, variant.etag, self.published.built_at)
        return variant.unchanged if is_known else variant.fresh

    def _best(self, codings: tuple[Coding, ...]) -> Variant:
        """The first that does not lengthen the page; where all do, and the page itself is refused, the first."""
        for coding in codings:
            variant = self._variant(coding)
            if coding == "identity" or len(variant.fresh.body) < self.length:
                return variant
        return self._variant(codings[0])

    def _variant(self, coding: Coding) -> Variant:
        variant = self._variants.get(coding)
        if variant is None:
            variant = self._variants[coding] = self._make_variant(coding)
            self._grow(VARIANT_BYTES + (0 if coding == "zstd" else len(variant.fresh.body)))
        return variant

    def _make_variant(self, coding: Coding) -> Variant:
        body = self._encoded(coding)
        [tag] = encode_headers({"etag": _quoted(self.published.etag, coding)})
        # All of these stand in a 304, too: a cache renews what it keeps from them.
        unchanged = (tag, *self._headers)
        about_the_body = {"content-type": "text/html; charset=utf-8", "content-length": str(len(body))}
        if coding != "identity":
            about_the_body["content-encoding"] = coding
        fresh = Answer(200, unchanged + encode_headers(about_the_body), body)
        return Variant(tag[1], fresh, Answer(304, unchanged))

    def _encoded(self, coding: Coding) -> bytes:
        if coding == "identity":
            return decompress(self.zstd)
        return self.zstd if coding == "zstd" else encode(coding, self.page)

    def _grow(self, size_bytes: int) -> None:
        self.size_bytes += size_bytes
        if self._on_growth is not None:
            self._on_growth(self, size_bytes)


def page_answers(
    site: str, page: str, published: PublishedPage, on_growth: Callable[[Answers, int], None] | None = None
) -> Answers:
    """Answers of a page that visitors get now.

    Args:
        site, page: slugs; caches purge by them.
        published: whose bytes they are.
        on_growth: called with the bytes that another variant takes, once it is made.

    Raises:
        Undecodable: its bytes are damaged.
    """
    caching = {
        "cache-control": BROWSERS,
        "cdn-cache-control": SHARED_CACHES,
        "surrogate-key": f"{site} {site}/{page}",
        "cache-tag": f"{site},{site}/{page}",
        "x-platen-seq": str(published.seq),
    }
    return Answers(published, caching, on_growth)


def version_answers(published: PublishedPage) -> Answers:
    """Answers of one version, which are the same for ever.

    Raises:
        Undecodable: its bytes are damaged.
    """
    return Answers(published, {"cache-control": FOR_EVER, "x-robots-tag": "noindex"})


def redirect_answer(location: str) -> Answer:
    """The page is at another address; asked again each time, since a 308 would otherwise be kept for ever."""
    return Answer(308, encode_headers({"location": location, "cache-control": BROWSERS, "content-length": "0"}))


def moved_answer(location: str) -> Answer:
    """The page was moved; asked again each time, since it may be moved back."""
    return Answer(301, redirect_answer(location).headers)


def missing_answer(own: Answer) -> Answer:
    """The page that a site has for what is not there, under another address and therefore kept by nobody.

    Args:
        own: that page as its own visitors get it, in the coding that is asked for.
    """
    about_the_body = tuple(header for header in own.headers if header[0] in _SAFE_FOR_ALL)
    return Answer(
        404, about_the_body + encode_headers({"cache-control": "no-store", "x-robots-tag": "noindex"}), own.body
    )


def encode_headers(headers: dict[str, str]) -> Headers:
    """Headers as they are sent."""
    return tuple((name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items())


def _quoted(etag: str, coding: Coding) -> str:
    """A strong entity tag: other bytes, another tag."""
    return f'"{etag}"' if coding == "identity" else f'"{etag}-{coding}"'


def _common_headers(published: PublishedPage, caching: dict[str, str]) -> Headers:
    headers = {
        "last-modified": http_date(published.built_at),
        "vary": VARY,
        **caching,
        "content-security-policy": published.csp,
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "x-platen-version": str(published.version),
    }
    return encode_headers(headers)


_REFUSAL = b"This page is not to be had in any of the content codings that were asked for.\n"
NOT_ACCEPTABLE = Answer(
    406,
    encode_headers(
        {
            "content-type": "text/plain; charset=utf-8",
            "content-length": str(len(_REFUSAL)),
            "cache-control": "no-store",
            "vary": VARY,
            "x-content-type-options": "nosniff",
        }
    ),
    _REFUSAL,
)
