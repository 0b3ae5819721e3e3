"""Editors: real clients who publish, go back and take pages off over HTTP, and put on record what they were told.

Each tries again under the same Idempotency-Key until the outcome is known, as the API asks of its clients.
"""

import asyncio
import random
import time
from typing import Any, NamedTuple

from tests.chaos.asking import Asker
from tests.chaos.cluster import Cluster
from tests.chaos.history import History, Operation, What
from tests.chaos.pace import Pace
from tests.chaos.pages import SITES, all_pages, config, pick

EDITORS = 24
# How far ahead changes are scheduled: most come within the run, and all within the time in which it settles.
AHEAD_S = (1.5, 12.0)


class Change(NamedTuple):
    """One request to change something, the same at each try.

    Attributes:
        what, page, key, number, target, schedule: see Operation.
        method, path, body: the request, below the page's address.
    """

    what: What
    page: str
    key: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    number: int = 0
    target: int = 0
    schedule: int = 0


class Editors:
    """All who publish.

    Args:
        cluster: whose api.
        history: where outcomes go.
        seed: decides who does what.
        per_s: changes a second.
    """

    def __init__(self, cluster: Cluster, history: History, seed: str, per_s: float) -> None:
        self._cluster, self._history, self._seed = cluster, history, seed
        self.pace = Pace(per_s)
        self.acknowledged = 0
        self._pages = all_pages()
        self._versions: dict[str, int] = {}
        self._asker = Asker(cluster, EDITORS)

    async def create_sites(self) -> None:
        """Create the sites; before the first fault."""
        for site in SITES:
            answer = await self._asker.ask("POST", "sites", f"site-{site}", {"slug": site, "title": site.title()})
            assert answer.statuses[-1] == 201, answer

    async def run(self) -> None:
        """Work until the pace is over and every outcome is known."""
        async with self._asker:
            await asyncio.gather(*(self._work(random.Random(f"{self._seed} {n}")) for n in range(EDITORS)))

    async def _work(self, dice: random.Random) -> None:
        while number := await self.pace.next():
            # The first round gives every page a version, so that all of them take part.
            page = self._pages[number - 1] if number <= len(self._pages) else pick(self._pages, dice)
            await self._choose(number, page, dice)

    async def _choose(self, number: int, page: str, dice: random.Random) -> None:
        kind, newest = dice.random(), self._versions.get(page, 0)
        if kind < 0.05 and newest > 1:
            await self._go_back(number, page, dice.randint(1, newest))
        elif kind < 0.08 and newest:
            await self._change(Change("unpublish", page, f"unpublish-{number}", "DELETE", "publications/live"))
        elif kind < 0.10:
            await self._change(_saving(number, page, publish=False))
        elif kind < 0.14 and newest:
            await self._schedule(number, page, dice.randint(0, newest), dice)
        else:
            await self._publish(number, page, dice)

    async def _publish(self, number: int, page: str, dice: random.Random) -> None:
        change = _saving(number, page, publish=True)
        await self._change(change)
        what = dice.random()
        if what < 0.05:
            await self._change(change._replace(what="replay"))
        elif what < 0.07:
            await self._change(change._replace(what="mismatch", body=_body(number + 1, publish=True)))
        elif what < 0.12 and self._versions.get(page, 0) > 1:
            # Going back while the build is under way: the one thing that a fence is always needed for.
            await self._go_back(number, page, dice.randint(1, self._versions[page] - 1))

    async def _go_back(self, number: int, page: str, version: int) -> None:
        path, body = "publications", {"version": version}
        await self._change(Change("rollback", page, f"rollback-{number}", "POST", path, body, target=version))

    async def _schedule(self, number: int, page: str, version: int, dice: random.Random) -> None:
        """Let a version go live, or the page be taken off, and now and then call that off as it is due."""
        ahead_s = dice.uniform(*AHEAD_S)
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + ahead_s))
        what = {"action": "publish", "version": version} if version else {"action": "unpublish"}
        body = {**what, "at": at, "zone": "UTC"}
        change = Change("schedule", page, f"schedule-{number}", "POST", "schedules", body, target=version)
        made = await self._change(change)
        if made.schedule and dice.random() < 0.3:
            # The whole second before: just about when it is due.
            await asyncio.sleep(max(0.0, ahead_s - dice.uniform(0.0, 1.0)))
            path = f"schedules/{made.schedule}"
            key = f"cancel-{number}"
            await self._change(Change("cancel", page, key, "DELETE", path, schedule=made.schedule))

    async def _change(self, change: Change) -> Operation:
        site, page = change.page.split("/")
        path = f"sites/{site}/pages/{page}/{change.path}"
        answer = await self._asker.ask(change.method, path, change.key, change.body)
        version, seq, schedule = _made(answer.body)
        operation = Operation(
            what=change.what,
            page=change.page,
            key=change.key,
            began=answer.began,
            ended=answer.ended,
            statuses=answer.statuses,
            number=change.number,
            target=change.target,
            version=version,
            seq=seq,
            schedule=change.schedule or schedule,
        )
        self._history.add(operation)
        if operation.is_acknowledged:
            self.acknowledged += change.what == "publish"
            if change.path == "versions":
                self._versions[change.page] = max(operation.version, self._versions.get(change.page, 0))
        return operation


def _body(number: int, *, publish: bool) -> dict[str, Any]:
    return {"config": config(number), "publish": publish, "note": f"publish {number}"}


def _saving(number: int, page: str, *, publish: bool) -> Change:
    what: What = "publish" if publish else "save"
    return Change(what, page, f"{what}-{number}", "POST", "versions", _body(number, publish=publish), number)


def _made(answer: dict[str, Any]) -> tuple[int, int, int]:
    """The version, the seq and the schedule that an answer acknowledges, 0 for none."""
    version = answer.get("version", 0)
    if isinstance(version, dict):
        return version["number"], (answer["publication"] or {}).get("seq", 0), 0
    return version, answer.get("seq", 0), answer.get("id", 0)
