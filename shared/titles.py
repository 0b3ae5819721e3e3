"""Titles of pages, as lists show them and find pages by them."""

from typing import Any

import msgspec

# As long as a title may be that is published; a draft's may be anything.
MOST = 200


class _Titled(msgspec.Struct, frozen=True):
    """What lists show of a config."""

    title: Any = None


def title_of(config: bytes) -> str:
    """The title in a config.

    Args:
        config: JSON of an object, which may be wrong.

    Returns:
        "" where it has none.
    """
    title = msgspec.json.decode(config, type=_Titled).title
    return title if isinstance(title, str) else ""


def line_of(title: str) -> str:
    """What a list can show of any title: one line of bounded length."""
    return " ".join(title.split())[:MOST]


def folded(title: str) -> str:
    """A title without the difference between upper and lower case; "" where lower case is the same."""
    return "" if title.isascii() else title.casefold()
