"""Pages, their versions, and what was accepted for them."""

from collections import Counter
from typing import Any

from rich.table import Table
from rich.text import Text

from services.show.terminal import address, date, out


def show_publication(url: str, name: str, publication: dict[str, Any]) -> None:
    """One line: what was accepted, and where it will be."""
    version, state, seq = publication["version"], publication["state"], publication["seq"]
    if version:
        out.print(f"{name} v{version} is {state} as publication {seq}: {address(url, name)}")
    else:
        out.print(f"{name} is taken off (publication {seq})")


def show_pages(url: str, found: list[tuple[str, dict[str, Any]]]) -> None:
    """A table of pages."""
    if not found:
        out.print("There are no pages yet. Try: platen publish examples/spring-sale.json --page acme/spring --watch")
        return
    table = Table("page", "live", "wanted", "address", box=None, pad_edge=False, header_style="bold")
    for site, item in found:
        name, head = f"{site}/{item['page']}", item["head"]
        live, wanted = (
            f"v{head[f'{kind}_version']}" if head[f"{kind}_version"] else "–" for kind in ("live", "wanted")
        )
        table.add_row(name, live, wanted, address(url, name) if head["live_version"] else "–")
    out.print(table)


def show_versions(name: str, items: list[dict[str, Any]], page: dict[str, Any], *, more: bool) -> None:
    """A table of a page's versions, newest first."""
    live = (page["live"] or {}).get("version")
    table = Table("version", "saved (UTC)", "by", "note", "", box=None, pad_edge=False, header_style="bold")
    for item in items:
        mark = Text("live", "green") if item["number"] == live else ""
        table.add_row(f"v{item['number']}", date(item["created_at"]), item["author"], item["note"], mark)
    out.print(f"{name}\n")
    out.print(table)
    if more:
        out.print("\nThere are older ones: --limit shows more.")


def show_import(report: dict[str, Any]) -> int:
    """What came of each page of a file, but for those that were there already.

    Returns:
        the exit code: 1 where a page was refused.
    """
    counts = Counter(page["outcome"] for page in report["pages"])
    for page in report["pages"]:
        if page["outcome"] != "unchanged" or page["detail"]:
            version = f" v{page['version']}" if page["version"] else ""
            out.print(Text(f"{page['outcome']}  {page['page']}{version}  {page['detail']}".rstrip()))
    if report["defaults"] == "refused":
        out.print("The site's own defaults stay; the file has others.")
    out.print(f"{counts['saved']} saved, {counts['unchanged']} unchanged, {counts['refused']} refused")
    return 1 if counts["refused"] else 0
