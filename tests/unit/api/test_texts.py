"""What is refused of a text beyond its type: what cannot be seen, and what would be lost on the page."""

import contextlib
import time

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.api.sites import NewSite
from services.api.texts import check_texts
from services.builder.markdown import to_html
from shared.config import Config, decode_config
from shared.errors import Invalid
from shared.markdown import Lost, check_markdown, render


def page(*widgets: dict[str, object], title: str = "A") -> Config:
    return decode_config(msgspec.json.encode({"title": title, "widgets": widgets}))


def refusal(body: object) -> Invalid:
    with pytest.raises(Invalid) as caught:
        check_texts(body)
    return caught.value


@pytest.mark.parametrize("blank", ["\u00a0", "\u200b\u2028", "\u3000 ", "\u2800", "\u3164", "\ufeff", "\u200d"])
def test_a_text_without_anything_to_see_is_refused(blank: str) -> None:
    assert refusal(page(title=blank)).pointer == "/title"
    assert refusal(NewSite(slug="acme", title=blank)).pointer == "/title"
    assert refusal(page({"type": "text", "body": blank})).pointer == "/widgets/0/body"


@pytest.mark.parametrize(
    "sign", ["\u2028", "\u2029", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]
)
def test_a_title_has_one_line_that_reads_as_it_is_written(sign: str) -> None:
    refused = refusal(page(title=f"A{sign}B"))

    assert (refused.pointer, f"U+{ord(sign):04X}" in refused.detail) == ("/title", True)


@pytest.mark.parametrize(
    "title", ["Ä", "日本", "🚀", "👩\u200d🚀", "שלום", "\u200fA", "e\u0301", "\U0001faea", "\ue000"]
)
def test_what_can_be_seen_is_a_title_in_any_script(title: str) -> None:
    check_texts(page(title=title))


def test_texts_are_found_wherever_they_are() -> None:
    table = {"type": "table", "header": ["a", "\u00a0"], "rows": [["", "\u00a0"]]}
    faq = {"type": "faq", "items": [{"question": "?", "answer": "!"}, {"question": "\u00a0", "answer": "!"}]}

    assert refusal(page(table)).pointer == "/widgets/0/header/1"
    assert refusal(page(faq)).pointer == "/widgets/0/items/1/question"


@pytest.mark.parametrize(
    "markdown",
    [
        "[a](javascript:alert(1))",
        "[a](JaVaScript:alert(1))",
        "[a](vbscript:x)",
        "[a](ftp://example.com/)",
        "[a](data:text/html,x)",
        "[a][b]\n\n[b]: javascript:alert(1)",
        "[a](javascript&colon;alert(1))",
        "[a](java&#115;cript:alert(1))",
        "* > [a](https://)",
        "![a](https://example.com/a.png)",
        "![a](javascript:x)",
        "[![a](/a.png)](/b)",
        ">" * 300 + "x",
        "- " * 300 + "x",
    ],
)
def test_markdown_that_would_lose_something_is_refused_with_the_mend(markdown: str) -> None:
    text, faq = {"type": "text", "body": markdown}, {"type": "faq", "items": [{"question": "?", "answer": markdown}]}

    assert refusal(page(text)).pointer == "/widgets/0/body"
    assert refusal(page(faq)).pointer == "/widgets/0/items/0/answer"
    assert refusal(page(text)).mend


@pytest.mark.parametrize(
    "markdown",
    [
        "[a](https://example.com/?a=1&b=2) [b](mailto:a@example.com) [c](tel:+49) [d](/a) [e](#b)",
        "[g]()",
        "<ftp://example.com/> shows as it is typed",
        "`[a](javascript:b)` and ![",
        "javascript:alert(1) is text",
        '<a href="javascript:x">a</a>',
        '<img src="x">',
        ">" * 90 + "x",
        "<https://example.com/> <me@example.com>",
        "[a](https://example.com/" + "b" * 3000 + ")",
    ],
)
def test_markdown_that_loses_nothing_is_right(markdown: str) -> None:
    check_texts(page({"type": "text", "body": markdown}))


SCHEMES = ["javascript:", "http://a/", "https:", "//", "mailto:", "tel:", "ftp:", "/", "#", "a", "x:"]


@given(st.sampled_from(SCHEMES), st.text(st.sampled_from("ab:/?#.&;%\\ \t@-1"), max_size=8))
@example("java", "&Tab;script:a")
@example("http://a/", ":")
def test_a_link_that_is_let_in_is_on_the_page(start: str, rest: str) -> None:
    markdown = f"[a](<{start}{rest}>)"

    try:
        check_markdown(markdown)
    except Lost:
        return

    assert to_html(markdown, 1).count("href=") == render(markdown).count("href=")


@pytest.mark.parametrize("sign", ["[a](b) ", "[a](javascript&", "![", "<a@", "&amp;", '<a href="'])
def test_no_repetition_of_a_sign_makes_it_slow(sign: str) -> None:
    began = time.process_time()
    with contextlib.suppress(Lost):
        check_markdown((sign * 50_000)[:50_000])

    assert time.process_time() - began < 1
