"""One image, with a caption if it has one."""

from shared.values import ImageUrl
from shared.widgets.parts import Widget, check_alternative
from shared.widgets.texts import Line, Pixels


class Image(Widget, frozen=True, tag="image"):
    src: ImageUrl
    width: Pixels
    height: Pixels
    alt: Line | None = None
    decorative: bool = False
    caption: Line | None = None

    def __post_init__(self) -> None:
        check_alternative(self.alt, self.decorative)
