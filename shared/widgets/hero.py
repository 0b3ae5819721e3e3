"""The opening of a page: what it offers, in one look."""

from shared.widgets.parts import Button, Picture, Widget
from shared.widgets.texts import Line, Prose, Title


class Hero(Widget, frozen=True, tag="hero"):
    title: Title
    tagline: Line | None = None
    body: Prose | None = None
    image: Picture | None = None
    cta: Button | None = None
    cta2: Button | None = None
