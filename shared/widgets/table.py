"""Rows and columns with a header row."""

from typing import Annotated

import msgspec

from shared.misfit import Misfit
from shared.widgets.parts import Widget
from shared.widgets.texts import Cell, Label, Title

Row = Annotated[tuple[Cell, ...], msgspec.Meta(min_length=1, max_length=20)]


class Table(Widget, frozen=True, tag="table"):
    """Table: rows and columns under a header row."""

    header: Annotated[tuple[Label, ...], msgspec.Meta(min_length=1, max_length=20)]
    rows: Annotated[tuple[Row, ...], msgspec.Meta(max_length=1_000)]
    title: Title | None = None

    def __post_init__(self) -> None:
        columns = len(self.header)
        for number, row in enumerate(self.rows):
            if len(row) != columns:
                raise Misfit(
                    f"the row has {_cells(len(row))}, and the header has {_cells(columns)}",
                    "rows",
                    number,
                    mend="give every row as many cells as the header has",
                )


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number} cells"
