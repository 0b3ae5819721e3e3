"""Says how far this process is, so that publications can be told of as served once every server has them.

It reports after the watchers were told, never before: no publish waits for it. One report at a time is under way; what
is applied meanwhile goes into the next. What fails is said again with the next heartbeat.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping

from shared.connection import Client
from shared.errors import Unavailable
from shared.keys import Keys
from shared.scripts import run_all
from shared.servers import report
from shared.settings import Settings
from shared.streams import START

log = logging.getLogger(__name__)

# After each report, so that many publishes share one.
REST_S = 0.01


class Reporter:
    """One per process.

    Args:
        client: for short calls.
        keys: names.
        settings: how often.
        server: this process's name, unique per start.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings, server: str) -> None:
        self._client, self._keys, self._server = client, keys, server
        self._bounds = (settings.heartbeat_ms, settings.events_keep_s * 1000)
        self._everything = range(settings.partitions)
        self._applied: Mapping[int, str] = {}
        self._due: set[int] = set()
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Count from here on, with nothing applied, and begin to report.

        Before the first visitor comes: what this process will read then is no older than what was served by now.
        """
        await self._try(self._everything)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Say at once that this process no longer counts; by flag, for a report that came after that would undo it."""
        self._is_stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self._try(self._everything)

    def note(self, applied: Mapping[int, str], due: Collection[int]) -> None:
        """Take a position to report.

        Args:
            applied: by partition.
            due: partitions in which somebody may wait for it; the others have time until the next heartbeat.
        """
        self._applied = applied
        if due:
            self._due.update(due)
            self._wake.set()

    async def _run(self) -> None:
        every_s = self._bounds[0] / 1000
        beat_at = time.monotonic() + every_s
        while not self._is_stopping:
            await self._wait(beat_at - time.monotonic())
            due: Collection[int] = self._due
            self._due = set()
            if time.monotonic() >= beat_at:
                due, beat_at = self._everything, time.monotonic() + every_s
            await self._try(due)
            await asyncio.sleep(REST_S)

    async def _wait(self, longest_s: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, longest_s)):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _try(self, partitions: Collection[int]) -> None:
        """Whatever goes wrong, the next report is due all the same: a process that falls silent does not count."""
        try:
            await self._report(partitions)
        except Unavailable as error:
            log.debug("no report: %s", error)
        except Exception:
            log.exception("no report")

    async def _report(self, partitions: Collection[int]) -> None:
        calls = [report(self._keys, p, self._server, self._position(p), self._bounds) for p in partitions]
        for partition, answer in zip(partitions, await run_all(self._client, calls), strict=True):
            if isinstance(answer, Exception):
                raise answer
            _, more = answer
            if more:
                self._due.add(partition)
                self._wake.set()

    def _position(self, partition: int) -> str:
        return "" if self._is_stopping else self._applied.get(partition, START)
