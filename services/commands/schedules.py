"""The commands `platen schedule` and `platen schedules`: what is to be done to a page at an instant to come."""

from pathlib import Path
from typing import Any

import click

from services.commands.options import DATA, PageName, PageType, SlugType, client_of, read_all
from services.show.schedules import show_schedule, show_schedules


@click.command()
@click.argument("name", metavar="SITE/PAGE", type=PageType())
@click.option("--at", help="When: 2026-12-24T09:00, as clocks in the zone show it.")
@click.option("--zone", help="IANA time zone, such as Europe/Berlin.")
@click.option(
    "--fold", type=click.IntRange(0, 1), help="Which of the two, where clocks that are put back show it twice."
)
@click.option("--version", type=click.IntRange(1), help="The version to publish.  [default: the newest there is now]")
@click.option("--unpublish", "takes_off", is_flag=True, help="Take the page off instead.")
@click.option("--cancel", metavar="NUMBER", type=click.IntRange(1), help="Call a schedule off instead.")
@DATA
def schedule(name: PageName, cancel: int | None, data: Path, **plan: Any) -> None:
    """Publish a page, or take it off, at an instant to come."""
    if cancel is not None:
        if any(plan.values()):
            raise click.UsageError("--cancel takes nothing but a number.")
        return show_schedule(name.site, client_of(data).change("DELETE", f"{name.path}/schedules/{cancel}"))
    if not plan["at"] or not plan["zone"]:
        raise click.UsageError("Say when with --at and --zone, or call one off with --cancel.")
    body = {field: plan[field] for field in ("at", "zone", "fold", "version") if plan[field] is not None}
    body["action"] = "unpublish" if plan["takes_off"] else "publish"
    return show_schedule(name.site, client_of(data).change("POST", f"{name.path}/schedules", body))


@click.command()
@click.argument("site", type=SlugType())
@click.option("--all", "shows_all", is_flag=True, help="Show those that have ended, too.")
@DATA
def schedules(site: str, shows_all: bool, data: Path) -> None:
    """List the schedules of SITE that are to come."""
    query = {} if shows_all else {"state": "scheduled"}
    show_schedules(read_all(client_of(data), f"sites/{site}/schedules", **query))
