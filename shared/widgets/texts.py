"""The kinds of text that widgets are made of, each with its bound.

A pattern ends in `$(?!\\n)` because `$` alone would also match before a line end at the end.
Control characters are refused everywhere: they never mean anything on a page, and NUL breaks tools downstream.
A text begins with blanks and then something that is none, so that no character fits two parts of a pattern: parts
that overlap are tried at every place of a long text, which takes the square of its length.
"""

from typing import Annotated

from msgspec import Meta

_LINE = r"^ *[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$(?!\n)"
_PROSE = r"^[\t\n\r ]*[^\x00-\x20\x7f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_CELL = r"^[^\x00-\x1f\x7f]*$(?!\n)"

# How a text reads, for rules that no pattern can state (`shared/texts.py`).
_IS_TITLE, _IS_LINE, _IS_PROSE, _IS_MARKDOWN = ({"reads": kind} for kind in ("title", "line", "prose", "markdown"))

Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=_LINE, description="one line", extra=_IS_TITLE)]
Line = Annotated[str, Meta(min_length=1, max_length=500, pattern=_LINE, description="one line", extra=_IS_LINE)]
Label = Annotated[str, Meta(min_length=1, max_length=80, pattern=_LINE, description="a few words", extra=_IS_LINE)]
Icon = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=16,
        pattern=_LINE,
        description="an emoji or a sign",
        extra={"reads": "line", "form": "sign"},
    ),
]
Cell = Annotated[str, Meta(max_length=500, pattern=_CELL, description="one line, may be empty")]
Prose = Annotated[str, Meta(min_length=1, max_length=5_000, pattern=_PROSE, description="plain text", extra=_IS_PROSE)]
Markdown = Annotated[
    str, Meta(min_length=1, max_length=50_000, pattern=_PROSE, description="Markdown", extra=_IS_MARKDOWN)
]
Anchor = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9-]{0,62}$(?!\n)",
        description="target of links such as #offers, unique on the page",
        extra={"form": "anchor"},
    ),
]
Pixels = Annotated[int, Meta(ge=1, le=10_000, description="CSS pixels", extra={"form": "pixels"})]
