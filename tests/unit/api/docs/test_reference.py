"""The reference page: everything in the document is on it, once, and its links lead somewhere."""

import re
import shlex
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from services.api.app import ENDPOINTS
from services.api.docs.command import curl
from services.api.docs.reference import arrange
from services.api.docs.views import render
from services.api.openapi import describe
from shared.roles import ROLES

DOCUMENT = describe(ENDPOINTS)
REFERENCE = arrange(DOCUMENT)
PAGE = render(DOCUMENT, "/-/api/docs/style.css")
OPERATIONS = [operation for group in REFERENCE.groups for operation in group.operations]
NAMES = [operation.name for operation in OPERATIONS]


class Reading(HTMLParser):
    """Collects what a page has of ids, links and addresses of assets."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.assets: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                (self.links if tag == "a" else self.assets).append(value or "")
            elif name == "src":
                self.assets.append(value or "")


@pytest.fixture(scope="module")
def reading() -> Reading:
    reading = Reading()
    reading.feed(PAGE)
    return reading


def test_every_operation_and_every_schema_has_its_anchor(reading: Reading) -> None:
    schemas = [f"schema-{name}" for name in DOCUMENT["components"]["schemas"]]

    assert {endpoint.name for endpoint in ENDPOINTS} == set(NAMES)
    assert {*NAMES, *schemas} <= set(reading.ids)
    assert len(set(reading.ids)) == len(reading.ids)


def test_every_link_within_the_page_leads_somewhere(reading: Reading) -> None:
    within = [link.removeprefix("#") for link in reading.links if link.startswith("#")]

    assert within
    assert set(within) <= set(reading.ids)


def test_the_page_needs_no_script_and_nothing_from_elsewhere(reading: Reading) -> None:
    assert "script" not in reading.tags
    assert "style" not in reading.tags
    assert reading.assets == ["data:,", "/-/api/docs/style.css"]
    assert not re.search(r"<[^>]* (?:style|on\w+)=", PAGE)


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_an_operation_says_who_may(operation: Any) -> None:
    endpoint = next(endpoint for endpoint in ENDPOINTS if endpoint.name == operation.name)

    assert operation.permission == (endpoint.needs or "")
    assert list(operation.roles) == [role for role, allowed in ROLES.items() if endpoint.needs in allowed]
    assert bool(operation.allows) == bool(endpoint.needs)


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_an_example_is_a_command_that_a_shell_takes_apart_as_meant(operation: Any) -> None:
    words = shlex.split(operation.command.replace("\\\n", ""))

    assert words[0] == "curl"
    assert ("-X" in words) == (operation.method != "GET")
    address = next(word for word in words if word.startswith("$PLATEN_URL"))
    assert re.fullmatch(re.sub(r"{\w+}", "[^/{}<>]+", operation.path), address.removeprefix("$PLATEN_URL"))
    assert ("Authorization: Bearer $PLATEN_TOKEN" in words) == bool(operation.permission)
    assert ("--data" in words) == (operation.body is not None)
    assert operation.command in unescape(PAGE)


def test_a_quote_in_an_example_does_not_end_the_commands_text() -> None:
    content = {"application/json": {"example": {"note": "it's $HOME"}}}
    operation = {"parameters": [], "security": [], "requestBody": {"content": content}}

    words = shlex.split(curl("POST", "/x", operation).replace("\\\n", ""))

    assert words[-1] == '{"note": "it\'s $HOME"}'


def test_words_of_the_document_cannot_become_markup() -> None:
    document = describe(ENDPOINTS)
    document["paths"]["/-/api/v1/sites"]["get"]["summary"] = "<script>alert(1)</script>"

    assert "<script" not in render(document, "")
