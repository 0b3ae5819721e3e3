"""What a config becomes."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from services.builder.render import Renderer
from shared.config import Config, decode_config
from shared.errors import RenderFailed
from shared.widgets import Faq, Text
from shared.widgets.faq import Question
from tests.unit.builder.reading import (
    BUTTON,
    EVERY_WIDGET,
    EXAMPLES,
    PICTURE,
    find,
    heading_levels,
    make_config,
    page,
    read,
    render,
    text_of,
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_renders_without_a_parse_error(path: Path) -> None:
    config = decode_config(path.read_bytes())

    rendered = Renderer("https://pages.example.com").render(config, "acme", path.stem, "Acme")

    assert text_of(find(read(rendered.html.decode()), "head/title")) == config.title


def test_the_examples_use_every_widget_and_a_dark_background() -> None:
    configs = [decode_config(path.read_bytes()) for path in EXAMPLES]

    types = {type(widget).__name__ for config in configs for widget in config.widgets}
    darkest = min(config.background.luminance for config in configs)

    assert types == {"Hero", "Text", "Image", "Features", "Table", "Faq", "Quote", "Cta"}
    assert darkest < 0.05


def test_a_page_of_every_widget_has_no_parse_error_and_one_h1() -> None:
    root = page(*EVERY_WIDGET)

    assert text_of(find(root, ".//h1")) == "First"


def test_a_page_without_a_hero_opens_with_its_title() -> None:
    root = page({"type": "text", "body": "Hello"}, title="Welcome", description="To us")

    assert text_of(find(root, "body/main/header/div/h1")) == "Welcome"
    assert text_of(find(root, "body/main/header/div/p")) == "To us"


def test_an_empty_page_still_has_its_title_and_a_main_landmark() -> None:
    root = page()

    assert text_of(find(root, "body/main")) == "A page"


def test_headings_never_skip_a_level() -> None:
    levels = heading_levels(page(*EVERY_WIDGET))

    assert all(later <= earlier + 1 for earlier, later in pairwise(levels)), levels


def test_the_head_says_what_the_page_is() -> None:
    config = make_config(
        {"type": "hero", "title": "T", "image": PICTURE | {"src": "/a.png"}},
        description='Say "hi" & more',
        lang="de-AT",
        icon_url="https://example.com/icon.png",
        background="navy",
    )

    rendered = Renderer("https://pages.example.com/").render(config, "acme", "offers", "Acme")

    root = read(rendered.html.decode())
    metas = {e.get("name") or e.get("property"): e.get("content") for e in root.findall("head/meta")}
    links = {e.get("rel"): e.get("href") for e in root.findall("head/link")}
    assert root.get("lang") == "de-AT"
    assert metas == {
        None: None,
        "viewport": "width=device-width, initial-scale=1",
        "description": 'Say "hi" & more',
        "theme-color": "#000080",
        "og:description": 'Say "hi" & more',
        "og:image": "https://pages.example.com/a.png",
        "og:site_name": "Acme",
        "og:title": "A page",
        "og:type": "website",
        "og:url": "https://pages.example.com/acme/offers",
        "twitter:card": "summary_large_image",
    }
    assert links == {"icon": "https://example.com/icon.png", "canonical": "https://pages.example.com/acme/offers"}


def test_the_home_page_is_canonical_at_the_site() -> None:
    rendered = Renderer("https://pages.example.com").render(make_config(), "acme", "index")

    assert '<link rel="canonical" href="https://pages.example.com/acme">' in rendered.html.decode()


def test_a_site_with_a_hostname_is_canonical_there() -> None:
    renderer = Renderer("https://pages.example.com:8443")

    home, offers = (
        renderer.render(make_config(), "acme", page, hostname="www.acme.example").html.decode()
        for page in ("index", "offers")
    )

    assert '<link rel="canonical" href="https://www.acme.example/">' in home
    assert '<link rel="canonical" href="https://www.acme.example/offers">' in offers


def test_without_a_public_url_there_is_no_canonical_link() -> None:
    assert "canonical" not in render()


@pytest.mark.parametrize(
    ("title", "letter"),
    [("<über>", "%C3%9C"), ("&", "%E2%80%A2"), ("'42'", "4"), ("🎉 Party", "P"), ("東京", "%E6%9D%B1")],
)
def test_a_page_without_an_icon_gets_its_initial_drawn(title: str, letter: str) -> None:
    icon = find(page(title=title), "head/link[@rel='icon']").get("href", "")

    assert icon.startswith("data:image/svg+xml,")
    assert f"%3E{letter}%3C/text%3E" in icon


@pytest.mark.parametrize(("lang", "direction"), [("ar", "rtl"), ("HE-il", "rtl"), ("en", None), ("arn", None)])
def test_text_runs_the_way_its_language_is_written(lang: str, direction: str | None) -> None:
    assert page(lang=lang).get("dir") == direction


def test_the_site_is_named_above_and_below_the_page() -> None:
    rendered = Renderer().render(make_config(), "acme", "index", "Acme & Sons")

    root = read(rendered.html.decode())
    assert text_of(find(root, "body/header")) == "Acme & Sons"
    assert text_of(find(root, "body/footer")) == "Acme & Sons"


def test_only_the_first_hero_is_h1_and_loads_its_image_first() -> None:
    hero = {"type": "hero", "title": "T", "image": PICTURE}

    root = page(hero, hero)

    first, second = root.findall(".//img")
    assert heading_levels(root) == [1, 2]
    assert (first.get("fetchpriority"), first.get("loading")) == ("high", None)
    assert (second.get("fetchpriority"), second.get("loading"), second.get("decoding")) == (None, "lazy", "async")


def test_a_hero_has_its_text_picture_and_buttons() -> None:
    root = page(
        {
            "type": "hero",
            "title": "T",
            "tagline": "Tag",
            "body": "Body",
            "image": PICTURE,
            "cta": BUTTON,
            "cta2": {"text": "Or", "href": "tel:123"},
        }
    )

    hero = find(root, ".//section[@class='hero hero-beside']")
    assert [text_of(e) for e in hero.findall(".//p")] == ["Tag", "Body", "Go on Or"]
    assert [a.get("href") for a in hero.findall(".//a")] == ["#next", "tel:123"]


def test_a_wide_picture_stands_below_the_text_of_a_hero() -> None:
    root = page({"type": "hero", "title": "T", "image": PICTURE | {"width": 1600, "height": 900}})

    assert find(root, "body/main/section").get("class") == "hero"


def test_a_text_shows_its_markdown() -> None:
    root = page({"type": "text", "title": "Words", "body": "Some **bold** and a [link](/a).\n\n- one\n- two"})

    text = find(root, ".//section[@class='text']")
    assert text_of(find(text, "h2")) == "Words"
    assert text_of(find(text, ".//strong")) == "bold"
    assert find(text, ".//a").get("href") == "/a"
    assert len(text.findall(".//ul/li")) == 2


def test_an_image_has_its_size_its_text_and_its_caption() -> None:
    root = page({"type": "image", **PICTURE, "caption": "At sea"})

    image = find(root, ".//figure/img")
    assert image.attrib == {
        "src": "https://example.com/a.png",
        "width": "800",
        "height": "600",
        "alt": "A boat",
        "loading": "lazy",
        "decoding": "async",
    }
    assert text_of(find(root, ".//figure/figcaption")) == "At sea"


def test_a_decorative_image_has_an_empty_alt() -> None:
    root = page({"type": "image", "src": "/a.png", "width": 1, "height": 1, "decorative": True})

    assert find(root, ".//img").get("alt") == ""


def test_features_are_a_list_and_their_icons_are_silent() -> None:
    root = page({"type": "features", "title": "Points", "items": [{"title": "One", "body": "Body", "icon": "✦"}]})

    item = find(root, ".//ul/li")
    assert find(item, "span").attrib == {"class": "icon", "aria-hidden": "true"}
    assert text_of(find(item, "h3")) == "One"


def test_items_without_a_title_above_them_are_h2() -> None:
    root = page(
        {"type": "features", "items": [{"title": "One", "body": "Body"}]},
        {"type": "faq", "items": [{"question": "Why?", "answer": "# So"}]},
    )

    assert heading_levels(root) == [1, 2, 2, 3]


def test_a_table_has_scoped_headers_and_its_rows() -> None:
    root = page({"type": "table", "title": "Sales", "header": ["A", "B"], "rows": [["1 < 2", "&amp;"], ["", "x"]]})

    assert [(th.get("scope"), th.text) for th in root.findall(".//th")] == [("col", "A"), ("col", "B")]
    assert [[td.text for td in tr] for tr in root.findall(".//tbody/tr")] == [["1 < 2", "&amp;"], [None, "x"]]


@pytest.mark.parametrize(("title", "label"), [({"title": "Sales"}, "Sales"), ({}, "Region, Total")])
def test_a_table_scrolls_in_a_group_that_takes_the_focus_and_has_a_name(title: dict[str, str], label: str) -> None:
    root = page({"type": "table", "header": ["Region", "Total"], "rows": []} | title)

    group = find(root, ".//div[@role='group']")
    assert (group.get("tabindex"), group.get("aria-label")) == ("0", label)


def test_columns_of_numbers_align_at_their_end() -> None:
    rows = [["North", "1,204", "€ 3.50", "12 %", "−4", "7–9"], ["7", "", "€ 0.10", "–", "+3", "10"]]

    root = page({"type": "table", "header": list("ABCDEF"), "rows": rows})

    assert find(root, ".//table").get("class") == "end-2 end-3 end-4 end-5"


def test_questions_fold_open_to_their_answers() -> None:
    root = page({"type": "faq", "title": "Q", "items": [{"question": "Why?", "answer": "Because *so*."}]})

    details = find(root, ".//details")
    assert text_of(find(details, "summary/h3")) == "Why?"
    assert text_of(find(details, "div")) == "Because so."


def test_a_quote_names_who_said_it() -> None:
    root = page({"type": "quote", "text": "Well.", "name": "N", "role": "R"})

    assert text_of(find(root, ".//figure/blockquote")) == "Well."
    assert text_of(find(root, ".//figure/figcaption")) == "N R"


def test_a_call_to_action_is_a_link() -> None:
    root = page({"type": "cta", "title": "Now", "body": "Do", "button": BUTTON})

    band = find(root, ".//section[@class='cta']")
    assert text_of(find(band, ".//h2")) == "Now"
    assert find(band, ".//a").attrib == {"class": "button", "href": "#next"}


@pytest.mark.parametrize("widget", EVERY_WIDGET, ids=lambda widget: widget["type"])
def test_a_widget_with_an_id_can_be_linked_to_and_one_without_has_none(widget: dict[str, Any]) -> None:
    bare = {key: value for key, value in widget.items() if key != "id"}

    named, anonymous = page(bare | {"id": "offers"}), page(bare)

    assert [e.get("id") for e in named.iter() if e.get("id")] == ["offers"]
    assert [e.get("id") for e in anonymous.iter() if e.get("id")] == []


def test_ids_are_unique_on_a_page_that_has_every_widget_twice() -> None:
    twice = [widget | {"id": f"w{n}"} for n, widget in enumerate(EVERY_WIDGET * 2)]

    ids = [e.get("id") for e in page(*twice).iter() if e.get("id")]

    assert len(ids) == len(set(ids)) == len(twice)


def test_nothing_that_html_forbids_inside_a_link_or_a_list() -> None:
    root = page(*EVERY_WIDGET)

    assert not root.findall(".//a//button")
    assert not root.findall(".//button")
    assert {child.tag for ul in root.findall(".//ul") for child in ul} == {"li"}


def test_a_config_no_template_can_print_fails_and_says_where() -> None:
    broken = Config(title="T", widgets=(Text(body="fine"), Text(body="\ud800")))

    with pytest.raises(RenderFailed) as failure:
        Renderer().render(broken, "acme", "index")

    assert failure.value.pointer == "/widgets/1/body"
    assert not failure.value.retryable


def test_an_answer_nested_too_deeply_is_pointed_to() -> None:
    fine, deep = Question(question="?", answer="fine"), Question(question="?", answer=">" * 300 + "x")

    with pytest.raises(RenderFailed, match="nested deeper") as failure:
        Renderer().render(Config(title="T", widgets=(Faq(items=(fine, deep)),)), "acme", "index")

    assert failure.value.pointer == "/widgets/0/items/1/answer"


def test_a_title_no_template_can_print_fails() -> None:
    with pytest.raises(RenderFailed):
        Renderer().render(Config(title="\ud800"), "acme", "index")


def test_the_etag_changes_with_the_page() -> None:
    renderer = Renderer()

    etags = {renderer.render(make_config(title=title), "acme", "index").etag for title in ("a", "b", "a")}

    assert len(etags) == 2
    assert all(len(etag) == 32 for etag in etags)


def test_a_page_from_the_cache_has_the_same_bytes() -> None:
    cached, uncached = Renderer(), Renderer(cache_bytes=0)
    hero = {"type": "hero", "title": "T", "image": PICTURE}
    configs = [
        make_config(*EVERY_WIDGET),
        make_config(hero, *EVERY_WIDGET),
        make_config(*EVERY_WIDGET, background="#123"),
        *[make_config(widget) for widget in EVERY_WIDGET],
    ]

    first = [cached.render(config, "acme", "index", "Acme") for config in configs]
    again = [cached.render(config, "acme", "index", "Acme") for config in configs]

    assert first == again == [uncached.render(config, "acme", "index", "Acme") for config in configs]
    assert uncached.fragments.bytes == 0


def test_the_same_config_gives_the_same_bytes_in_any_process() -> None:
    code = (
        "from tests.unit.builder.reading import *\n"
        "r = Renderer('https://p.example.com')\n"
        "configs = [make_config(*EVERY_WIDGET), *[decode_config(path.read_bytes()) for path in EXAMPLES]]\n"
        "print(*[r.render(c, 'acme', 'index', 'Acme')[1:] for c in configs])\n"
    )

    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("0", "UTC"), ("4242", "Asia/Tokyo"))
    }

    assert len(outputs) == 1
