"""The commands for operators: build a site anew, see and hold the builders, see how far the servers are."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from services.commands.options import DATA, SlugType, client_of
from services.show.operating import show_builders, show_rebuild, show_servers
from services.show.watching import watch_rebuild
from shared.errors import Misconfigured
from shared.keys import EVERY_BUILDER


@click.command()
@click.option("--site", type=SlugType(), required=True, help="The site whose pages are built anew.")
@click.option("--cancel", is_flag=True, help="Call the running rebuild off instead.")
@click.option("--watch", is_flag=True, help="Show how far it is until it is done.")
@DATA
def rebuild(site: str, cancel: bool, watch: bool, data: Path) -> None:
    """Build every live page of a site anew. Whatever people are waiting for goes before it."""
    client = client_of(data)
    path = f"sites/{site}/rebuilds"
    if cancel:
        running = [item for item in client.get(path)["items"] if item["state"] == "running"]
        if not running:
            raise Misconfigured(f"No rebuild of {site} is running.")
        show_rebuild(site, client.change("DELETE", f"{path}/{running[0]['number']}"))
        return
    begun = client.change("POST", path)
    sys.exit(watch_rebuild(client, site, begun) if watch else show_rebuild(site, begun))


@click.command()
@DATA
def builders(data: Path) -> None:
    """List the builders that are alive, and what they do."""
    show_builders(client_of(data).get("builders")["items"])


@click.command()
@DATA
def servers(data: Path) -> None:
    """List the servers that are alive, and how far each of them is."""
    show_servers(client_of(data).get("servers")["items"])


@click.command()
@click.argument("name", default=EVERY_BUILDER)
@DATA
def quiet(name: str, data: Path) -> None:
    """Tell builder NAME, or every builder, to take nothing new. What it has in hand it finishes."""
    told = _tell_builder(data, "POST", name)
    click.echo(f"told {_builders(told)} to take nothing new; `platen resume` lets them go on")


@click.command()
@click.argument("name", default=EVERY_BUILDER)
@DATA
def resume(name: str, data: Path) -> None:
    """Let builder NAME, or every builder, go on."""
    click.echo(f"{_builders(_tell_builder(data, 'DELETE', name))} may go on")


def _tell_builder(data: Path, method: str, builder: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = client_of(data).change(method, f"builders/{quote(builder, safe='')}/quiet")["items"]
    return told


def _builders(told: list[dict[str, Any]]) -> str:
    return f"{len(told)} builder{'s' * (len(told) != 1)}"
