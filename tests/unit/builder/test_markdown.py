"""Markdown: what it makes, how its headings fit into the page, and that it cannot be made slow."""

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.builder.markdown import TAGS, to_html


def levels_of(html: str) -> list[int]:
    return [int(level) for level in re.findall(r"<h([1-6])>", html)]


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("*a* **b** `c` ~~d~~", "<p><em>a</em> <strong>b</strong> <code>c</code> <del>d</del></p>\n"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
        ("<https://example.com/>", '<p><a href="https://example.com/">https://example.com/</a></p>\n'),
        ("<me@example.com>", '<p><a href="mailto:me@example.com">me@example.com</a></p>\n'),
        ("a < b, c > d & e", "<p>a &lt; b, c &gt; d &amp; e</p>\n"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>\n"),
        (r"\<b>", "<p>&lt;b&gt;</p>\n"),
        (r"\\<b>", "<p>\\&lt;b&gt;</p>\n"),
        ("a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>\n"),
        ("<div>\n*a*\n</div>", "<p>&lt;div&gt;\n<em>a</em>\n&lt;/div&gt;</p>\n"),
        ("![alt](https://example.com/a.png)", "<p></p>\n"),
        ("[a](javascript:b)", "<p><a>a</a></p>\n"),
        ("| a |\n|---|\n| b |", "<p>| a |\n|---|\n| b |</p>\n"),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert to_html(markdown, 2) == html


def test_headings_begin_below_the_heading_they_stand_under() -> None:
    html = to_html("# One\n\nTwo\n---\n\n### Three", 2)

    assert html == "<h3>One</h3>\n<h4>Two</h4>\n<h5>Three</h5>\n"


def test_headings_skip_no_level_that_the_source_skips() -> None:
    assert levels_of(to_html("#### a\n\n## b\n\n###### c\n\n# d", 1)) == [2, 2, 3, 2]


@given(st.lists(st.integers(1, 6), min_size=1), st.integers(1, 5))
def test_headings_never_skip_and_never_rise_above_their_place(typed: list[int], above: int) -> None:
    markdown = "\n\n".join(f"{'#' * level} heading" for level in typed)

    levels = levels_of(to_html(markdown, above))

    assert len(levels) == len(typed)
    assert all(later <= earlier + 1 for earlier, later in zip([above, *levels], levels, strict=False))
    assert min(levels) > above


@given(st.text())
def test_any_text_becomes_html_with_the_listed_tags_only(markdown: str) -> None:
    html = to_html(markdown, 1)

    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= TAGS


def test_markdown_nested_deeper_than_anybody_reads_is_refused() -> None:
    fits = to_html("> " * 99 + "a", 2)

    assert fits.count("<blockquote>") == 99
    with pytest.raises(ValueError, match="nested deeper than 100"):
        to_html("> " * 100 + "a", 2)


@pytest.mark.parametrize(
    "sign",
    [
        ">",
        "> ",
        "* ",
        "- a ",
        "- - a\n",
        "[",
        "![",
        "*a ",
        "*a _b ",
        "a_ b* ",
        "`",
        "<",
        "<a ",
        "\\<",
        "\\",
        "&",
        "[a](",
        "<!--",
        "# a\n",
    ],
)
@pytest.mark.parametrize("end", ["", "a* b_ " * 4_000], ids=["alone", "closed"])
def test_no_repetition_of_a_sign_makes_it_slow(sign: str, end: str) -> None:
    markdown = (sign * 50_000)[: 50_000 - len(end)] + end

    began = time.process_time()
    with contextlib.suppress(ValueError):
        to_html(markdown, 2)

    assert time.process_time() - began < 2
