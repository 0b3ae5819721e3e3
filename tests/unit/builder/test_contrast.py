"""Whatever two colours an editor picks, everything on the page can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.builder.contrast import make_palette, mix, text_on
from shared.values import Colour

channel = st.integers(0, 255)
colours = st.builds(Colour, channel, channel, channel)
greys = st.builds(lambda level: Colour(level, level, level), channel)
grounds = colours | greys


@given(grounds, colours | greys)
def test_every_text_reaches_four_and_a_half_on_every_ground(background: Colour, accent: Colour) -> None:
    palette = make_palette(background, accent)

    ratios = [
        text.contrast(ground)
        for text in (palette.text, palette.muted, palette.link)
        for ground in (palette.background, palette.surface, palette.tint)
    ]

    assert min(ratios) >= 4.5
    assert palette.on_accent.contrast(palette.accent) >= 4.5


@given(grounds, colours | greys)
def test_every_edge_that_means_something_reaches_three(background: Colour, accent: Colour) -> None:
    palette = make_palette(background, accent)

    ratios = [
        edge.contrast(ground)
        for edge in (palette.edge, palette.accent_edge)
        for ground in (palette.background, palette.surface, palette.tint)
    ]

    assert min(ratios) >= 3


@given(grounds, colours)
def test_the_editors_own_colours_are_kept(background: Colour, accent: Colour) -> None:
    palette = make_palette(background, accent)

    assert (palette.background, palette.accent) == (background, accent)


@given(grounds)
def test_text_is_dark_on_light_grounds_and_light_on_dark_ones(ground: Colour) -> None:
    text, is_dark = text_on(ground)

    assert (text.luminance > ground.luminance) is is_dark
    assert text.contrast(ground) >= 4.5


@pytest.mark.parametrize(
    ("ground", "is_dark"), [("white", False), ("#fafafa", False), ("#777", False), ("#0b1020", True)]
)
def test_the_scheme_follows_from_the_ground(ground: str, is_dark: bool) -> None:
    assert make_palette(Colour.parse(ground), Colour.parse("#1d4ed8")).is_dark is is_dark


def test_an_accent_that_can_be_read_is_left_alone() -> None:
    palette = make_palette(Colour.parse("#ffffff"), Colour.parse("#1d4ed8"))

    assert palette.link == palette.accent_edge == palette.accent


def test_mixing_goes_from_the_one_to_the_other() -> None:
    black, white = Colour(0, 0, 0), Colour(255, 255, 255)

    assert [mix(black, white, share) for share in (0, 0.2, 1)] == [black, Colour(51, 51, 51), white]
