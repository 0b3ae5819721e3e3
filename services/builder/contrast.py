"""Palette arithmetic: every colour of a page, from its background and its accent.

The editor picks two colours; whether text can be read on them is arithmetic, so nobody has to judge it. Colours are
mixed in steps until they reach WCAG 2.2's ratio: 4.5 for text, 3 for the edge of a thing that can be pressed. Each
search ends at the text's colour, and pure black or pure white reaches 4.5 on every background there is.
"""

from typing import NamedTuple

from shared.values import Colour

TEXT_RATIO = 4.5
EDGE_RATIO = 3.0

# From here on soft black or soft white will do; below it every bit of contrast is needed, so black or white it is.
_COMFORTABLE = 10.0
_STEPS = 20
_MOST_CHROMA_OF_A_GREY = 8

_BLACK, _WHITE = Colour(0, 0, 0), Colour(0xFF, 0xFF, 0xFF)
_SOFT = {_BLACK: Colour(0x14, 0x17, 0x1F), _WHITE: Colour(0xF4, 0xF5, 0xF7)}


class Palette(NamedTuple):
    """The colours of one page.

    Attributes:
        background: behind everything.
        surface: cards and table heads, a shade away from the background.
        tint: behind the opening, the background with a touch of accent.
        text, muted, link: readable on those three.
        line: hairlines that only decorate.
        edge: boundaries that mean something, visible on those three.
        accent: buttons and bands.
        accent_edge: outline of a button, visible even where the accent is close to the background.
        on_accent: text on the accent.
        is_dark: whether the background is a dark one.
    """

    background: Colour
    surface: Colour
    tint: Colour
    text: Colour
    muted: Colour
    link: Colour
    line: Colour
    edge: Colour
    accent: Colour
    accent_edge: Colour
    on_accent: Colour
    is_dark: bool


def make_palette(background: Colour, accent: Colour) -> Palette:
    """Derive a page's colours.

    Args:
        background: as the editor set it, kept as it is.
        accent: as the editor set it, kept on buttons and bands, shifted in links and edges where it has to be.
    """
    text, is_dark = text_on(background)
    surface = _ground(background, text, 0.06 if is_dark else 0.035, text)
    tint = _ground(background, *_tinge(background, accent, text), text)
    grounds = (background, surface, tint)
    return Palette(
        background=background,
        surface=surface,
        tint=tint,
        text=text,
        muted=_reach(mix(text, background, 0.35), text, grounds, TEXT_RATIO),
        link=_reach(accent, text, grounds, TEXT_RATIO),
        line=mix(background, text, 0.16),
        edge=_reach(mix(background, text, 0.3), text, grounds, EDGE_RATIO),
        accent=accent,
        accent_edge=_reach(accent, text, grounds, EDGE_RATIO),
        on_accent=_label_on(accent),
        is_dark=is_dark,
    )


def text_on(ground: Colour) -> tuple[Colour, bool]:
    """The colour of text on a ground, and whether the ground is dark; at least 4.5, as much as is comfortable."""
    is_dark = ground.contrast(_WHITE) > ground.contrast(_BLACK)
    pure = _WHITE if is_dark else _BLACK
    soft = _SOFT[pure]
    return (soft if ground.contrast(soft) >= _COMFORTABLE else pure), is_dark


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Mix two colours in sRGB.

    Args:
        share: of the other colour, 0 to 1.
    """
    pairs = ((one.red, other.red), (one.green, other.green), (one.blue, other.blue))
    return Colour(*(round(a + (b - a) * share) for a, b in pairs))


def _label_on(accent: Colour) -> Colour:
    # On a saturated colour of middling lightness white looks better than the black that measures better.
    return _WHITE if accent.contrast(_WHITE) >= TEXT_RATIO else text_on(accent)[0]


def _tinge(background: Colour, accent: Colour, text: Colour) -> tuple[Colour, float]:
    """What to add to the background behind the opening, and how much of it.

    A touch of accent on a grey; mixed into a background that has a hue of its own it turns muddy, so there a shade.
    """
    channels = (background.red, background.green, background.blue)
    has_hue = max(channels) - min(channels) > _MOST_CHROMA_OF_A_GREY
    return (text, 0.05) if has_hue else (accent, 0.1)


def _ground(background: Colour, towards: Colour, share: float, text: Colour) -> Colour:
    """The background with a share of another colour, less of it where the text could not be read any more."""
    for step in range(_STEPS):
        candidate = mix(background, towards, share * (1 - step / _STEPS))
        if candidate.contrast(text) >= TEXT_RATIO:
            return candidate
    return background


def _reach(colour: Colour, text: Colour, grounds: tuple[Colour, ...], ratio: float) -> Colour:
    """The colour, shifted towards the text's until it reaches a ratio on every ground."""
    for step in range(_STEPS):
        candidate = mix(colour, text, step / _STEPS)
        if all(candidate.contrast(ground) >= ratio for ground in grounds):
            return candidate
    return text
