"""A call to action: one thing to do next."""

from shared.widgets.parts import Button, Widget
from shared.widgets.texts import Prose, Title


class Cta(Widget, frozen=True, tag="cta"):
    """Call to action: one thing to do next, with a button."""

    title: Title
    button: Button
    body: Prose | None = None
