"""A call to action: one thing to do next."""

from shared.widgets.parts import Button, Widget
from shared.widgets.texts import Prose, Title


class Cta(Widget, frozen=True, tag="cta"):
    title: Title
    button: Button
    body: Prose | None = None
