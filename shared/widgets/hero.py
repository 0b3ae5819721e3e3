"""The opening of a page: what it offers, in one look."""

from typing import Annotated

from msgspec import Meta

from shared.widgets.parts import Button, Picture, Widget
from shared.widgets.texts import Line, Prose, Title


class Hero(Widget, frozen=True, tag="hero"):
    """Opening: what the page offers, in one look."""

    title: Title
    tagline: Line | None = None
    body: Prose | None = None
    image: Picture | None = None
    cta: Annotated[Button | None, Meta(title="Button")] = None
    cta2: Annotated[Button | None, Meta(title="Second button")] = None
