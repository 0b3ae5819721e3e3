"""One batch from entries to results: begin all in one round trip, render all in the child, give up the overtaken."""

import time
from typing import Any, NamedTuple

from services.builder.child import Built, Fault, Job
from services.builder.commit import Ledger
from services.builder.sandbox import Abandoned, Sandbox
from services.builder.work import Future, Work, read_entry, suspect
from shared.connection import Client, translated
from shared.errors import Unavailable, Undecodable
from shared.queue import Fed, Queue
from shared.records import decode_saved_version
from shared.scripts import refuse_unavailable, run_all
from shared.streams import Entry

UNKNOWN = Fault("unknown-publication", False, "There is no such publication, or its version is gone.")
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
        fed: what feeding the lanes came to, until somebody heeds it.
    """

    def __init__(self, client: Client, queue: Queue, ledger: Ledger, sandbox: Sandbox) -> None:
        self._client, self._queue, self._ledger, self._sandbox = client, queue, ledger, sandbox
        self.fed: Fed | None = None

    async def build(self, entries: list[Entry]) -> list[Result]:
        """Build what a batch of entries asks for.

        Entries that are superseded, be it while they render, or already ended are settled on the way and have no
        result.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; the entries stay pending.
        """
        began = time.perf_counter()
        results, works = _sort(entries)
        begun, rest = await self._start(works)
        outcomes = await self._sandbox.render(
            [item.job for item in begun], lambda position: self._is_wanted(begun[position].work)
        )
        build_ms = (time.perf_counter() - began) * 1000
        results += rest
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
        begun, rest = await self._start(works)
        return rest + [Result(item.work.entry, item.work, WANTED_AFTER_ALL, item.attempt) for item in begun]

    async def _start(self, works: list[Work]) -> tuple[list[_Begun], list[Result]]:
        # What was taken makes room for what waits, and a start may put its entry off: so the lanes are fed after it.
        feeds = self._queue.feeds({work.entry.partition for work in works})
        answers = await run_all(self._client, [*map(self._ledger.start, works), *feeds])
        refuse_unavailable(answers)
        self.fed = self._queue.fed([answer for answer in answers[len(works) :] if not isinstance(answer, Exception)])
        begun, rest = [], []
        for work, answer in zip(works, answers, strict=False):
            outcome = _begin(work, answer)
            if isinstance(outcome, _Begun):
                begun.append(outcome)
            elif outcome is not None:
                rest.append(outcome)
        return begun, rest


def _sort(entries: list[Entry]) -> tuple[list[Result], list[Work]]:
    """What can be judged by the entry alone, and what is to be built."""
    results: list[Result] = []
    works: list[Work] = []
    for entry in entries:
        read, poison = read_entry(entry), suspect(entry)
        if poison is not None:
            # With its work, if it can be read: then its publication ends with it.
            results.append(Result(entry, read if isinstance(read, Work) else None, poison))
        elif isinstance(read, Work):
            works.append(read)
        else:
            results.append(Result(entry, None, read))
    return results, works


def _begin(work: Work, answer: Any) -> _Begun | Result | None:
    """What the start of a build came to; None where the entry is settled.

    Whatever is damaged costs this publication and none of its neighbours.
    """
    if isinstance(answer, Exception):
        return Result(work.entry, None, Fault("damaged-record", False, f"The publication cannot be read: {answer}."))
    if answer[0] == b"unknown":
        return Result(work.entry, work, UNKNOWN)
    if answer[0] != b"build":
        return None
    _, attempt, version, site_title, hostname = answer
    try:
        config = bytes(decode_saved_version(version).config)
    except Undecodable as error:
        return Result(work.entry, work, Fault("damaged-version", False, f"The version cannot be read: {error}."))
    return _Begun(
        work, int(attempt), Job(work.event.site, work.event.page, site_title.decode(), config, hostname.decode())
    )
