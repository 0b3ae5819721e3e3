"""One process under a supervisor: started again whenever it ends, as a host or an orchestrator would do."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import httpx2

from tests.chaos.history import History, Life, now
from tests.chaos.http import Client

RESTART_S = 0.3
GRACE_S = 15.0


class Process:
    """One supervised process.

    Args:
        name: its name in the history.
        command: its command line.
        environment: its whole environment.
        folder: where it runs.
        log: file that its output is appended to.
        history: told of every start and end.
        url: origin it answers at, "" for one that answers nobody.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        log: Path,
        history: History,
        url: str = "",
    ) -> None:
        self.name, self.url, self.log, self.incarnation = name, url, log, 0
        self.is_ready = self.is_wanted = self.is_frozen = False
        self._command, self._environment, self._folder, self._history = command, environment, folder, history
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._ended_by = ""
        self._groups: list[int] = []

    @property
    def pid(self) -> int:
        """Process id, 0 while it does not run."""
        return self._process.pid if self._process is not None and self.is_running else 0

    @property
    def is_running(self) -> bool:
        """Whether it can take a signal."""
        return self._process is not None and self._process.returncode is None

    def start(self) -> None:
        """Begin to supervise; nothing happens where that goes on already."""
        if not self.is_wanted:
            self.is_wanted = True
            self._task = asyncio.create_task(self._supervise())

    async def until_running(self) -> None:
        """Wait until it can take a signal, unless it is not meant to run."""
        while self.is_wanted and not self.is_running:  # noqa: ASYNC110 - the supervisor starts it in a moment
            await asyncio.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash would; the supervisor starts it again."""
        self._end_by("nemesis", signal.SIGKILL)

    def freeze(self) -> None:
        """Stop it where it stands."""
        self._signal(signal.SIGSTOP)
        self.is_frozen = True

    def thaw(self) -> None:
        """Let it go on."""
        self.is_frozen = False
        self._signal(signal.SIGCONT)

    async def stop(self) -> None:
        """Ask it to end, and do not start it again."""
        self.is_wanted = False
        if self.is_running:
            self.thaw()
            self._end_by("harness", signal.SIGTERM)
        if self._task is not None:
            _, late = await asyncio.wait({self._task}, timeout=GRACE_S)
            if late:
                self._end_by("harness", signal.SIGKILL)
                await self._task
        for group in self._groups:
            # A child that outlived its parent is in the group that this harness made for both.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self._groups.clear()

    async def _supervise(self) -> None:
        while self.is_wanted:
            await self._live()
            if self.is_wanted:
                await asyncio.sleep(RESTART_S)

    async def _live(self) -> None:
        self._ended_by = ""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                cwd=self._folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._groups.append(self._process.pid)
        self.incarnation += 1
        self._say("started")
        asking = asyncio.create_task(self._become_ready())
        code = await self._process.wait()
        asking.cancel()
        self.is_frozen = False
        if not self._ended_by:
            self._end("itself", code)

    async def _become_ready(self) -> None:
        if not self.url:
            return
        async with Client(trust_env=False, timeout=2.0) as client:
            while not self.is_ready:
                await asyncio.sleep(0.05)
                with contextlib.suppress(httpx2.TransportError):
                    self.is_ready = (await client.get(f"{self.url}/-/healthz")).status_code == 200
        self._say("ready")

    def _end_by(self, who: str, number: int) -> None:
        # Noted before the signal goes out: what a client meets from here on is no fault of the process.
        if self.is_running:
            self._end(who, -number)
            self._signal(number)

    def _end(self, by: str, code: int) -> None:
        self._ended_by, self.is_ready = by, False
        self._history.add(
            Life(process=self.name, incarnation=self.incarnation, event="ended", at=now(), by=by, code=code)
        )

    def _say(self, event: Literal["started", "ready"]) -> None:
        self._history.add(Life(process=self.name, incarnation=self.incarnation, event=event, at=now()))

    def _signal(self, number: int) -> None:
        if self._process is not None and self.is_running:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
