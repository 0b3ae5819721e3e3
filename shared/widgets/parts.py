"""What several widgets share: the frame every widget stands in, a button, a picture."""

from typing import Annotated

import msgspec

from shared.misfit import Misfit
from shared.values import ImageUrl, Url
from shared.widgets.texts import Anchor, Label, Line, Pixels

Source = Annotated[ImageUrl, msgspec.Meta(title="Image address")]
Alternative = Annotated[Line | None, msgspec.Meta(title="Text for whoever cannot see it")]


class Widget(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """One block of a page.

    Attributes:
        id: target of links such as `#offers`; unique on the page.
    """

    id: Annotated[Anchor | None, msgspec.Meta(title="Name for links")] = None


class Button(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A link that looks like a button."""

    text: Label
    href: Annotated[Url, msgspec.Meta(title="Leads to")]


class Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An image. Width and height keep the page from jumping while it loads."""

    src: Source
    width: Pixels
    height: Pixels
    alt: Alternative = None
    decorative: bool = False

    def __post_init__(self) -> None:
        check_alternative(self.alt, self.decorative)


def check_alternative(alt: str | None, decorative: bool) -> None:
    """Hold an image to one of its two kinds: described, or decorative.

    Raises:
        Misfit: neither or both.
    """
    if decorative and alt:
        raise Misfit("a decorative image has no alt", "alt", mend="leave out alt, or leave out decorative")
    if not decorative and not alt:
        mend = "add alt: a text that says what the image shows; or, where it shows nothing, decorative: true"
        raise Misfit("the image says nothing to whoever cannot see it", "alt", mend=mend)
