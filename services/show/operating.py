"""Builders, servers and rebuilds."""

from typing import Any

from rich.table import Table

from services.show.terminal import out


def show_builders(found: list[dict[str, Any]]) -> None:
    """A table of builders."""
    if not found:
        out.print("No builder is alive. Start one with: platen builder")
        return
    table = Table("builder", "state", "built", "failed", "in hand", box=None, pad_edge=False, header_style="bold")
    for doing in found:
        table.add_row(doing["builder"], doing["state"], *(f"{doing[name]:,}" for name in ("built", "failed", "batch")))
    out.print(table)


def show_servers(found: list[dict[str, Any]]) -> None:
    """A table of servers."""
    if not found:
        out.print("No server is alive. Start one with: platen server")
        return
    columns = ("server", "state", "behind", "pages", "MiB", "streams")
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for server in found:
        behind = f"{server['behind_ms']:,} ms" if server["behind_ms"] else "–"
        held = (f"{server['pages']:,}", f"{server['page_bytes'] / 2**20:,.1f}", f"{server['streams']:,}")
        table.add_row(server["server"], server["state"], behind, *held)
    out.print(table)


def show_rebuild(site: str, rebuild: dict[str, Any]) -> int:
    """One line: how far a rebuild is.

    Returns:
        exit code: 0 unless pages failed.
    """
    ended = sum(rebuild[end] for end in ("live", "failed", "superseded", "cancelled"))
    counts = [
        f"{rebuild[end]:,} {end}" for end in ("live", "failed", "superseded", "cancelled", "skipped") if rebuild[end]
    ]
    said = f": {', '.join(counts)}" if counts else ""
    out.print(
        f"rebuild {rebuild['number']} of {site} is {rebuild['state']}, {ended:,} of {rebuild['total']:,} pages{said}"
    )
    return 1 if rebuild["failed"] else 0
