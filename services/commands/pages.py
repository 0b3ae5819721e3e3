"""The commands about a page: publish it, go back, take it off, call off, move it, and list its versions."""

import sys
from pathlib import Path
from typing import Any

import click

from services.client import Api
from services.commands.options import DATA, PageName, PageType, SlugType, client_of, read_all, read_json
from services.commands.sites import made_where_missing
from services.show.pages import show_pages, show_publication, show_versions
from services.show.watching import Watcher
from shared.errors import Misconfigured

WATCH = click.option("--watch", is_flag=True, help="Follow it live, until every server has it.")


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--page", "name", type=PageType(), required=True, help="Where: site/page.")
@click.option("--note", default="", help="What changed, for the list of versions.")
@WATCH
@DATA
def publish(file: Any, name: PageName, note: str, watch: bool, data: Path) -> None:
    """Publish a config from FILE (- for standard input). A site that does not exist yet is created."""
    body = {"config": read_json(file), "publish": True, "note": note}
    client = client_of(data)
    answer = made_where_missing(client, name.site, lambda: client.change("POST", f"{name.path}/versions", body))
    _finish(client, name, answer["publication"], watch)


@click.command()
@click.argument("name", metavar="SITE/PAGE", type=PageType())
@click.argument("version", type=click.IntRange(1), required=False)
@WATCH
@DATA
def rollback(name: PageName, version: int | None, watch: bool, data: Path) -> None:
    """Go back to VERSION, or to the version that was live before."""
    client = client_of(data)
    version = version or _live_before(client, name)
    answer = client.change("POST", f"{name.path}/publications", {"version": version})
    _finish(client, name, answer, watch)


@click.command()
@click.argument("name", metavar="SITE/PAGE", type=PageType())
@WATCH
@DATA
def unpublish(name: PageName, watch: bool, data: Path) -> None:
    """Take a page off."""
    client = client_of(data)
    answer = client.change("DELETE", f"{name.path}/publications/live")
    _finish(client, name, answer, watch)


@click.command()
@click.argument("name", metavar="SITE/PAGE", type=PageType())
@click.argument("seq", type=click.IntRange(1))
@DATA
def cancel(name: PageName, seq: int, data: Path) -> None:
    """Call publication SEQ off while it waits for its build. What is live stays live."""
    publication = client_of(data).change("DELETE", f"{name.path}/publications/{seq}")
    click.echo(f"publication {seq} of {name} (v{publication['version']}) is {publication['state']}")


@click.command()
@click.argument("name", metavar="SITE/PAGE", type=PageType())
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many, newest first.")
@DATA
def versions(name: PageName, limit: int, data: Path) -> None:
    """List a page's versions."""
    client = client_of(data)
    listed = client.get(f"{name.path}/versions", limit=limit)
    page = client.get(name.path)
    show_versions(str(name), listed["items"], page, more=bool(listed["next"]))


@click.command()
@click.argument("site", required=False)
@DATA
def pages(site: str | None, data: Path) -> None:
    """List the pages of SITE, or of every site."""
    client = client_of(data)
    sites = [site] if site else [item["slug"] for item in read_all(client, "sites")]
    found = [(slug, item) for slug in sites for item in read_all(client, f"sites/{slug}/pages")]
    show_pages(client.target.url, found)


@click.command()
@click.argument("name", metavar="SITE/PAGE", type=PageType())
@click.argument("to", type=SlugType("page"))
@DATA
def move(name: PageName, to: str, data: Path) -> None:
    """Move a page to the slug TO of its site. The old address leads there from now on."""
    client = client_of(data)
    moved = client.change("POST", f"{name.path}/move", {"to": to})
    click.echo(f"{name} is now {name.site}/{to}: {client.target.url}{moved['url']}")


def _finish(client: Api, name: PageName, publication: dict[str, Any], watch: bool) -> None:
    if not watch:
        show_publication(client.target.url, str(name), publication)
        return
    sys.exit(Watcher(client, name.site, name.page).follow(publication["seq"]))


def _live_before(client: Api, name: PageName) -> int:
    live = (client.get(name.path)["live"] or {}).get("version", 0)
    before = ""
    while True:
        query: dict[str, str | int] = {"cursor": before} if before else {}
        listed = client.get(f"{name.path}/publications", limit=100, **query)
        for publication in listed["items"]:
            if publication["state"] == "live" and publication["version"] not in {0, live}:
                return int(publication["version"])
        before = listed["next"]
        if not before:
            raise Misconfigured(f"No other version of {name} was ever live.")
