"""Running text in Markdown."""

from shared.widgets.parts import Widget
from shared.widgets.texts import Markdown, Title


class Text(Widget, frozen=True, tag="text"):
    """Text: paragraphs, lists and links, written in Markdown."""

    body: Markdown
    title: Title | None = None
