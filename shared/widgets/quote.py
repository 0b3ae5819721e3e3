"""What somebody said."""

from shared.widgets.parts import Widget
from shared.widgets.texts import Label, Prose


class Quote(Widget, frozen=True, tag="quote"):
    text: Prose
    name: Label
    role: Label | None = None
