"""One batch from entries to results: begin all in one round trip, render all in the child, give up the overtaken."""

import time
from typing import NamedTuple

from services.builder.child import Built, Fault, Job
from services.builder.commit import Ledger
from services.builder.sandbox import Abandoned, Sandbox
from services.builder.work import Future, Work, read_entry
from shared.connection import Client, translated
from shared.errors import Unavailable
from shared.records import decode_saved_version
from shared.scripts import run_all
from shared.streams import Entry, Fed, Queue

# Only where Redis has gone back in time, and the newer publication with it.
WANTED_AFTER_ALL = Fault("abandoned", True, "It was given up for a newer publication, which is gone.")


class Result(NamedTuple):
    """What became of an entry so far.

    Attributes:
        entry: the entry.
        work: what it asked for, None where it could not be read.
        outcome: the page, or why there is none.
        attempt: which attempt this was, >= 1.
        build_ms: time since the batch was taken, in milliseconds.
    """

    entry: Entry
    work: Work | None
    outcome: Built | Fault | Future
    attempt: int = 1
    build_ms: float = 0


class _Begun(NamedTuple):
    work: Work
    attempt: int
    job: Job


class Bench:
    """Where batches are built.

    Args:
        client: for short calls.
        queue: fed along with each batch.
        ledger: makes the calls.
        sandbox: renders.

    Attributes:
        fed: what feeding the lanes last came to.
    """

    def __init__(self, client: Client, queue: Queue, ledger: Ledger, sandbox: Sandbox) -> None:
        self._client, self._queue, self._ledger, self._sandbox = client, queue, ledger, sandbox
        self.fed = Fed(None, 0)

    async def build(self, entries: list[Entry]) -> list[Result]:
        """Build what a batch of entries asks for.

        Entries that are superseded, be it while they render, or already ended are settled on the way and have no
        result.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; the entries stay pending.
        """
        began = time.perf_counter()
        read = [(entry, read_entry(entry)) for entry in entries]
        results = [Result(entry, None, verdict) for entry, verdict in read if isinstance(verdict, Fault | Future)]
        begun, unknown = await self._start([work for _, work in read if isinstance(work, Work)])
        outcomes = await self._sandbox.render(
            [item.job for item in begun], lambda position: self._is_wanted(begun[position].work)
        )
        build_ms = (time.perf_counter() - began) * 1000
        results += unknown
        results += [
            Result(item.work.entry, item.work, outcome, item.attempt, build_ms)
            for item, outcome in zip(begun, outcomes, strict=True)
            if not isinstance(outcome, Abandoned)
        ]
        overtaken = [item.work for item, outcome in zip(begun, outcomes, strict=True) if isinstance(outcome, Abandoned)]
        return results + await self._give_up(overtaken)

    async def _is_wanted(self, work: Work) -> bool:
        """Whether a page that is rendering is still the newest accepted one, as far as we can tell."""
        try:
            with translated():
                wanted = await self._client.hget(self._ledger.head(work), "wanted_seq")
        except Unavailable:
            return True
        return int(wanted or 0) <= work.event.seq

    async def _give_up(self, works: list[Work]) -> list[Result]:
        """Begin again what was overtaken while it rendered, for that supersedes and settles it."""
        if not works:
            return []
        begun, unknown = await self._start(works)
        return unknown + [Result(item.work.entry, item.work, WANTED_AFTER_ALL, item.attempt) for item in begun]

    async def _start(self, works: list[Work]) -> tuple[list[_Begun], list[Result]]:
        # What was taken makes room for what waits, and a start may put its entry off: so the lanes are fed after it.
        feeds = self._queue.feeds({work.entry.partition for work in works})
        answers = await run_all(self._client, [*map(self._ledger.start, works), *feeds])
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        self.fed = self._queue.fed(answers[len(works) :])
        begun, unknown = [], []
        for work, answer in zip(works, answers, strict=False):
            if answer[0] == b"build":
                begun.append(_begin(work, answer))
            elif answer[0] == b"unknown":
                fault = Fault("unknown-publication", False, "There is no such publication, or its version is gone.")
                unknown.append(Result(work.entry, work, fault))
        return begun, unknown


def _begin(work: Work, answer: list[bytes]) -> _Begun:
    _, attempt, version, site_title = answer
    config = bytes(decode_saved_version(version).config)
    return _Begun(work, int(attempt), Job(work.event.site, work.event.page, site_title.decode(), config))
