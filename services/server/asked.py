"""What a request asks for beside an address: read from its headers once, and small enough to be compared."""

from collections.abc import Iterable
from typing import NamedTuple

from shared.codings import IDENTITY_ONLY, Coding, accepted_codings

Headers = Iterable[tuple[bytes, bytes]]


class Asked(NamedTuple):
    """Which answers a caller takes, and which ones it has already.

    Attributes:
        codings: content codings, best first; empty where we have none that would do.
        none_match: the value of `If-None-Match`, several lines joined by commas; None where there is none.
        modified_since: the value of `If-Modified-Since`; None where there is none.
    """

    codings: tuple[Coding, ...] = IDENTITY_ONLY
    none_match: bytes | None = None
    modified_since: bytes | None = None


def read_asked(headers: Headers) -> Asked:
    """Read the headers of a request.

    Args:
        headers: names in lower case.
    """
    codings: list[bytes] = []
    tags: list[bytes] = []
    since = None
    for name, value in headers:
        if name == b"accept-encoding":
            codings.append(value)
        elif name == b"if-none-match":
            tags.append(value)
        elif name == b"if-modified-since":
            since = value
    accepted = accepted_codings(b",".join(codings)) if codings else IDENTITY_ONLY
    return Asked(accepted, b",".join(tags) if tags else None, since)
