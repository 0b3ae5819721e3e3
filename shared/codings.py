"""Content codings (RFC 9110, sections 8.4.1 and 12.5.3): which ones a caller takes, and bytes in each of them.

Zstandard is not made here: a page is stored in it, and those very bytes are sent.
"""

import re
import zlib
from functools import lru_cache
from typing import Literal

import brotli

Coding = Literal["br", "zstd", "gzip", "identity"]
# Those that are made here.
Made = Literal["br", "gzip"]

# Of two that a caller likes as much the first one is sent.
PREFERENCE: tuple[Coding, ...] = ("br", "zstd", "gzip", "identity")
IDENTITY_ONLY: tuple[Coding, ...] = ("identity",)

# Browsers send 30 bytes. Whoever sends more than this gets the page as it is, which everybody can read.
MOST_FIELD_BYTES = 1_024
# Below any weight that can be sent.
LEAST = 0.0001
# Pages are coded in the event loop: a page of usual length takes it a third of a millisecond, one of 1 MiB would take
# it 30, and takes 7 at the lowest quality.
LARGE_BYTES = 256 * 1024
BR_QUALITY, GZIP_LEVEL, LOWEST = 5, 6, 1

# One member of the list: a coding or `*`, and its weight. What is not written like this does not count.
_MEMBER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9a-z]+)(?:[ \t]*;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")


def accepted_codings(field: bytes | None) -> tuple[Coding, ...]:
    """The codings that a caller takes.

    Args:
        field: the value of `Accept-Encoding`, several lines joined by commas; None where there is none.

    Returns:
        best first; empty where we have nothing that would do.
    """
    if field is None or len(field) > MOST_FIELD_BYTES:
        return IDENTITY_ONLY
    return _ranked(field)


def encode(coding: Made, text: bytes) -> bytes:
    """A page, or another text, in a coding; the same bytes always give the same bytes."""
    is_large = len(text) > LARGE_BYTES
    if coding == "br":
        packed: bytes = brotli.compress(text, quality=LOWEST if is_large else BR_QUALITY)
        return packed
    # 31: with gzip's header, in which the time is 0.
    return zlib.compress(text, LOWEST if is_large else GZIP_LEVEL, wbits=31)


# Callers send few different values, and whoever sends many costs himself no more than a look at each.
@lru_cache(maxsize=1024)
def _ranked(field: bytes) -> tuple[Coding, ...]:
    weights = _weights(field)
    others = weights.get("*", 0.0)
    # Unless it is forbidden the page itself will do, but whatever was asked for is better.
    unasked = 0.0 if weights.get("*") == 0 else LEAST
    found = {coding: weights.get(coding, unasked if coding == "identity" else others) for coding in PREFERENCE}
    return tuple(sorted((coding for coding in PREFERENCE if found[coding]), key=lambda coding: -found[coding]))


def _weights(field: bytes) -> dict[str, float]:
    """Weight by coding, 0 where it is forbidden; of two for the same coding the lower one."""
    weights: dict[str, float] = {}
    for member in field.lower().split(b","):
        match = _MEMBER.fullmatch(member.strip(b" \t"))
        if match is not None:
            coding = "gzip" if match[1] == b"x-gzip" else match[1].decode()
            weight = float(match[2] or 1)
            weights[coding] = min(weight, weights.get(coding, weight))
    return weights
