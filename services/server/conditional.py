"""Conditional requests (RFC 9110, section 13): does the caller have these bytes already?

Pure functions of header values.
"""

import re
from email.utils import formatdate, parsedate_to_datetime

from services.server.asked import Asked

_TAG = re.compile(rb'[ \t,]*(?:W/)?("[^"]*")')


def http_date(at_ms: int) -> str:
    """An HTTP date.

    Args:
        at_ms: milliseconds since the epoch.
    """
    return formatdate(at_ms // 1000, usegmt=True)


def is_not_modified(asked: Asked, etag: bytes, modified_ms: int) -> bool:
    """Whether a GET or HEAD is answered 304.

    `If-None-Match` compares weakly, may span several lines, and wins over `If-Modified-Since`. The latter matches the
    very date we sent and no later one: after going back, the page that is live is older than the one the caller has,
    and "not modified since" would keep the caller on the page that was taken back.

    Args:
        asked: what the request says.
        etag: strong entity tag, with its quotes, of what would be sent otherwise. The same page in another coding has
            other bytes, so its tag is another, too.
        modified_ms: milliseconds since the epoch.
    """
    if asked.none_match is not None:
        return asked.none_match == etag or _names(asked.none_match, etag)
    return asked.modified_since is not None and _is_date(asked.modified_since, modified_ms)


def _names(field: bytes, etag: bytes) -> bool:
    """Whether a list of entity tags names this one. A comma may stand inside a tag, so it is read tag by tag.

    Each tag begins where the one before ended, without copying the rest: a header has no bound of its own.
    """
    if field.strip() == b"*":
        return True
    at = 0
    while found := _TAG.match(field, at):
        if found[1] == etag:
            return True
        at = found.end()
    return False


def _is_date(field: bytes, at_ms: int) -> bool:
    try:
        date = parsedate_to_datetime(field.decode("latin-1"))
        # HTTP dates have whole seconds.
        return date.tzinfo is not None and date.timestamp() == at_ms // 1000
    except (ValueError, OverflowError):
        # Not a date is as good as not sent. Overflow: numbers that no calendar has.
        return False
