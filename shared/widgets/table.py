"""Rows and columns with a header row."""

from typing import Annotated

import msgspec

from shared.widgets.parts import Widget
from shared.widgets.texts import Cell, Label, Title

Row = Annotated[tuple[Cell, ...], msgspec.Meta(min_length=1, max_length=20)]


class Table(Widget, frozen=True, tag="table"):
    header: Annotated[tuple[Label, ...], msgspec.Meta(min_length=1, max_length=20)]
    rows: Annotated[tuple[Row, ...], msgspec.Meta(max_length=1_000)]
    title: Title | None = None

    def __post_init__(self) -> None:
        columns = len(self.header)
        for number, row in enumerate(self.rows):
            if len(row) != columns:
                raise ValueError(f"row {number} has {len(row)} cells and the header {columns}: make them equal")
