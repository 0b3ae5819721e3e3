"""The commands about a site: its hostnames, and the whole of it as one file, out and in again."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from services.client import Api, Problem
from services.commands.options import DATA, SlugType, client_of, read_json
from services.show.pages import show_import
from shared.errors import Misconfigured


@click.command()
@click.argument("site", type=SlugType())
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--none", "takes_all", is_flag=True, help="Take all its hostnames away.")
@DATA
def hostnames(site: str, names: tuple[str, ...], takes_all: bool, data: Path) -> None:
    """Set the hostnames of SITE to NAMEs, or show those it has."""
    if names and takes_all:
        raise click.UsageError("Give names or --none, not both.")
    client, path = client_of(data), f"sites/{site}"
    is_change = bool(names) or takes_all
    found = client.change("PUT", f"{path}/hostnames", {"hostnames": names}) if is_change else client.get(path)
    click.echo("\n".join(found["hostnames"]) or f"{site} has no hostname of its own")


@click.command("export")
@click.argument("site", type=SlugType())
@click.option("--to", "file", type=click.File("wb", lazy=True), default="-", help="A file.  [default: standard output]")
@DATA
def export_site(site: str, file: Any, data: Path) -> None:
    """Write SITE as one JSON file. It has the pages, their drafts, and the defaults."""
    # The file is opened by its first part, so that a refusal leaves none.
    client_of(data).download(f"sites/{site}/export", lambda part: file.write(part))  # noqa: PLW0108


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--site", type=SlugType(), required=True, help="Where: a site; one that does not exist yet is created.")
@click.option("--publish", is_flag=True, help="Make what is imported live.")
@DATA
def import_site(file: Any, site: str, publish: bool, data: Path) -> None:
    """Save the pages of FILE (- for standard input) in a site. What is there already is left alone."""
    found = read_json(file)
    if not isinstance(found, dict):
        raise Misconfigured(f"{file.name} is not a site: `platen export` makes such a file.")
    body = {**found, **({"publish": True} if publish else {})}
    client = client_of(data)
    sys.exit(show_import(made_where_missing(client, site, lambda: client.change("POST", f"sites/{site}/import", body))))


def made_where_missing(client: Api, site: str, change: Callable[[], Any]) -> Any:
    """Change something in a site, which is created where it does not exist.

    Returns:
        what the change does.
    """
    try:
        return change()
    except Problem as problem:
        if problem.status != 404 or "no site" not in str(problem):
            raise
    client.change("POST", "sites", {"slug": site, "title": site.replace("-", " ").title()})
    click.echo(f"created the site {site}", err=True)
    return change()
