"""From an address to the page it names, and back: pure, so that every spelling can be tried.

Each page has one spelling per host: `/<site>/<page>` on the shared host, `/<page>` on a hostname of its site, without
`index`, in small letters, without escapes and without a slash at the end. Another spelling of it is redirected there.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from services.server.memory import PageName
from shared.config import SLUG_PATTERN

HOME = "index"
_SLUG = re.compile(SLUG_PATTERN)


class Redirect(NamedTuple):
    """A page under its one spelling.

    Attributes:
        location: where that is.
        name: the page.
        is_guess: whether the address names it only if there is such a page.
    """

    location: str
    name: PageName
    is_guess: bool = False


def is_slug(text: str) -> bool:
    """Whether a text can be a slug at all; what cannot never costs a look into Redis."""
    return _SLUG.match(text) is not None


def find_page(site: str | None, path: str) -> PageName | Redirect | None:
    """The page an address names.

    Args:
        site: whose hostname was asked, None on the shared host.
        path: as it came, escapes and all.

    Returns:
        None where no page can be there, a redirect where the address is another spelling of one.
    """
    plain = unquote(path)
    # An escaped slash is part of a name, and no slug has one.
    if not plain.isascii() or "//" in path or plain.count("/") != path.count("/"):
        return None
    small = plain.lower()
    name = _name(site, small[1:].removesuffix("/"))
    if name is None:
        return None
    location = path_of(site, name)
    return name if path == location else Redirect(location, name, is_guess=small != plain)


def site_in(site: str | None, path: str) -> str | None:
    """The site below whose addresses a path lies, None where it lies below none."""
    if site is not None:
        return site
    first = path[1:].partition("/")[0]
    return first if is_slug(first) else None


def path_of(site: str | None, name: PageName) -> str:
    """The one spelling of a page's address.

    Args:
        site: whose hostname it is for, None for the shared host.
        name: the page.
    """
    page = "" if name.page == HOME else f"/{name.page}"
    return (page or "/") if site is not None else f"/{name.site}{page}"


def _name(site: str | None, rest: str) -> PageName | None:
    site, _, page = (site, "", rest) if site is not None else rest.partition("/")
    return PageName(site, page or HOME) if is_slug(site) and (not page or is_slug(page)) else None
