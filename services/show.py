"""What the CLI shows: tables, problems with their mends, and a publication's steps as they happen.

Notes, names and reasons are other people's text: the consoles read no markup and no emoji codes in what they print, and
all styling is done with rich's Text.
"""

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.status import Status
from rich.table import Column, Table
from rich.text import Text

from services.client import Api, Message, Problem

ENDED = {"live", "failed", "superseded", "cancelled"}
COLOURS = {"live": "green", "failed": "red", "retrying": "yellow", "superseded": "dim", "cancelled": "dim"}
WATCH_S = 0.2
# How long `--watch` waits for every server once a publication is live, and for any server to report at all. A server
# that died is no longer waited for after seven heartbeats, 3 to 4 seconds by default.
SERVED_WITHIN_S = 10.0
REPORTED_WITHIN_S = 1.0
# What to type, where the server's own mend is a request to send.
HINTS = {
    "There is no site ": "`platen pages` lists those there are; `platen publish FILE --page SITE/PAGE` makes one",
    "There is no page ": "`platen pages SITE` lists those there are; `platen publish FILE --page SITE/PAGE` makes one",
    "There is no builder ": "`platen builders` lists those there are",
    "There is no publication ": "`platen publish`, `rollback` and `unpublish` tell the number of each",
    "There is no schedule ": "`platen schedules SITE --all` lists those there are",
    "There is no version ": "`platen versions SITE/PAGE` lists those there are",
    "This token is not known": "set PLATEN_TOKEN to one that this Platen knows",
    "There is no dead letter ": "`platen dead list` lists those there are",
    "This is not the id of a dead letter": "`platen dead list` shows them, such as 0-1767225600350-0",
    "There is no token ": "`platen token list` lists those there are",
    "There is an account named ": "choose another name; `platen accounts list` lists those there are",
}
EXIT_CODES = {"live": 0, "superseded": 3}
LAGGING = 4
# Of a schedule: what is worth a word.
LATE_MS = 1_000

out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def address(url: str, name: str) -> str:
    """Where visitors find a page: the home page's slug is not part of it."""
    return f"{url}/{name.removesuffix('/index')}"


def clock(at: int) -> str:
    """A time of day with milliseconds, UTC.

    Args:
        at: milliseconds since the epoch.
    """
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]


def date(at: int) -> str:
    """A day and minute, UTC.

    Args:
        at: milliseconds since the epoch.
    """
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def show_publication(url: str, name: str, publication: dict[str, Any]) -> None:
    """One line: what was accepted, and where it will be."""
    version, state, seq = publication["version"], publication["state"], publication["seq"]
    if version:
        out.print(f"{name} v{version} is {state} as publication {seq}: {address(url, name)}")
    else:
        out.print(f"{name} is taken off (publication {seq})")


def show_problem(problem: Problem) -> None:
    """What the server refused, field by field, with the mends."""
    hint = next((hint for begin, hint in HINTS.items() if str(problem).startswith(begin)), "")
    err.print(f"platen: {problem.document.get('title', 'refused')}: {problem}")
    for error in problem.document.get("errors", []):
        where = f"{error['pointer']}: " if error.get("pointer") else ""
        detail = f"{error['detail']} " if error["detail"] != str(problem) else ""
        mend = f"({hint or error['mend']})" if error.get("mend") else ""
        if where or detail or mend:
            err.print(f"  {where}{detail}{mend}")


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


def watch_rebuild(client: Api, site: str, rebuild: dict[str, Any]) -> int:
    """Show a rebuild's progress until it is over; leaving early leaves it running.

    Returns:
        exit code: 0 unless pages failed.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        bar = progress.add_task(f"rebuild {rebuild['number']} of {site}", total=rebuild["total"])
        while rebuild["state"] == "running":
            passed = sum(rebuild[end] for end in ("live", "failed", "superseded", "cancelled", "skipped"))
            progress.update(bar, completed=passed)
            time.sleep(WATCH_S)
            rebuild = client.get(f"sites/{site}/rebuilds/{rebuild['number']}")
    return show_rebuild(site, rebuild)


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


def step_line(step: dict[str, Any], gap: str) -> Text:
    """One step of a publication.

    Args:
        step: state, at, and who did it.
        gap: time since the step before.
    """
    state = (f"{step['state']:<10}", COLOURS.get(step["state"], "default"))
    return Text.assemble("  ", state, f" {clock(step['at'])} {gap:>9}  ", (step.get("by", ""), "dim"))


def failure_line(failure: dict[str, Any]) -> Text:
    """Why a publication failed, and where in its config."""
    where = f" at {failure['pointer']}" if failure.get("pointer") else ""
    return Text.assemble((f"failed{where}:", "red"), f" {failure['reason']}")


def _is_under_way(publication: dict[str, Any]) -> bool:
    """Whether servers are still to say that they have it. An older api or builder says nothing of servers."""
    served = publication.get("served")
    return served is not None and not served["at"]


def _count_servers(served: dict[str, Any]) -> str:
    return f"{served['servers']} of {served['of']} server{'s' * (served['of'] != 1)}"


class Watcher:
    """Shows one publication's steps as they happen.

    Args:
        client: the API.
        site, page: slugs.
    """

    def __init__(self, client: Api, site: str, page: str) -> None:
        self._client, self._site, self._page = client, site, page
        self._shown = 0
        self._accepted_at = 0
        self._last_at = 0

    def follow(self, seq: int) -> int:
        """Show steps until the publication ends.

        Args:
            seq: which publication.

        Returns:
            exit code: 0 live on every server that counts, 4 live but not on all of them in time, 3 superseded,
            1 otherwise.
        """
        with out.status("waiting for the first step") as status:
            for message in self._client.follow(self._site, self._page):
                if not self._concerns(message, seq):
                    continue
                publication = self._load(seq)
                self._show_steps(publication)
                status.update(f"{publication['state']} …")
                if publication["state"] in ENDED:
                    break
            if publication["state"] == "live":
                publication = self._await_servers(publication, status)
        self._show_end(publication)
        if _is_under_way(publication) and publication["served"]["missing"]:
            return LAGGING
        return EXIT_CODES.get(publication["state"], 1)

    def _await_servers(self, publication: dict[str, Any], status: Status) -> dict[str, Any]:
        """Wait until every server has it, as the api knows: the one that feeds the stream may be the one that lags."""
        began = time.monotonic()
        while _is_under_way(publication):
            waited_s, served = time.monotonic() - began, publication["served"]
            if waited_s > (SERVED_WITHIN_S if served["of"] else REPORTED_WITHIN_S):
                break
            status.update(f"live on {_count_servers(served)} …")
            time.sleep(WATCH_S / 2)
            publication = self._load(publication["seq"])
        return publication

    @staticmethod
    def _concerns(message: Message, seq: int) -> bool:
        return message.event in {"snapshot", "reset"} or message.data.get("seq") == seq

    def _load(self, seq: int) -> dict[str, Any]:
        publication: dict[str, Any] = self._client.get(f"sites/{self._site}/pages/{self._page}/publications/{seq}")
        if self._shown == 0:
            self._accepted_at = self._last_at = publication["steps"][0]["at"]
            # What takes a page off has no version, whoever asked for it.
            taken_off = "unpublish" if publication["cause"] == "schedule" else publication["cause"]
            version = f"v{publication['version']}" if publication["version"] else taken_off
            out.print(Text.assemble((f"{self._site}/{self._page}", "bold"), f" {version}, publication {seq}"))
        return publication

    def _show_steps(self, publication: dict[str, Any]) -> None:
        for step in publication["steps"][self._shown :]:
            out.print(step_line(step, f"+{step['at'] - self._last_at} ms" if self._shown else ""))
            self._shown += 1
            self._last_at = step["at"]

    def _show_end(self, publication: dict[str, Any]) -> None:
        name, state = f"{self._site}/{self._page}", publication["state"]
        if state == "live":
            self._show_live(publication, address(self._client.target.url, name))
        elif state == "superseded":
            out.print(f"superseded by publication {publication['superseded_by']}, which is newer")
        elif publication.get("failure"):
            self._show_failure(publication["failure"])

    def _show_live(self, publication: dict[str, Any], where: str) -> None:
        served, word = publication.get("served") or {}, "live" if publication["version"] else "taken off"
        at = served.get("at") or publication["steps"][-1]["at"]
        on = f" on {_count_servers(served)}" if served.get("at") else ""
        out.print(Text.assemble(f"{word}{on} in ", (f"{at - self._accepted_at} ms", "bold"), f": {where}"))
        missing = ", ".join(served.get("missing", []))
        if missing and served["at"]:
            out.print(
                Text.assemble(("no word", "yellow"), f" from {missing}, where visitors may see what was there before")
            )
        elif missing:
            out.print(Text.assemble((f"on {_count_servers(served)} so far", "yellow"), f", not yet on {missing}"))
            out.print("`platen servers` shows how far each of them is.")

    def _show_failure(self, failure: dict[str, Any]) -> None:
        live = self._client.get(f"sites/{self._site}/pages/{self._page}")["live"]
        out.print(f"v{live['version']} is still live." if live else "Nothing is live yet.")
        out.print(failure_line(failure))
