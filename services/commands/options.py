"""What the commands have in common: how they are told of pages, sites and files, and where the API is."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from services.client import DEFAULT_DATA, Api, find_target
from shared.config import SLUG_MEND, Slug
from shared.errors import Misconfigured
from shared.settings import read_settings

HOME = "index"


class PageName(NamedTuple):
    """A page as people write it: `site/page`, or `site` for its home page."""

    site: str
    page: str

    @property
    def path(self) -> str:
        return f"sites/{self.site}/pages/{self.page}"

    def __str__(self) -> str:
        return f"{self.site}/{self.page}"


class PageType(click.ParamType[PageName]):
    """Reads a PageName."""

    name = "site/page"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> PageName:
        if isinstance(value, PageName):
            return value
        site, _, page = str(value).partition("/")
        for slug in (site, page or HOME):
            try:
                msgspec.convert(slug, Slug)
            except msgspec.ValidationError:
                self.fail(f"{slug!r} is not a slug: {SLUG_MEND}.", param, ctx)
        return PageName(site, page or HOME)


class SlugType(click.ParamType[str]):
    """Reads a slug.

    Args:
        name: whose slug it is.
    """

    def __init__(self, name: str = "site") -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return str(msgspec.convert(value, Slug))
        except msgspec.ValidationError:
            return self.fail(f"{value!r} is not a slug: {SLUG_MEND}.", param, ctx)


def data_option(text: str) -> Callable[[Any], Any]:
    """The option `--data`.

    Args:
        text: what the directory is for.
    """
    folder = click.Path(path_type=Path, file_okay=False)
    return click.option("--data", type=folder, default=DEFAULT_DATA, show_default=True, help=text)


DATA = data_option("Data directory of the `platen up` to talk to.")


def client_of(data: Path) -> Api:
    """A client of the API that PLATEN_URL names, or that runs on a data directory."""
    return Api(find_target(read_settings(os.environ), data))


def read_all(client: Api, path: str, **query: str | int) -> list[dict[str, Any]]:
    """Every item of a list."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str | int] = {}
    while True:
        listed = client.get(path, limit=100, **query, **cursor)
        items += listed["items"]
        if not listed["next"]:
            return items
        cursor = {"cursor": listed["next"]}


def read_json(file: Any) -> Any:
    """What a file holds.

    Raises:
        Misconfigured: it is not JSON.
    """
    try:
        return json.load(file)
    except ValueError as error:
        raise Misconfigured(f"{file.name} is not JSON: {error}.") from None
