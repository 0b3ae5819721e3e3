"""What is under way, as it happens: a publication's steps, and how far a rebuild is."""

import time
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.status import Status
from rich.text import Text

from services.client import Api, Message
from services.show.operating import show_rebuild
from services.show.terminal import address, clock, err, out

ENDED = {"live", "failed", "superseded", "cancelled"}
COLOURS = {"live": "green", "failed": "red", "retrying": "yellow", "superseded": "dim", "cancelled": "dim"}
WATCH_S = 0.2
# How long `--watch` waits for every server once a publication is live, and for any server to report at all. A server
# that died is no longer waited for after seven heartbeats, 3 to 4 seconds by default.
SERVED_WITHIN_S = 10.0
REPORTED_WITHIN_S = 1.0
EXIT_CODES = {"live": 0, "superseded": 3}
LAGGING = 4


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
