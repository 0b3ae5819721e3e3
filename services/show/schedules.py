"""Schedules: what will happen, and when."""

from typing import Any

from rich.table import Table
from rich.text import Text

from services.show.terminal import out

# What is worth a word.
LATE_MS = 1_000


def show_schedule(site: str, schedule: dict[str, Any]) -> None:
    """One line: what will be done, and when; or that it will not be."""
    name, what = f"{site}/{schedule['page']}", _what(schedule)
    when = f"{schedule['instant']} ({schedule['zone']})"
    if schedule["state"] == "cancelled":
        out.print(f"schedule {schedule['id']} is cancelled: {name} {what} at {when}")
    else:
        out.print(f"schedule {schedule['id']}: {name} {what} at {when}")


def show_schedules(found: list[dict[str, Any]]) -> None:
    """A table of schedules, in the order of their instants."""
    if not found:
        out.print("Nothing is scheduled. Try: platen schedule SITE/PAGE --at 2026-12-24T09:00 --zone Europe/Berlin")
        return
    columns = ("number", "page", "what", "when", "zone", "by", "")
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for item in sorted(found, key=lambda item: (item["at"], item["id"])):
        about = (str(item["id"]), item["page"], _what(item), item["instant"], item["zone"], item["by"])
        table.add_row(*about, _standing(item))
    out.print(table)


def _what(schedule: dict[str, Any]) -> str:
    return f"publish v{schedule['version']}" if schedule["version"] else "unpublish"


def _standing(schedule: dict[str, Any]) -> Text:
    if schedule["is_overdue"]:
        return Text("OVERDUE: is a builder or an api running?", "bold red")
    if schedule["state"] == "failed":
        return Text(f"failed: {schedule['failure']['reason']}", "red")
    if schedule["state"] == "done":
        late = f", {schedule['late_ms'] / 1000:.1f} s late" if schedule["late_ms"] > LATE_MS else ""
        return Text(f"done as publication {schedule['publication_seq']}{late}", "yellow" if late else "green")
    return Text(schedule["state"], "dim" if schedule["state"] == "cancelled" else "default")
