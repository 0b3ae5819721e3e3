"""Which modules a screen of the app needs, read from the modules themselves.

A browser learns of an import only once it has the module that makes it, so each step of a chain costs a round trip. The
shell names a screen's whole chain, and all of it is asked for at once.
"""

import posixpath
import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

# Static imports stand at the beginning of a line. What is in a comment or within a function is none of them: it is
# asked for when it is wanted.
_IMPORT = re.compile(
    r"""^(?:import\s+(?:[\w$*{},\s]+?\s+from\s+)?|export\s+(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})\s+from\s+)"(\.[^"]+)";""",
    re.MULTILINE,
)
_ROUTE = re.compile(r"""^\s*\["(/[^"]*)", \(\) => import\("\./([^"]+)"\)(, \{ isOpen: true \})?\],$""", re.MULTILINE)
# As in `routes.js`; an address with anything else is nobody's.
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

FIRST = "app.js"
ROUTES = "routes.js"
SIGN_IN = "screens/sign-in.js"
NOWHERE = "shell/nowhere.js"


class Screen(NamedTuple):
    """A line of the app's table of addresses.

    Attributes:
        pattern: of its addresses below the app's root; `:name` is a slug.
        module: its path below `static/`.
        is_open: whether it is shown to somebody who is not signed in.
    """

    pattern: str
    module: str
    is_open: bool

    def fits(self, path: str) -> bool:
        """Whether it is shown at a path below the app's root, which begins with a slash."""
        expected, given = self.pattern.split("/"), (path.removesuffix("/") or "/").split("/")
        return len(expected) == len(given) and all(map(_fits, expected, given))


def imports(text: str) -> list[str]:
    """What a module imports before it runs, as it is written there."""
    return _IMPORT.findall(text)


def needed(texts: Mapping[str, str], *firsts: str) -> list[str]:
    """Some modules and all that they need before they run, each once, the nearest first.

    Args:
        texts: path below `static/` -> the module.
        firsts: paths.

    Raises:
        KeyError: one of them is not there.
    """
    found = list(firsts)
    # It grows while it is walked.
    for path in found:
        found += [name for name in _imported(path, texts[path]) if name not in found]
    return found


def screens(texts: Mapping[str, str]) -> list[Screen]:
    """The table of addresses, in the order in which they are tried."""
    return [Screen(pattern, module, bool(is_open)) for pattern, module, is_open in _ROUTE.findall(texts[ROUTES])]


def shown_at(table: list[Screen], path: str, has_session: bool) -> str:
    """The module of the screen at a path below the app's root; `find` in `app.js` says it to the browser."""
    screen = next((screen for screen in table if screen.fits(path)), None)
    if screen is None:
        return NOWHERE
    return screen.module if has_session or screen.is_open else SIGN_IN


def _fits(expected: str, given: str) -> bool:
    return _SLUG.fullmatch(given) is not None if expected.startswith(":") else expected == given


@cache  # The modules are the program's own, and each is needed by many screens.
def _imported(path: str, text: str) -> tuple[str, ...]:
    folder = posixpath.dirname(path)
    return tuple(dict.fromkeys(posixpath.normpath(posixpath.join(folder, name)) for name in imports(text)))
