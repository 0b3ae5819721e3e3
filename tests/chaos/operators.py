"""Operators: they have sites built anew now and then, several at once and each other's, and call some of that off."""

import asyncio
import random

from tests.chaos.asking import Answer, Asker
from tests.chaos.cluster import Cluster
from tests.chaos.history import About, History, RebuildRequest
from tests.chaos.pace import Pace
from tests.chaos.pages import SITES

OPERATORS = 12
LOOK_EVERY_S = 0.1
TURNS_PER_S = 0.25
# A rebuild that nothing disturbs is over in about a second: somebody else's begins while it is fed, built, or over.
APART_S, CALLED_OFF_AFTER_S = (0.0, 0.6), (0.0, 0.8)


class Operators:
    """All who rebuild.

    Args:
        cluster: whose api.
        history: where outcomes go.
        seed: decides who does what.
    """

    def __init__(self, cluster: Cluster, history: History, seed: str) -> None:
        self._cluster, self._history, self._seed = cluster, history, seed
        self.pace = Pace(TURNS_PER_S)

    async def run(self) -> None:
        """Work until the pace is over and every outcome is known."""
        async with Asker(self._cluster, 2 * OPERATORS) as asker:
            await asyncio.gather(*(self._work(asker, random.Random(f"{self._seed} {n}")) for n in range(OPERATORS)))

    async def _work(self, asker: Asker, dice: random.Random) -> None:
        while number := await self.pace.next():
            kind, site = dice.random(), dice.choice(SITES)
            sites = list(SITES) if kind < 0.25 else [site, site] if kind < 0.6 else [site]
            each = [(f"rebuild-{number}-{n}", site, random.Random(dice.random())) for n, site in enumerate(sites)]
            await asyncio.gather(*(self._rebuild(asker, *one) for one in each))

    async def _rebuild(self, asker: Asker, key: str, site: str, dice: random.Random) -> None:
        await asyncio.sleep(dice.uniform(*APART_S))
        begun = await self._begin(asker, "begin", key, site)
        if dice.random() < 0.2:
            await self._begin(asker, "replay", key, site)
        if begun.number and dice.random() < 0.5:
            await asyncio.sleep(dice.uniform(*CALLED_OFF_AFTER_S))
            answer = await asker.ask("DELETE", f"sites/{site}/rebuilds/{begun.number}", f"{key}-off")
            self._note("call off", site, key, answer, begun.number)
        elif begun.number:
            await self._watch(asker, key, site, begun.number)

    async def _watch(self, asker: Asker, key: str, site: str, number: int) -> None:
        answer = await asker.ask("GET", f"sites/{site}/rebuilds/{number}", key)
        while answer.body.get("state") == "running":
            await asyncio.sleep(LOOK_EVERY_S)
            answer = await asker.ask("GET", f"sites/{site}/rebuilds/{number}", key)
        self._note("watch", site, key, answer, number)

    async def _begin(self, asker: Asker, what: About, key: str, site: str) -> RebuildRequest:
        answer = await asker.ask("POST", f"sites/{site}/rebuilds", key)
        return self._note(what, site, key, answer, answer.body.get("number", 0))

    def _note(self, what: About, site: str, key: str, answer: Answer, number: int) -> RebuildRequest:
        when = {"began": answer.began, "ended": answer.ended}
        request = RebuildRequest(what=what, site=site, key=key, statuses=answer.statuses, number=number, **when)
        self._history.add(request)
        return request
