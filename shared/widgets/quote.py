"""What somebody said."""

from shared.widgets.parts import Widget
from shared.widgets.texts import Label, Prose


class Quote(Widget, frozen=True, tag="quote"):
    """Quote: what somebody said, with their name."""

    text: Prose
    name: Label
    role: Label | None = None
