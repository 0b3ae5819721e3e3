"""The one place where text becomes markup past the templates' autoescape; `|safe` is in no template.

Two kinds of text are trusted: sanitised Markdown, and table cells that were escaped right here. A table has hundreds
of cells, and escaping them in one go is seven times as fast as one by one.
"""

import re

from markupsafe import Markup, escape

from services.builder.markdown import to_html

# ASCII's unit and record separators. Configs have no control characters, so no cell has one.
_UNIT, _RECORD = "\x1f", "\x1e"

# A sign, a currency or both, digits in groups, a unit of at most two letters; or a dash for no number.
_NUMBER = r"[^\w\x1f]{0,3}\d[\d.,'’ \u00a0\u202f]*+[^\d\x1f]{0,2}"
_NUMBERS = re.compile(rf"(?:(?:{_NUMBER}|[-–—]?)(?:\x1f|$))+")


def markdown(text: str, above: int) -> Markup:
    """Sanitised HTML of Markdown that stands under a heading of level `above`."""
    return Markup(to_html(text, above))  # noqa: S704 - sanitised by nh3, which is what makes it markup


def table_rows(rows: tuple[tuple[str, ...], ...]) -> Markup:
    """The rows of a table's body.

    Raises:
        TypeError: a cell that is not a text.
    """
    cells = str(escape(_RECORD.join([_UNIT.join(row) for row in rows])))
    inner = cells.replace(_UNIT, "</td><td>").replace(_RECORD, "</td></tr>\n<tr><td>")
    return Markup(f"<tr><td>{inner}</td></tr>\n" if rows else "")  # noqa: S704 - our tags around escaped cells


def number_columns(rows: tuple[tuple[str, ...], ...]) -> str:
    """Classes that name the columns of numbers, such as `end-2 end-4`: those align at their end."""
    columns = enumerate(zip(*rows, strict=True), start=1)
    return " ".join([f"end-{number}" for number, cells in columns if _NUMBERS.fullmatch(_UNIT.join(cells))])
