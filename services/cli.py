"""The command `platen`: the services, and a client of the public API.

Exit codes: 0 done; 1 refused, failed or misconfigured; 2 wrong usage; 3 superseded while being watched; 4 live, but not
on every server within the time that `--watch` waits.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import click
import msgspec

from services.access import accounts, token
from services.client import Api, Problem
from services.commands import DATA, SlugType, client_of, data_option, read_all
from services.show import (
    Watcher,
    show_builders,
    show_import,
    show_pages,
    show_problem,
    show_publication,
    show_rebuild,
    show_schedule,
    show_schedules,
    show_servers,
    show_versions,
    watch_rebuild,
)
from shared.config import SLUG_MEND, Slug
from shared.errors import Misconfigured, PlatenError
from shared.http1 import Connection
from shared.keys import EVERY_BUILDER
from shared.lifecycle import bind, flag_on_signal, run, serve, stop_on_signals
from shared.settings import MOST_WORKERS, Settings, read_settings
from shared.tasks import end
from shared.telemetry import set_up_logging

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


WATCH = click.option("--watch", is_flag=True, help="Follow it live, until every server has it.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="platen", message="platen %(version)s")
def platen() -> None:
    """Publish landing pages on Redis Streams.

    `platen up` starts everything on this machine; the other commands talk to it, or to PLATEN_URL with PLATEN_TOKEN.
    """


# Services


@platen.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for a free one.  [default: 8000]")
@data_option("Where pages, the API token and Valkey's files are kept; made where it does not exist.")
@click.option("--redis", "redis_url", help="Use this Redis or Valkey instead of an embedded one.")
@click.option("--builders", type=click.IntRange(0, 64), default=1, show_default=True, help="Builder processes.")
def up(host: str | None, port: int | None, data: Path, redis_url: str | None, builders: int) -> None:
    """Start everything on this machine.

    Options win over PLATEN_HOST, PLATEN_PORT and PLATEN_REDIS_URL. PLATEN_ADMIN_TOKEN sets the first API token, which
    is otherwise made and shown once; docs/operations.md lists the rest.
    """
    from services.up import up as start  # noqa: PLC0415 - the client commands need none of what this imports

    settings = _settings()
    given = {"host": host, "port": port, "redis_url": redis_url}
    settings = msgspec.structs.replace(settings, **{k: v for k, v in given.items() if v is not None})
    embedded = redis_url is None and "PLATEN_REDIS_URL" not in os.environ
    run(start(settings, data, embedded=embedded, builders=builders))


@platen.command()
def api() -> None:
    """Run the api alone.

    It listens on PLATEN_HOST and PLATEN_PORT and finds Redis at PLATEN_REDIS_URL. PLATEN_ADMIN_TOKEN sets the first
    API token, which is otherwise made and shown once; docs/operations.md lists the rest.
    """
    from services.api.app import create_app  # noqa: PLC0415

    _serve("api", create_app)


@platen.command()
@click.option("--workers", type=click.IntRange(1, MOST_WORKERS), help="Processes on the one port.  [default: 1]")
@click.option("--inherited", type=int, hidden=True, help="Serve on this socket; stop when standard input ends.")
def server(workers: int | None, inherited: int | None) -> None:
    """Run the server alone, in one process or several.

    It listens on PLATEN_HOST and PLATEN_PORT and finds Redis at PLATEN_REDIS_URL. PLATEN_PAGE_MEMORY_BYTES and
    PLATEN_SSE_MAX_STREAMS bound each process; docs/operations.md lists the rest. --workers wins over PLATEN_WORKERS.
    """
    settings = _settings()
    count = settings.workers if workers is None else workers
    if inherited is None and count > 1:
        from services.workers import run_workers  # noqa: PLC0415

        return run(run_workers(settings, count))
    from services.server.app import create_app  # noqa: PLC0415

    return _serve("server", create_app, inherited)


@platen.command()
@click.option("--with-parent", is_flag=True, hidden=True, help="Stop when standard input ends.")
def builder(with_parent: bool) -> None:
    """Run one builder. SIGTERM drains it; SIGUSR1 makes it take nothing new and stay.

    It finds Redis at PLATEN_REDIS_URL. PLATEN_PUBLIC_URL gives pages their canonical link; PLATEN_BUILD_DEADLINE_S,
    PLATEN_BUILD_MEMORY_MIB and PLATEN_BUILD_ATTEMPTS bound a build; docs/operations.md lists the rest.
    """
    from services.builder.worker import run_builder  # noqa: PLC0415
    from services.children import stop_with_parent  # noqa: PLC0415

    settings = _settings()

    async def main() -> None:
        set_up_logging(settings.log_level, "builder")
        stop, quiet = stop_on_signals(), flag_on_signal(signal.SIGUSR1)
        watching = asyncio.create_task(stop_with_parent(stop)) if with_parent else None
        await run_builder(settings, stop, quiet, warns=not with_parent)
        if watching:
            watching.cancel()

    run(main())


# Client


@platen.command()
@click.argument("file", type=click.File("rb"))
@click.option("--page", "name", type=PageType(), required=True, help="Where: site/page.")
@click.option("--note", default="", help="What changed, for the list of versions.")
@WATCH
@DATA
def publish(file: Any, name: PageName, note: str, watch: bool, data: Path) -> None:
    """Publish a config from FILE (- for standard input). A site that does not exist yet is created."""
    try:
        config = json.load(file)
    except ValueError as error:
        raise Misconfigured(f"{file.name} is not JSON: {error}.") from None
    client = client_of(data)
    body = {"config": config, "publish": True, "note": note}
    try:
        answer = client.change("POST", f"{name.path}/versions", body)
    except Problem as problem:
        if not _is_missing_site(problem):
            raise
        _create_site(client, name.site)
        answer = client.change("POST", f"{name.path}/versions", body)
    _finish(client, name, answer["publication"], watch)


@platen.command()
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


@platen.command()
@click.argument("name", metavar="SITE/PAGE", type=PageType())
@WATCH
@DATA
def unpublish(name: PageName, watch: bool, data: Path) -> None:
    """Take a page off."""
    client = client_of(data)
    answer = client.change("DELETE", f"{name.path}/publications/live")
    _finish(client, name, answer, watch)


@platen.command()
@click.argument("name", metavar="SITE/PAGE", type=PageType())
@click.argument("seq", type=click.IntRange(1))
@DATA
def cancel(name: PageName, seq: int, data: Path) -> None:
    """Call publication SEQ off while it waits for its build. What is live stays live."""
    publication = client_of(data).change("DELETE", f"{name.path}/publications/{seq}")
    click.echo(f"publication {seq} of {name} (v{publication['version']}) is {publication['state']}")


@platen.command()
@click.argument("name", metavar="SITE/PAGE", type=PageType())
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many, newest first.")
@DATA
def versions(name: PageName, limit: int, data: Path) -> None:
    """List a page's versions."""
    client = client_of(data)
    listed = client.get(f"{name.path}/versions", limit=limit)
    page = client.get(name.path)
    show_versions(str(name), listed["items"], page, more=bool(listed["next"]))


@platen.command()
@click.argument("site", required=False)
@DATA
def pages(site: str | None, data: Path) -> None:
    """List the pages of SITE, or of every site."""
    client = client_of(data)
    sites = [site] if site else [item["slug"] for item in read_all(client, "sites")]
    found = [(slug, item) for slug in sites for item in read_all(client, f"sites/{slug}/pages")]
    show_pages(client.target.url, found)


@platen.command()
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


@platen.command("export")
@click.argument("site", type=SlugType())
@click.option("--to", "file", type=click.File("wb", lazy=True), default="-", help="A file.  [default: standard output]")
@DATA
def export_site(site: str, file: Any, data: Path) -> None:
    """Write SITE with its pages, drafts and defaults as one JSON file."""
    # The file is opened by its first part, so that a refusal leaves none.
    client_of(data).download(f"sites/{site}/export", lambda part: file.write(part))  # noqa: PLW0108


@platen.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--site", type=SlugType(), required=True, help="Where: a site; one that does not exist yet is created.")
@click.option("--publish", is_flag=True, help="Make what is imported live.")
@DATA
def import_site(file: Any, site: str, publish: bool, data: Path) -> None:
    """Save the pages of FILE (- for standard input) in a site. What is there already is left alone."""
    body = {**_json_object(file), **({"publish": True} if publish else {})}
    client, path = client_of(data), f"sites/{site}/import"
    try:
        report = client.change("POST", path, body)
    except Problem as problem:
        if not _is_missing_site(problem):
            raise
        _create_site(client, site)
        report = client.change("POST", path, body)
    sys.exit(show_import(report))


@platen.command()
@click.argument("name", metavar="SITE/PAGE", type=PageType())
@click.argument("to", type=SlugType("page"))
@DATA
def move(name: PageName, to: str, data: Path) -> None:
    """Move a page to the slug TO of its site; the old address leads there from now on."""
    client = client_of(data)
    moved = client.change("POST", f"{name.path}/move", {"to": to})
    click.echo(f"{name} is now {name.site}/{to}: {client.target.url}{moved['url']}")


@platen.command()
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


@platen.command()
@click.argument("site", type=SlugType())
@click.option("--all", "shows_all", is_flag=True, help="Show those that have ended, too.")
@DATA
def schedules(site: str, shows_all: bool, data: Path) -> None:
    """List the schedules of SITE that are to come."""
    query = {} if shows_all else {"state": "scheduled"}
    show_schedules(read_all(client_of(data), f"sites/{site}/schedules", **query))


@platen.command()
@click.option("--site", type=SlugType(), required=True, help="The site whose pages are built anew.")
@click.option("--cancel", is_flag=True, help="Call the running rebuild off instead.")
@click.option("--watch", is_flag=True, help="Show how far it is until it is done.")
@DATA
def rebuild(site: str, cancel: bool, watch: bool, data: Path) -> None:
    """Build every live page of a site anew, behind whatever people are waiting for."""
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


@platen.command()
@DATA
def builders(data: Path) -> None:
    """List the builders that are alive, and what they do."""
    show_builders(client_of(data).get("builders")["items"])


@platen.command()
@DATA
def servers(data: Path) -> None:
    """List the servers that are alive, and how far each of them is."""
    show_servers(client_of(data).get("servers")["items"])


@platen.command()
@click.argument("name", default=EVERY_BUILDER)
@DATA
def quiet(name: str, data: Path) -> None:
    """Tell builder NAME, or every builder, to take nothing new. What it has in hand it finishes."""
    told = _tell_builder(data, "POST", name)
    click.echo(f"told {_builders(told)} to take nothing new; `platen resume` lets them go on")


@platen.command()
@click.argument("name", default=EVERY_BUILDER)
@DATA
def resume(name: str, data: Path) -> None:
    """Let builder NAME, or every builder, go on."""
    click.echo(f"{_builders(_tell_builder(data, 'DELETE', name))} may go on")


platen.add_command(accounts)
platen.add_command(token)


def main() -> None:
    """Entry point: every error of ours is one clear line, never a traceback."""
    try:
        platen(standalone_mode=False)
    except Problem as problem:
        show_problem(problem)
        sys.exit(1)
    except PlatenError as error:
        click.echo(f"platen: {error}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)


def _tell_builder(data: Path, method: str, builder: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = client_of(data).change(method, f"builders/{quote(builder, safe='')}/quiet")["items"]
    return told


def _builders(told: list[dict[str, Any]]) -> str:
    return f"{len(told)} builder{'s' * (len(told) != 1)}"


def _settings() -> Settings:
    return read_settings(os.environ)


def _serve(name: str, create_app: Callable[[Settings], Any], inherited: int | None = None) -> None:
    from services.children import stop_with_parent  # noqa: PLC0415

    settings = _settings()

    async def main() -> None:
        set_up_logging(settings.log_level, name)
        stop = stop_on_signals()
        app = create_app(settings)
        with bind(settings.host, settings.port) if inherited is None else socket.socket(fileno=inherited) as bound:
            watching = None if inherited is None else asyncio.create_task(stop_with_parent(stop))
            quiet = getattr(app.state, "quiet", lambda: None)
            connection, clock = getattr(app.state, "connection", Connection), getattr(app.state, "clock", None)
            await serve(app, bound, stop, settings, quiet, connection=connection, clock=clock)
            await end(watching)

    coroutine: Coroutine[Any, Any, None] = main()
    run(coroutine)


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


def _json_object(file: Any) -> dict[str, Any]:
    try:
        found = json.load(file)
    except ValueError as error:
        raise Misconfigured(f"{file.name} is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise Misconfigured(f"{file.name} is not a site: `platen export` makes such a file.")
    return found


def _create_site(client: Api, site: str) -> None:
    client.change("POST", "sites", {"slug": site, "title": site.replace("-", " ").title()})
    click.echo(f"created the site {site}", err=True)


def _is_missing_site(problem: Problem) -> bool:
    return problem.status == 404 and "no site" in str(problem)
