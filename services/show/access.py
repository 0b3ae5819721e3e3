"""Accounts and API tokens."""

from typing import Any

from rich.table import Column, Table
from rich.text import Text

from services.show.terminal import date, out


def show_accounts(found: list[dict[str, Any]]) -> None:
    """A table of accounts."""
    if not found:
        out.print("There are no accounts yet. Make one with: platen accounts add NAME --role admin")
        return
    table = Table("name", "roles", "since (UTC)", "", box=None, pad_edge=False, header_style="bold")
    for account in found:
        joined = account["joined_at"]
        since, mark = (date(joined), "") if joined else ("–", Text("has not joined yet", "yellow"))
        table.add_row(Text(account["name"]), _roles(account), since, mark)
    out.print(table)


def show_tokens(found: list[dict[str, Any]]) -> None:
    """A table of API tokens."""
    if not found:
        out.print("You have no API tokens. Make one with: platen token make NAME --role ROLE")
        return
    # The id is what `revoke` asks for, so all of it has to be there, however narrow the terminal is.
    columns = ("for", "may", "ends with", "expires (UTC)", "last used (UTC)")
    table = Table(Column("id", no_wrap=True, min_width=17), *columns, box=None, pad_edge=False, header_style="bold")
    for token in found:
        used = date(token["used_at"]) if token["used_at"] else "never"
        last = f"…{token['last']}"
        table.add_row(token["id"], Text(token["name"]), _roles(token), last, date(token["expires_at"]), used)
    out.print(table)


def _roles(holder: dict[str, Any]) -> str:
    held = (f"{role} on {'every site' if site == '*' else site}" for site, role in sorted(holder["roles"].items()))
    return ", ".join(held) or "nothing"
