"""One batch from entries to results: begin all in one round trip, render all in the child."""

import time
from typing import NamedTuple

from services.builder.child import Built, Fault, Job
from services.builder.commit import Ledger
from services.builder.sandbox import Sandbox
from services.builder.work import Work, read_entry
from shared.connection import Client
from shared.records import decode_saved_version
from shared.scripts import run_all
from shared.settings import Settings
from shared.streams import Entry


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
    outcome: Built | Fault
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
        ledger: makes the calls.
        sandbox: renders.
        settings: bounds.
    """

    def __init__(self, client: Client, ledger: Ledger, sandbox: Sandbox, settings: Settings) -> None:
        self._client, self._ledger, self._sandbox, self._settings = client, ledger, sandbox, settings

    async def build(self, entries: list[Entry]) -> list[Result]:
        """Build what a batch of entries asks for.

        Entries that are superseded or already ended are settled on the way and have no result.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; the entries stay pending.
        """
        began = time.perf_counter()
        read = [(entry, read_entry(entry, self._settings.build_attempts)) for entry in entries]
        results = [Result(entry, None, fault) for entry, fault in read if isinstance(fault, Fault)]
        begun, unknown = await self._start([work for _, work in read if isinstance(work, Work)])
        outcomes = await self._sandbox.render([item.job for item in begun])
        build_ms = (time.perf_counter() - began) * 1000
        results += unknown
        results += [
            Result(item.work.entry, item.work, outcome, item.attempt, build_ms)
            for item, outcome in zip(begun, outcomes, strict=True)
        ]
        return results

    async def _start(self, works: list[Work]) -> tuple[list[_Begun], list[Result]]:
        answers = await run_all(self._client, [self._ledger.start(work) for work in works])
        begun, unknown = [], []
        for work, answer in zip(works, answers, strict=True):
            if isinstance(answer, Exception):
                raise answer
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
