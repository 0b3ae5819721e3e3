"""The command `platen`: the services, and a client of the public API. Its help says what its exit codes mean."""

import sys

import click

from services.client import Problem
from services.commands import access, dead, operate, pages, schedules, sites, start
from services.show.problems import show_problem
from shared.errors import PlatenError

COMMANDS = (
    *(start.up, start.api, start.server, start.builder),
    *(pages.publish, pages.rollback, pages.unpublish, pages.cancel, pages.versions, pages.pages, pages.move),
    *(schedules.schedule, schedules.schedules),
    *(sites.hostnames, sites.export_site, sites.import_site),
    *(operate.rebuild, operate.builders, operate.servers, operate.quiet, operate.resume),
    dead.dead,
    *(access.accounts, access.token),
)


@click.group(commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="platen", message="platen %(version)s")
def platen() -> None:
    """Publish landing pages on Redis Streams.

    `platen up` starts everything on this machine; the other commands talk to it, or to PLATEN_URL with PLATEN_TOKEN.

    Exit codes: 0 done; 1 refused, failed or misconfigured; 2 wrong usage; 3 superseded while being watched; 4 live, but
    not on every server within the time that --watch waits.
    """


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
