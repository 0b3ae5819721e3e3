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


class Address(NamedTuple):
    """What a path names in its one spelling, on either kind of host; another spelling names nothing here.

    Attributes:
        path: as it came, escapes and all, without the query.
        on_shared: the page on the shared host.
        on_own: the page's slug on a hostname of its site.
    """

    path: str
    on_shared: tuple[str, str] | None
    on_own: str | None

    def on(self, site: str) -> tuple[str, str] | None:
        """The page on a hostname of a site."""
        return None if self.on_own is None else (site, self.on_own)


def read_address(path: str) -> Address:
    """Read a path, cheaply: what could be no page is found out by looking for it.

    Args:
        path: as it came, escapes and all, without the query.
    """
    site, slash, page = path[1:].partition("/")
    on_shared = None if page == HOME or (slash and not page) else (site, page or HOME)
    on_own = path[1:] or HOME
    return Address(path, on_shared, None if path[1:] == HOME else on_own)


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
