"""One image, with a caption if it has one."""

from shared.widgets.parts import Alternative, Source, Widget, check_alternative
from shared.widgets.texts import Line, Pixels


class Image(Widget, frozen=True, tag="image"):
    """Image: one picture, with a caption if it has one."""

    src: Source
    width: Pixels
    height: Pixels
    alt: Alternative = None
    decorative: bool = False
    caption: Line | None = None

    def __post_init__(self) -> None:
        check_alternative(self.alt, self.decorative)
