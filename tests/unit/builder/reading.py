"""Renders pages for the tests and reads them as a browser would."""

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import msgspec

from services.builder.render import Renderer
from shared.config import Config, decode_config

EXAMPLES = sorted(Path(__file__).parents[3].joinpath("examples").glob("*.json"))

PICTURE = {"src": "https://example.com/a.png", "width": 800, "height": 600, "alt": "A boat"}
BUTTON = {"text": "Go on", "href": "#next"}

EVERY_WIDGET: list[dict[str, Any]] = [
    {"type": "text", "body": "Before *everything*"},
    {"type": "hero", "title": "First", "tagline": "Tag", "body": "A\nB", "image": PICTURE, "cta": BUTTON},
    {"type": "hero", "title": "Second", "image": PICTURE | {"width": 1600}, "cta": BUTTON, "cta2": BUTTON},
    {"type": "text", "title": "Words", "body": "# One\n\n###### Two\n\n1. a\n2. b\n\n> c\n\n```\nd\n```\n\n---"},
    {"type": "image", "src": "/b.png", "width": 10, "height": 20, "decorative": True, "caption": "Caption"},
    {"type": "features", "title": "Points", "items": [{"title": "One", "body": "Body", "icon": "✦"}]},
    {"type": "features", "items": [{"title": "One", "body": "Body"}, {"title": "Two", "body": "Body"}]},
    {"type": "table", "title": "Numbers", "header": ["Name", "Sum"], "rows": [["A", "1,204"], ["B", "7"]]},
    {"type": "table", "header": ["Empty"], "rows": []},
    {"type": "faq", "title": "Questions", "items": [{"question": "Why?", "answer": "## Because\n\nOf *this*."}]},
    {"type": "faq", "items": [{"question": "How?", "answer": "So."}, {"question": "Who?", "answer": "We."}]},
    {"type": "quote", "text": "Well said.", "name": "Somebody", "role": "Speaker"},
    {"type": "cta", "id": "next", "title": "Now", "body": "Do it.", "button": BUTTON},
]


def make_config(*widgets: dict[str, Any], **fields: Any) -> Config:
    """A config, checked as an editor's would be."""
    return decode_config(msgspec.json.encode({"title": "A page", "widgets": widgets} | fields))


def render(*widgets: dict[str, Any], **fields: Any) -> str:
    """The HTML of a page with these widgets."""
    return Renderer().render(make_config(*widgets, **fields), "acme", "index").html.decode()


def read(html: str) -> Element:
    """Parse a page; any parse error fails the test."""
    root: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    return root


def page(*widgets: dict[str, Any], **fields: Any) -> Element:
    """The parsed page with these widgets."""
    return read(render(*widgets, **fields))


def find(root: Element, path: str) -> Element:
    """The one element at a path."""
    found = root.findall(path)
    assert len(found) == 1, f"{len(found)} elements at {path}"
    return found[0]


def text_of(element: Element) -> str:
    """All text in an element, its white space collapsed."""
    return " ".join("".join(element.itertext()).split())


def heading_levels(root: Element) -> list[int]:
    """Levels of all headings, in the order of the page."""
    return [int(tag[1]) for tag in (element.tag for element in root.iter()) if tag in {f"h{n}" for n in range(1, 7)}]
