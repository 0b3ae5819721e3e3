"""A page's config: all that an editor sets, checked once when it comes in and never again."""

from typing import Annotated, Literal

import msgspec

from shared.misfit import Misfit
from shared.values import Colour, ImageUrl, decode_value, encode_value
from shared.widgets import AnyWidget
from shared.widgets.texts import Line, Title

# `$` alone would also match before a line end at the end.
SLUG_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$(?!\n)"
SLUG_MEND = "use 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends"

Slug = Annotated[str, msgspec.Meta(pattern=SLUG_PATTERN, description=SLUG_MEND)]
Lang = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*$(?!\n)",
        max_length=35,
        description="a code of BCP 47, such as en, de or pt-BR",
    ),
]


class Theme(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The look of a page beside its background.

    Attributes:
        accent: colour of buttons and links; shifted towards readable where it would not be.
        font: family of typefaces, taken from the visitor's machine.
    """

    accent: Colour = Colour(0x1D, 0x4E, 0xD8)
    font: Literal["sans", "serif", "mono"] = "sans"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One page.

    Attributes:
        title: the page's name in tabs and search results; also its heading where nothing else opens the page.
        description: a sentence for search results and shared links.
        lang: language of the page's text.
        icon_url: the page's icon; one is drawn from the title where there is none.
        background: colour behind everything; the text's colour follows from it.
        theme: the rest of the look.
        widgets: the page's blocks, from top to bottom.
    """

    title: Title
    description: Line | None = None
    lang: Annotated[Lang, msgspec.Meta(title="Language")] = "en"
    icon_url: Annotated[ImageUrl | None, msgspec.Meta(title="Icon")] = None
    background: Colour = Colour(0xFF, 0xFF, 0xFF)
    theme: Annotated[Theme, msgspec.Meta(title="Look")] = Theme()
    widgets: Annotated[tuple[AnyWidget, ...], msgspec.Meta(max_length=200)] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for number, widget in enumerate(self.widgets):
            if widget.id is None:
                continue
            if widget.id in seen:
                detail = f"another widget has the id {widget.id!r}"
                raise Misfit(detail, "widgets", number, "id", mend="use another id, or none at all")
            seen.add(widget.id)


_DECODER = msgspec.json.Decoder(Config, dec_hook=decode_value)
_ENCODER = msgspec.json.Encoder(enc_hook=encode_value, order="deterministic")


def decode_config(data: bytes) -> Config:
    """Decode and check a config.

    Args:
        data: JSON.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: not JSON, or not a config; where msgspec knows
            the place, its text ends with the path.
    """
    return _DECODER.decode(data)


def encode_config(config: Config) -> bytes:
    """The one JSON text of a config, defaults written out: what a version stores and what builds depend on."""
    return _ENCODER.encode(config)
