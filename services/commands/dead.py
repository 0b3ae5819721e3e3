"""The commands `platen dead …`: what failed for good, to be looked at and removed by operators."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from rich.progress import track

from services.client import Api, Problem
from services.commands.options import DATA, PageName, PageType, SlugType, client_of, read_all
from services.show.dead import show_dead_letter, show_dead_letters
from services.show.terminal import err

PATH = "dead-letters"
STRETCH = 100


@click.group()
def dead() -> None:
    """Dead letters: what failed for good, and why.

    There is no way to retry one, for a publication ends once: mend what it says, and publish again.
    """


@dead.command("list")
@click.option("--page", "name", metavar="SITE/PAGE", type=PageType(), help="Only those about this page.")
@click.option("--site", type=SlugType(), help="Only those about this site.")
@click.option("--code", help="Only failures of this kind, such as render-failed.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, newest first.")
@DATA
def list_dead(name: PageName | None, site: str | None, code: str | None, limit: int, data: Path) -> None:
    """List the dead letters."""
    if name and site:
        raise click.UsageError("Give --site or --page, not both.")
    about = {"site": name.site, "page": name.page} if name else {"site": site}
    found, more = _newest(client_of(data), limit, about | {"code": code})
    show_dead_letters(found, more=more)


@dead.command("show")
@click.argument("letter", metavar="ID")
@DATA
def show_dead(letter: str, data: Path) -> None:
    """Show all of the dead letter ID: what came in, why it failed, and what to do."""
    show_dead_letter(client_of(data).get(_path(letter)))


@dead.command("remove")
@click.argument("letters", metavar="[ID]...", nargs=-1)
@click.option("--all", "takes_all", is_flag=True, help="Remove all that there are now.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@DATA
def remove_dead(letters: Sequence[str], takes_all: bool, yes: bool, data: Path) -> None:
    """Remove the dead letters ID. What failed stays failed, and nothing is tried again."""
    if bool(letters) == takes_all:
        raise click.UsageError("Give the ids of letters, or --all.")
    client = client_of(data)
    if takes_all:
        return remove_all(client, has_agreed=yes)
    for letter in letters:
        client.change("DELETE", _path(letter))
        click.echo(f"removed {letter}")
    return None


def remove_all(client: Api, *, has_agreed: bool) -> None:
    """Remove every letter that is there now; what comes meanwhile stays.

    Args:
        has_agreed: whether whoever asks need not be asked again.
    """
    found = read_all(client, PATH)
    if not found:
        return show_dead_letters(found, more=False)
    count = f"{len(found):,} dead letter{'s' * (len(found) != 1)}"
    if not has_agreed:
        click.confirm(f"Remove {count}?", abort=True, err=True)
    for letter in track(found, "removing", console=err, transient=True):
        try:
            client.change("DELETE", _path(letter["id"]))
        except Problem as problem:
            # Somebody else was quicker.
            if problem.status != 404:
                raise
    click.echo(f"removed {count}")
    return None


def _path(letter: str) -> str:
    return f"{PATH}/{quote(letter, safe='')}"


def _newest(client: Api, most: int, about: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
    """The newest letters, and whether there may be more; a stretch may hold none although others follow."""
    query = {name: value for name, value in about.items() if value}
    found: list[dict[str, Any]] = []
    while len(found) < most:
        listed = client.get(PATH, limit=min(STRETCH, most - len(found)), **query)
        found += listed["items"]
        if not listed["next"]:
            return found, False
        query["cursor"] = listed["next"]
    return found, True
