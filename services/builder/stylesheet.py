"""The one inline style of a page: the colours, page.css, and the CSS of the widgets that the page uses.

Each component's CSS lies beside its template under the same name; `@import "button.css";` at its top is resolved here,
once. The style is known before the page is sent, so its hash goes into the Content-Security-Policy, and no other style
and no script can run, wherever it may come from.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from services.builder.contrast import Palette, make_palette
from shared.config import Theme
from shared.values import Colour

FONTS = {
    "sans": 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif',
    "serif": '"Iowan Old Style","Palatino Linotype",Palatino,"Source Serif 4","Noto Serif",Georgia,serif',
    "mono": 'ui-monospace,"Cascadia Code","SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace',
}

_IMPORT = re.compile(r'@import "([a-z]+\.css)";')
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"\s*([{};,\n]|: )\s*")

# Styles of different colours and widgets that are kept; at about 6 KB each this is bounded.
_MOST_STYLES = 256


class Style(NamedTuple):
    """A page's style.

    Attributes:
        css: content of the style element.
        csp: the page's Content-Security-Policy, which allows this style and nothing else that is inline.
        palette: the colours in it.
    """

    css: bytes
    csp: str
    palette: Palette


class Stylesheets:
    """All CSS, read once.

    Args:
        sources: file name to CSS; `page.css` goes into every page.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._imports = {name: [*_IMPORT.findall(css), name] for name, css in sources.items()}
        self._minified = {name: _minify(css) for name, css in sources.items()}
        self.style = lru_cache(_MOST_STYLES)(self._style)

    def _style(self, background: Colour, theme: Theme, widget_types: frozenset[str]) -> Style:
        """The style of a page with these colours and these widgets."""
        palette = make_palette(background, theme.accent)
        css = _root(palette, theme.font) + "".join(self._minified[name] for name in self._needed(widget_types))
        digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
        return Style(css.encode(), _policy(digest), palette)

    def _needed(self, widget_types: Iterable[str]) -> list[str]:
        names = [name for kind in sorted(widget_types) for name in self._imports.get(f"{kind}.css", ())]
        return list(dict.fromkeys(["page.css", *names]))


def _minify(css: str) -> str:
    bare = _COMMENT.sub("", _IMPORT.sub("", css))
    return _SPACE.sub(lambda space: space[1].strip(), bare).replace(";}", "}").strip()


def _root(palette: Palette, font: str) -> str:
    colours = "".join(
        f"--{name.replace('_', '-')}:{value};" for name, value in palette._asdict().items() if isinstance(value, Colour)
    )
    scheme = "dark" if palette.is_dark else "light"
    return f":root{{color-scheme:{scheme};{colours}--font:{FONTS[font]}}}"


def _policy(digest: str) -> str:
    # `data:` is for the drawn icon. Pages may be framed by their own origin, for the editor's preview.
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src http: https: data: 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
