"""What a visitor gets, whole and ready: status, headers, bytes.

Made once when a page comes into memory, so that a hit only chooses between two of them. Nothing here knows Starlette or
ASGI's calls: whatever writes to a connection can send an Answer.
"""

from typing import NamedTuple

from services.server.conditional import http_date
from shared.records import PublishedPage

Headers = tuple[tuple[bytes, bytes], ...]

BROWSERS = "max-age=0, must-revalidate"
SHARED_CACHES = "max-age=10, stale-while-revalidate=60, stale-if-error=86400"
FOR_EVER = "public, max-age=31536000, immutable"


class Answer:
    """An answer.

    Attributes:
        status: HTTP status.
        headers: names in lower case; GET's, HEAD has the same.
        body: left out for HEAD.
    """

    __slots__ = ("_head", "body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes = b"") -> None:
        self.status, self.headers, self.body = status, headers, body
        self._head = b""

    @property
    def head(self) -> bytes:
        """The headers as they are sent, with the empty line behind them; made when they are first sent."""
        if not self._head:
            self._head = b"".join([b"%b: %b\r\n" % header for header in self.headers]) + b"\r\n"
        return self._head


class Pair(NamedTuple):
    """The two answers of a page: for who does not have it yet, and for who has."""

    fresh: Answer
    unchanged: Answer


def page_answers(site: str, page: str, published: PublishedPage, body: bytes) -> Pair:
    """Answers of a page that visitors get now.

    Args:
        site, page: slugs; caches purge by them.
        published: whose bytes they are.
        body: those bytes, as they are sent.
    """
    caching = {
        "cache-control": BROWSERS,
        "cdn-cache-control": SHARED_CACHES,
        "surrogate-key": f"{site} {site}/{page}",
        "cache-tag": f"{site},{site}/{page}",
        "x-platen-seq": str(published.seq),
    }
    return _pair(published, caching, body)


def version_answers(published: PublishedPage, body: bytes) -> Pair:
    """Answers of one version, which are the same for ever."""
    return _pair(published, {"cache-control": FOR_EVER, "x-robots-tag": "noindex"}, body)


def redirect_answer(location: str) -> Answer:
    """The page is at another address; asked again each time, since a 308 would otherwise be kept for ever."""
    return Answer(308, encode_headers({"location": location, "cache-control": BROWSERS, "content-length": "0"}))


def quoted(etag: str) -> str:
    """A strong entity tag."""
    return f'"{etag}"'


def encode_headers(headers: dict[str, str]) -> Headers:
    """Headers as they are sent."""
    return tuple((name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items())


def _pair(published: PublishedPage, caching: dict[str, str], body: bytes) -> Pair:
    # All of these stand in a 304 too: a cache renews what it keeps from them.
    headers = {
        "etag": quoted(published.etag),
        "last-modified": http_date(published.built_at),
        "vary": "Accept-Encoding",
        **caching,
        "content-security-policy": published.csp,
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "x-platen-version": str(published.version),
    }
    unchanged = encode_headers(headers)
    about_the_body = {"content-type": "text/html; charset=utf-8", "content-length": str(len(body))}
    return Pair(Answer(200, unchanged + encode_headers(about_the_body), body), Answer(304, unchanged))
