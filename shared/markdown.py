"""What Markdown says, as HTML that is not yet safe to print: the builder sanitises it, the api finds what gets lost.

Promises: HTML in the source never survives as markup, it shows as the text that was typed; nothing is nested deeper
than anybody can read. The time it takes grows with the length only.
"""

import re
from html import unescape
from itertools import accumulate

import pyromark

from shared.values import Url

_OPTIONS = pyromark.Options.ENABLE_STRIKETHROUGH

# Stands for a "<" that could open raw HTML. Configs have no control characters, and Markdown gives this one no meaning.
_SUBSTITUTE = "\x1a"

# All but an escaped one (an odd number of backslashes before it) and the opening of <https://…> or <me@example.com>,
# which Markdown never takes for HTML.
_HTML_OPENING = re.compile(
    r"(?<!\\)((?:\\\\)*)<(?!(?:https?|mailto|tel):[^\s<>]*>|[\w.+-]+@[\w.-]+>)", re.ASCII | re.IGNORECASE
)

# The sanitiser's time grows with the square of the depth: 50,000 nested quotes would keep it busy for eleven seconds.
MOST_NESTED = 100
_OPEN_OR_CLOSE = re.compile(r"<(/?)(?!br|hr)[a-z]")
_LINK = re.compile(r'<a href="([^"]*)"')
_LINK_MEND = "link to http, https, mailto, tel or a path"


class Lost(ValueError):
    """Something in Markdown would not be on the page.

    Args:
        detail: what, one sentence.
        mend: what to write instead.
    """

    def __init__(self, detail: str, mend: str) -> None:
        super().__init__(detail)
        self.detail, self.mend = detail, mend


def render(markdown: str) -> str:
    """Render Markdown.

    Args:
        markdown: CommonMark with ~~strikethrough~~.

    Returns:
        HTML whose links may lead anywhere, and which may have images.

    Raises:
        Lost: nested deeper than anybody can read.
    """
    if "<" in markdown:
        markdown = _HTML_OPENING.sub(rf"\1{_SUBSTITUTE}", markdown)
    html = pyromark.html(markdown, options=_OPTIONS)
    if _SUBSTITUTE in html:
        html = html.replace(_SUBSTITUTE, "&lt;")
    if html.count("<") > MOST_NESTED:
        _check_nesting(html)
    return html


def check_markdown(markdown: str) -> None:
    """Look for what an editor would not find on the page again.

    Raises:
        Lost: an image, a link that may not lead where it leads, or nesting deeper than anybody can read.
    """
    html = render(markdown)
    if "<img" in html:
        raise Lost("Images in Markdown are not shown.", "take the image out, and add an image widget for it")
    for href in _LINK.findall(html):
        address = unescape(href)
        try:
            Url.check(address)
        except ValueError:
            raise Lost(f"A link in it may not lead to {address[:60]!r}.", _LINK_MEND) from None


def _check_nesting(html: str) -> None:
    depths = accumulate(-1 if closing else 1 for closing in _OPEN_OR_CLOSE.findall(html))
    if max(depths, default=0) > MOST_NESTED:
        raise Lost(f"its Markdown is nested deeper than {MOST_NESTED} levels", "nest lists and quotes less deeply")
