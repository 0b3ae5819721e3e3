"""Markdown to HTML that is safe to print: rendered, its headings fitted into the page, then sanitised.

Promises: HTML in the source never survives as markup, it shows as the text that was typed; what comes out has only the
tags, attributes and schemes listed here, whatever the renderer may do one day; headings never skip a level.
Images are dropped, because Markdown cannot say their size, and the api refuses them; tables are a widget.
"""

import re

import nh3

from shared.markdown import render

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

_HEADING_TAG = re.compile(r"<(/?)h([1-6])>")
_DEEPEST_HEADING = 6


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
    html = render(markdown)
    if "<h" in html:
        html = _fit_headings(html, above)
    return _CLEANER.clean(html)


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
