"""The pages that are measured.

`config`: 9 text blocks of about 450 characters and 3 tables of 20 rows by 4 columns, 17 KB when built.
`short_config`: 2 such blocks and a table of 5 rows, 9.4 KB when built, for what is measured by the hit.
"""

from typing import Any

_WORDS = (
    "Spring is **here** and everything in the shop is on offer until Sunday evening, in every size we carry. "
    "We have packed the shelves with new colours, lighter fabrics and the classics you keep asking for all year. "
    "Bring a friend and both of you get *ten percent* more. Our staff help you find a size, and if it does not fit, "
    "[send it back](https://example.com/returns) within thirty days. Nothing is simpler than that, "
)


def config(page: int, take: int = 0, changed: int | None = None) -> dict[str, Any]:
    """A config of twelve widgets.

    Args:
        page: makes every text of the page its own.
        take: makes the title its own.
        changed: number of a widget whose text differs with `take`, None for none.
    """
    widgets = [_text(page, n, take if n == changed else 0) for n in range(9)]
    widgets += [_table(page, n, take if n == changed else 0) for n in range(9, 12)]
    return {"title": f"Page {page} take {take}", "description": "Everything 20% off.", "widgets": widgets}


def short_config(page: int, take: int = 0) -> dict[str, Any]:
    """A config of three widgets.

    Args:
        page: makes every text of the page its own.
        take: makes the title and the first text its own.
    """
    table = _table(page, 2, 0)
    widgets = [_text(page, 0, take), _text(page, 1, 0), {**table, "rows": table["rows"][:5]}]
    return {"title": f"Page {page} take {take}", "description": "Everything 20% off.", "widgets": widgets}


def _text(page: int, number: int, take: int) -> dict[str, Any]:
    return {"type": "text", "body": f"{_WORDS} says block {number} of page {page}, take {take}."}


def _table(page: int, number: int, take: int) -> dict[str, Any]:
    rows = [[f"Region {row}", f"{page}", f"{number * row + take}", "1,204"] for row in range(20)]
    return {"type": "table", "header": ["Region", "Page", "Count", "Total"], "rows": rows}
