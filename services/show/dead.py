"""Dead letters. They hold what strangers sent, and nothing in them may steer the terminal."""

from shlex import quote
from typing import Any

from rich.table import Table
from rich.text import Text

from services.show.terminal import clock, date, out

NO_PAGE = "–"
LONGEST = 100
_COLUMNS = ("id", "when (UTC)", "page", "seq", "code", "reason")
_NAMES = ("pointer", "attempts", "builder", "type", "traceparent")


def show_dead_letters(found: list[dict[str, Any]], *, more: bool) -> None:
    """A table of dead letters, newest first: a line for each, however narrow the terminal is.

    Args:
        more: whether there may be others behind them.
    """
    if not found:
        out.print("No dead letters.")
        return
    rows = [_COLUMNS, *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        out.print(Text(line, "" if number else "bold"))
    if more:
        out.print("\nThere may be older ones: --limit shows more.")


def show_dead_letter(letter: dict[str, Any]) -> None:
    """All of a dead letter, and what to do next."""
    out.print(Text.assemble((letter["id"], "bold"), f" {date(letter['at'])[:10]} {clock(letter['at'])} UTC\n"))
    grid = Table.grid(padding=(0, 2))
    for name, value in _fields(letter).items():
        if value:
            grid.add_row(f"  {name}", Text(plain(value)))
    out.print(grid, soft_wrap=False)
    for name in ("traceback", "data"):
        if letter[name]:
            encoded = " (Base64)" if name == "data" and letter["encoding"] == "base64" else ""
            out.print(Text.assemble((f"\n{name}{encoded}\n", "bold"), plain(letter[name]).rstrip("\n")))
    out.print(f"\n{_advice(letter)}\nThen it can go: platen dead remove {letter['id']}")


def plain(text: str) -> str:
    """A text with whatever is not printed written as an escape, but for line ends."""
    return "".join(sign if sign.isprintable() or sign == "\n" else ascii(sign)[1:-1] for sign in text)


def _row(letter: dict[str, Any]) -> tuple[str, ...]:
    page, code, reason = (_line(text) for text in (_page(letter), letter["code"], letter["reason"]))
    return letter["id"], date(letter["at"]), page, str(letter["seq"] or NO_PAGE), code, reason


def _line(text: str) -> str:
    line = plain(" ".join(text.split()))
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _page(letter: dict[str, Any]) -> str:
    return f"{letter['site']}/{letter['page']}" if letter["site"] else NO_PAGE


def _fields(letter: dict[str, Any]) -> dict[str, str]:
    page = f"{_page(letter)}, publication {letter['seq']}" if letter["site"] else ""
    entry = f"{letter['entry']} in the lane {letter['lane']}"
    rest = {name: str(letter[name] or "") for name in _NAMES}
    return {"page": page, "code": letter["code"], "reason": letter["reason"], "entry": entry, **rest}


def _advice(letter: dict[str, Any]) -> str:
    if letter["site"]:
        # Whoever wrote the entry may have written anything where a page is named, and this line is there to be copied.
        again = f"  platen publish FILE --page {plain(quote(_page(letter)))}"
        return f"Nothing tries it again, for a publication ends once. Mend the config and publish again:\n\n{again}\n"
    if letter["code"] == "unknown-event":
        return "Nothing tries it again. Upgrade the builders, and publish again what it is about."
    return "It is about no publication that there is, so there is nothing to publish again: see where it came from."
