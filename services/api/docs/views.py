"""Serves the reference page and its style sheet, both made once from what is in the program."""

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import jinja2
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.api.docs.reference import arrange
from services.api.fixed import Fixed
from services.api.schemas import Schema
from shared.roles import PERMISSIONS
from shared.route import ReadRoute

PATH = "/-/api/docs"

_HEADERS = {
    # A newer program has another page at the same address.
    "cache-control": "no-cache",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_STYLE_HEADERS = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}


def routes(describe: Callable[[], Schema]) -> list[BaseRoute]:
    """The page and its style sheet.

    Args:
        describe: makes the OpenAPI document.
    """
    style = (files(__package__) / "static/docs.css").read_bytes()
    style_path = f"{PATH}/{hashlib.sha256(style).hexdigest()[:16]}.css"

    @cache
    def page() -> Fixed:
        return Fixed(render(describe(), style_path).encode(), "text/html; charset=utf-8", _HEADERS)

    shown_style = Fixed(style, "text/css; charset=utf-8", _STYLE_HEADERS)

    async def show(request: Request) -> Response:
        return page().answer(request)

    async def show_style(request: Request) -> Response:
        return shown_style.answer(request)

    return [ReadRoute(PATH, show, name="docs"), ReadRoute(style_path, show_style, name="docs-style")]


def render(document: Schema, style_path: str) -> str:
    """Make the page.

    Args:
        document: OpenAPI.
        style_path: address of the style sheet.
    """
    template = _environment().get_template("reference.html")
    return template.render(reference=arrange(document), permissions=PERMISSIONS, style=style_path)


def _environment() -> jinja2.Environment:
    folder = files(__package__) / "templates"
    sources = {each.name: each.read_text(encoding="utf-8") for each in folder.iterdir() if each.name.endswith(".html")}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(sources), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters["breakable"] = _breakable
    environment.filters["sentence"] = lambda text: f"{text[:1].upper()}{text[1:]}."
    return environment


def _breakable(path: str) -> Markup:
    """An address that may be broken behind each slash, and nowhere else before it must."""
    return Markup("/<wbr>").join(escape(part) for part in path.split("/"))
