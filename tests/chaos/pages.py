"""Configs whose pages say which publish they come from, at their beginning and at their end.

So a visitor knows which version is before them, and a page put together from two of them gives itself away.
"""

import random
import re
from typing import Any

# One in each of four partitions, two in each of two.
SITES = ("acme", "wayne", "initech", "cyberdyne")
PAGES_PER_SITE = 60
# A few pages get a good part of all publishes, so that publications of one page meet each other.
HOT = 6

_BEGINS, _ENDS = re.compile(r"Publish (\d+) begins\."), re.compile(r"Publish (\d+) ends\.")


def all_pages() -> list[str]:
    """Every page of the run as `site/page`; the first ones are hot."""
    return [f"{site}/{_slug(number)}" for number in range(PAGES_PER_SITE) for site in SITES]


def pick(pages: list[str], dice: random.Random) -> str:
    """One of the pages; every third time a hot one."""
    return dice.choice(pages[:HOT] if dice.random() < 0.33 else pages)


def config(number: int) -> dict[str, Any]:
    """What publish `number` sends; its length varies with it."""
    rows = [[f"row {row}", f"{number * row % 997}"] for row in range(number % 23)]
    return {
        "title": f"Publish {number}",
        "background": f"#{number * 7919 % 0x1000000:06x}",
        "widgets": [
            {"type": "text", "body": f"Publish {number} begins. " + "What follows is **filler**. " * (number % 29)},
            {"type": "table", "title": "Figures", "header": ["What", "How much"], "rows": [["total", "1"], *rows]},
            {"type": "text", "body": f"Publish {number} ends."},
        ],
    }


def read_number(html: str) -> int:
    """Which publish a page comes from.

    Raises:
        ValueError: it is half a page, or a mixture; the text says which.
    """
    begins, ends = _BEGINS.search(html), _ENDS.search(html)
    if not html.startswith("<!DOCTYPE html>") or not html.rstrip().endswith("</html>"):
        raise ValueError(f"{len(html)} characters that are not a whole document")
    if begins is None or ends is None:
        raise ValueError("a document without its markers")
    if begins[1] != ends[1]:
        raise ValueError(f"begins as publish {begins[1]} and ends as publish {ends[1]}")
    return int(begins[1])


def differs(sent: Any, stored: Any) -> bool:
    """Whether a stored config lacks or changes anything of what was sent; defaults may have been written out."""
    if isinstance(sent, dict):
        return not isinstance(stored, dict) or any(differs(sent[name], stored.get(name)) for name in sent)
    if isinstance(sent, list):
        is_list = isinstance(stored, list) and len(sent) == len(stored)
        return not is_list or any(map(differs, sent, stored))
    return bool(sent != stored)


def _slug(number: int) -> str:
    return f"p{number}" if number else "index"
