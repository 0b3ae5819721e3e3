"""Questions that fold open to their answers."""

from typing import Annotated

import msgspec

from shared.widgets.parts import Widget
from shared.widgets.texts import Line, Markdown, Title


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question with its answer."""

    question: Line
    answer: Markdown


class Faq(Widget, frozen=True, tag="faq"):
    """Questions: what people ask, each folding open to its answer."""

    items: Annotated[tuple[Question, ...], msgspec.Meta(min_length=1, max_length=100)]
    title: Title | None = None
