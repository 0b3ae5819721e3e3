"""The commands `platen accounts` and `platen token`: who may sign in, and what programs come with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click

from services.client import Api
from services.commands.options import DATA, SlugType, client_of, read_all
from services.show.access import show_accounts, show_tokens
from shared.accounts.records import name_key
from shared.errors import Misconfigured
from shared.roles import EVERYWHERE, Role

ROLE = click.option("--role", type=click.Choice(get_args(Role)), required=True, help="What it may do.")
SITES = click.option(
    "--site",
    "sites",
    type=SlugType(),
    multiple=True,
    help="Where; may be given again. Every site where it is not given.",
)


@click.group()
def accounts() -> None:
    """Accounts: who may sign in, and what each may do."""


@accounts.command("list")
@DATA
def list_accounts(data: Path) -> None:
    """List the accounts."""
    show_accounts(read_all(client_of(data), "accounts"))


@accounts.command("add")
@click.argument("name")
@ROLE
@SITES
@DATA
def add_account(name: str, role: str, sites: Sequence[str], data: Path) -> None:
    """Make an account NAME. Prints a link by which whoever it is for chooses a password."""
    client = client_of(data)
    body = {"name": name, "roles": dict.fromkeys(sites or (EVERYWHERE,), role)}
    _show_link(client, client.change("POST", "accounts", body))


@accounts.command("invite")
@click.argument("name")
@DATA
def invite_account(name: str, data: Path) -> None:
    """Print a new link for NAME. It is to join, or to choose a new password where the old one is lost."""
    client = client_of(data)
    _show_link(client, client.change("POST", f"accounts/{_find(client, name)['id']}/invitation"))


@accounts.command("remove")
@click.argument("name")
@DATA
def remove_account(name: str, data: Path) -> None:
    """Remove the account NAME. Its sessions and tokens end; what it published stays."""
    client = client_of(data)
    found = _find(client, name)
    client.change("DELETE", f"accounts/{found['id']}")
    click.echo(f"removed {found['name']}")


@click.group()
def token() -> None:
    """API tokens of whoever asks: for programs.

    Beside a `platen up` without PLATEN_TOKEN, that is the first administrator.
    """


@token.command("list")
@DATA
def list_tokens(data: Path) -> None:
    """List your API tokens."""
    show_tokens(client_of(data).get("tokens")["items"])


@token.command("make")
@click.argument("name")
@ROLE
@SITES
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it lasts.")
@DATA
def make_token(name: str, role: str, sites: Sequence[str], days: int, data: Path) -> None:
    """Make an API token and print it, this once. NAME is a few words on what it is for."""
    body = {"name": name, "role": role, "sites": list(sites) or None, "expires_in_days": days}
    made = client_of(data).change("POST", "tokens", body)
    click.echo(f"{name} ({made['id']}), shown once:", err=True)
    click.echo(made["token"])


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@DATA
def revoke_token(token_id: str, data: Path) -> None:
    """Revoke the API token ID, as `platen token list` shows it."""
    client_of(data).change("DELETE", f"tokens/{token_id}")
    click.echo(f"revoked {token_id}")


def _find(client: Api, name: str) -> dict[str, Any]:
    for account in read_all(client, "accounts"):
        if name_key(account["name"]) == name_key(name):
            return account
    raise Misconfigured(f"There is no account {name!r}: `platen accounts list` shows those there are.")


def _show_link(client: Api, made: dict[str, Any]) -> None:
    name, invitation = made["account"]["name"], made["invitation"]
    if invitation is None:
        click.echo(f"{name} is there")
        return
    click.echo(f"{name} chooses a password here, once, within a week:", err=True)
    click.echo(client.target.url + invitation["path"])
