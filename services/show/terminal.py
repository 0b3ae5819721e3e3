"""Where the command line writes to, and how it writes times and addresses.

Notes, names and reasons are other people's text: the consoles read no markup and no emoji codes in what they print, and
all styling is done with rich's Text.
"""

from datetime import UTC, datetime

from rich.console import Console

out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def address(url: str, name: str) -> str:
    """Where visitors find a page: the home page's slug is not part of it."""
    return f"{url}/{name.removesuffix('/index')}"


def clock(at: int) -> str:
    """A time of day with milliseconds, UTC.

    Args:
        at: milliseconds since the epoch.
    """
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]


def date(at: int) -> str:
    """A day and minute, UTC.

    Args:
        at: milliseconds since the epoch.
    """
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
