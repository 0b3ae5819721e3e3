"""Conditional requests (RFC 9110, section 13): does the caller have these bytes already?

Pure functions of header values.
"""

import re
from collections.abc import Iterable
from email.utils import formatdate, parsedate_to_datetime

Headers = Iterable[tuple[bytes, bytes]]

_TAG = re.compile(r'[ \t,]*(?:W/)?("[^"]*")')


def http_date(at_ms: int) -> str:
    """An HTTP date.

    Args:
        at_ms: milliseconds since the epoch.
    """
    return formatdate(at_ms // 1000, usegmt=True)


def is_not_modified(headers: Headers, etag: str, modified_ms: int) -> bool:
    """Whether a GET or HEAD is answered 304.

    `If-None-Match` compares weakly, may span several lines, and wins over `If-Modified-Since`. The latter matches the
    very date we sent and no later one: after going back, the page that is live is older than the one the caller has,
    and "not modified since" would keep the caller on the page that was taken back.

    Args:
        headers: of the request, names in lower case.
        etag: strong entity tag with its quotes.
        modified_ms: milliseconds since the epoch.
    """
    tags, since = [], b""
    for name, value in headers:
        if name == b"if-none-match":
            tags.append(value)
        elif name == b"if-modified-since":
            since = value
    if tags:
        return _names(b",".join(tags).decode("latin-1"), etag)
    return bool(since) and _is_date(since.decode("latin-1"), modified_ms)


def _names(field: str, etag: str) -> bool:
    """Whether a list of entity tags names this one. A comma may stand inside a tag, so it is read tag by tag.

    Each tag begins where the one before ended, without copying the rest: a header has no bound of its own.
    """
    if field.strip() == "*":
        return True
    at = 0
    while found := _TAG.match(field, at):
        if found[1] == etag:
            return True
        at = found.end()
    return False


def _is_date(text: str, at_ms: int) -> bool:
    try:
        date = parsedate_to_datetime(text)
        # HTTP dates have whole seconds.
        return date.tzinfo is not None and date.timestamp() == at_ms // 1000
    except (ValueError, OverflowError):
        # Not a date is as good as not sent. Overflow: numbers that no calendar has.
        return False
