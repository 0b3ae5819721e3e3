"""A preview is what will be published, byte for byte: of examples, of every widget, of configs made up at random."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from tests.harness import TOKEN, Up, end_of
from tests.unit.builder.reading import EVERY_WIDGET, EXAMPLES

SIGNED_IN = {"authorization": f"Bearer {TOKEN}"}

_WORDS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=40).filter(str.strip)
_TEXTS = st.builds(lambda body: {"type": "text", "body": body}, _WORDS)
_TABLES = st.builds(
    lambda rows: {"type": "table", "header": ["One", "Two"], "rows": rows},
    st.lists(st.tuples(_WORDS, _WORDS).map(list), max_size=4),
)
CONFIGS = st.fixed_dictionaries(
    {"title": _WORDS, "widgets": st.lists(st.sampled_from(EVERY_WIDGET) | _TEXTS | _TABLES, max_size=6)},
    optional={
        "description": _WORDS,
        "lang": st.sampled_from(["en", "de-CH", "ar"]),
        "background": st.sampled_from(["#fafafa", "black", "rgb(200 30 0)"]),
        "theme": st.fixed_dictionaries({"font": st.sampled_from(["sans", "serif", "mono"])}),
    },
)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("up") / "data", PLATEN_PUBLIC_URL="https://www.example.com") as up:
        up.api.change("POST", "sites", {"slug": "acme", "title": "Acme & Söhne"})
        yield up


PAGES = itertools.count()


def compare(up: Up, config: dict[str, Any]) -> None:
    """Preview a config, publish it, and compare what an editor and what visitors get."""
    page = f"p{next(PAGES)}"
    preview = up.api.change("POST", f"sites/acme/pages/{page}/previews", {"config": config})
    publication = up.api.change("POST", f"sites/acme/pages/{page}/versions", {"config": config, "publish": True})[
        "publication"
    ]
    assert end_of(up.api, "acme", page, publication["seq"])["state"] == "live"
    seen = httpx2.get(f"{up.url}{preview['url']}", headers=SIGNED_IN, trust_env=False)
    visited = httpx2.get(f"{up.url}/acme/{page}", trust_env=False)

    assert (seen.status_code, visited.status_code) == (200, 200)
    assert seen.content == visited.content
    assert seen.headers["content-security-policy"] == visited.headers["content-security-policy"]
    assert f'"{preview["etag"]}' in visited.headers["etag"]
    assert preview["size"] == len(visited.content)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_preview_of_an_example_is_what_is_published(up: Up, path: Any) -> None:
    compare(up, json.loads(path.read_text()))


def test_the_preview_of_every_widget_is_what_is_published(up: Up) -> None:
    compare(up, {"title": "Everything", "widgets": EVERY_WIDGET})


@bounds(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(config=CONFIGS)
def test_the_preview_of_any_config_is_what_is_published(up: Up, config: dict[str, Any]) -> None:
    for number, widget in enumerate(config["widgets"]):
        # Two widgets of one page cannot have one id.
        config["widgets"][number] = {name: value for name, value in widget.items() if name != "id"}
    compare(up, config)
