"""Colours and addresses: what is parsed, what is written anew, what is refused."""

import contextlib
import re
import time
from urllib.parse import urljoin

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.values import Colour, ImageUrl, Url


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("#fafafa", "#fafafa"),
        (" #FFF ", "#ffffff"),
        ("rgb(1, 2, 3)", "#010203"),
        ("Tomato", "#ff6347"),
        ("rebeccapurple", "#663399"),
    ],
)
def test_a_colour_is_written_anew(written: str, meant: str) -> None:
    assert str(Colour.parse(written)) == meant


@pytest.mark.parametrize(
    "written",
    ["red;}", "red;background:url(//evil)", "#ggg", "#12345", "rgb(256,0,0)", "", "url(x)", "var(--x)", "#fff)"],
)
def test_what_is_no_colour_is_refused_with_the_mend(written: str) -> None:
    with pytest.raises(ValueError, match="write #rrggbb"):
        Colour.parse(written)


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_black_or_white_can_be_read_on_every_colour(red: int, green: int, blue: int) -> None:
    colour = Colour(red, green, blue)

    assert max(colour.contrast(Colour(0, 0, 0)), colour.contrast(Colour(255, 255, 255))) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert Colour.parse("white").contrast(Colour.parse("black")) == pytest.approx(21)
    assert Colour.parse("#777").contrast(Colour.parse("#fff")) == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
        ("mailto:ada@example.com", "mailto:ada@example.com"),
        ("tel:+4930123", "tel:+4930123"),
        ("#offers", "#offers"),
        ("/about us", "/about%20us"),
        ('/"onclick="x', "/%22onclick=%22x"),
        (" https://example.com/\n", "https://example.com/"),
        ("https:\\\\example.com\\a?b=\\", "https://example.com/a?b=%5C"),
        ("/\\example.com/a#\\", "//example.com/a#%5C"),
        ("//example.com:8080/a b", "//example.com:8080/a%20b"),
        ("https://[::1]/", "https://[::1]/"),
        ("https://münchen.example/", "https://münchen.example/"),
        ("mailto:a\\b@example.com", "mailto:a%5Cb@example.com"),
    ],
)
def test_an_address_is_written_anew(written: str, meant: str) -> None:
    assert str(Url.parse(written)) == meant


@pytest.mark.parametrize(
    "written",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "\x01javascript:alert(1)",
        " \n javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:x",
        "file:///etc/passwd",
        "https:",
        "https://",
        "http:\\\\",
        "//[x",
        "//",
        "/\\",
        "///",
        "http://a b/",
        "https://a:port/",
        "https://a:99999/",
        "//:80/",
        "",
        "   ",
        "https://example.com/" + "a" * 3000,
    ],
)
def test_an_address_that_runs_or_leads_nowhere_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Url.parse(written)


def test_an_image_does_not_come_by_mail() -> None:
    with pytest.raises(ValueError, match="scheme mailto"):
        ImageUrl.parse("mailto:ada@example.com")


@given(st.text(max_size=200) | st.text(st.sampled_from("htps:/\\[]@?#.a \u2100"), max_size=20))
def test_no_text_whatever_becomes_an_address_that_leaves_its_attribute(text: str) -> None:
    try:
        written = str(Url.parse(text))
    except ValueError:
        return

    assert not set(written) & set("\"'<>\\` \t\r\n")
    assert str(Url.parse(written)) == written
    urljoin("https://example.com/a", written)


@pytest.mark.parametrize(
    "written",
    [
        "rgb(1" + " " * 1_500 + "2" + " " * 1_500 + "x",
        "rgb(" + " " * 50_000,
        "#" + "a" * 50_000,
        " " * 50_000 + "x",
    ],
)
def test_a_colour_of_any_length_is_refused_at_once(written: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="is not a colour"):
        Colour.parse(written)

    assert time.process_time() - began < 1


@pytest.mark.parametrize("spaces", [1, 12])
def test_a_colour_within_its_bound_may_be_spaced_out(spaces: int) -> None:
    gap = " " * spaces

    assert str(Colour.parse(f"rgb({gap}1{gap},{gap}2{gap}3)")) == "#010203"


@pytest.mark.parametrize("filling", ["a", "a+", ".", "//", "\\", "[", "%", "@", ":"])
def test_an_address_of_any_length_is_read_at_once(filling: str) -> None:
    began = time.process_time()
    for written in (filling * 50_000, "http://" + filling * 50_000):
        with pytest.raises(ValueError, match=r"longer than|may not use"):
            Url.parse(written)

    assert time.process_time() - began < 1


@given(st.text(st.sampled_from("htps:/mailo\\[]@?#.aA1 \t\u00a0\u2100+-"), max_size=12))
@example("HTTPS://a")
@example("1a:80")
@example("\u00a0A:")
def test_what_is_an_address_fits_what_is_described(text: str) -> None:
    for kind in (Url, ImageUrl):
        with contextlib.suppress(ValueError):
            kind.parse(text)
            assert re.search(kind.schema()["pattern"], text)


@pytest.mark.parametrize("text", ["javascript:x", " JAVASCRIPT:x", "data:,", "ftp://a/"])
def test_a_scheme_that_is_refused_does_not_fit_what_is_described(text: str) -> None:
    assert not re.search(Url.schema()["pattern"], text)
    assert re.search(Url.schema()["pattern"], "mailto:a@example.com")
    assert not re.search(ImageUrl.schema()["pattern"], "mailto:a@example.com")


@pytest.mark.parametrize("text", [" #FFF ", "#fafafa", "rgb(1, 2 3)", "RGB( 1,2,3 )", "RebeccaPurple", "\u00a0red\n"])
def test_what_is_a_colour_fits_what_is_described(text: str) -> None:
    Colour.parse(text)

    assert re.search(Colour.schema()["pattern"], text)
    assert not re.search(Colour.schema()["pattern"], text + ";")
