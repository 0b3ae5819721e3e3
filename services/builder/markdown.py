"""Markdown to HTML that is safe to print: rendered, its headings fitted into the page, then sanitised.

Promises: HTML in the source never survives as markup, it shows as the text that was typed; what comes out has only the
tags, attributes and schemes listed here, whatever the renderer may do one day; headings never skip a level.
Images are dropped, because Markdown cannot say their size; tables are a widget.
"""

import re
from itertools import accumulate

import nh3
import pyromark

_OPTIONS = pyromark.Options.ENABLE_STRIKETHROUGH

_HEADINGS = {f"h{level}" for level in range(1, 7)}
_BLOCKS = {"p", "hr", "pre", "blockquote", "ul", "ol", "li"}
_INLINES = {"a", "strong", "em", "del", "code", "br"}
TAGS = _HEADINGS | _BLOCKS | _INLINES

_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href", "title"}, "ol": {"start"}, "*": set()},
    url_schemes={"http", "https", "mailto", "tel"},
    clean_content_tags=set(),
    generic_attribute_prefixes=set(),
    strip_comments=True,
    link_rel=None,
)

# Stands for a "<" that could open raw HTML. Configs have no control characters, and Markdown gives this one no meaning.
_SUBSTITUTE = "\x1a"

# All but an escaped one (an odd number of backslashes before it) and the opening of <https://…> or <me@example.com>,
# which Markdown never takes for HTML.
_HTML_OPENING = re.compile(
    r"(?<!\\)((?:\\\\)*)<(?!(?:https?|mailto|tel):[^\s<>]*>|[\w.+-]+@[\w.-]+>)", re.ASCII | re.IGNORECASE
)
_HEADING_TAG = re.compile(r"<(/?)h([1-6])>")
_DEEPEST_HEADING = 6

# The sanitiser's time grows with the square of the depth: 50,000 nested quotes would keep it busy for eleven seconds.
MOST_NESTED = 100
_OPEN_OR_CLOSE = re.compile(r"<(/?)(?!br|hr)[a-z]")


def to_html(markdown: str, above: int) -> str:
    """Render Markdown.

    Args:
        markdown: CommonMark with ~~strikethrough~~.
        above: level of the heading this text stands under, 1 to 5; its own headings begin one below.

    Returns:
        sanitised HTML.

    Raises:
        ValueError: nested deeper than anybody can read.
    """
    if "<" in markdown:
        markdown = _HTML_OPENING.sub(rf"\1{_SUBSTITUTE}", markdown)
    html = pyromark.html(markdown, options=_OPTIONS)
    if _SUBSTITUTE in html:
        html = html.replace(_SUBSTITUTE, "&lt;")
    if "<h" in html:
        html = _fit_headings(html, above)
    if html.count("<") > MOST_NESTED:
        _check_nesting(html)
    return _CLEANER.clean(html)


def _check_nesting(html: str) -> None:
    depths = accumulate(-1 if closing else 1 for closing in _OPEN_OR_CLOSE.findall(html))
    if max(depths, default=0) > MOST_NESTED:
        raise ValueError(f"its Markdown is nested deeper than {MOST_NESTED} levels")


def _fit_headings(html: str, above: int) -> str:
    """Number headings by how deep they are nested instead of by how many # they were typed with."""
    open_levels: list[int] = []

    def fitted(tag: re.Match[str]) -> str:
        level = int(tag[2])
        if not tag[1]:
            while open_levels and open_levels[-1] >= level:
                open_levels.pop()
            open_levels.append(level)
        return f"<{tag[1]}h{min(above + len(open_levels), _DEEPEST_HEADING)}>"

    return _HEADING_TAG.sub(fitted, html)
