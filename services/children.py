"""Child processes that are started again when they die, and that go when their parent goes.

The first time it is done at once, after that with longer and longer pauses, so that a child which cannot live costs
little. A child gets a pipe as its standard input which the parent holds open and never writes to; its end tells the
child that the parent is gone, even if that was killed.
"""

import asyncio
import logging
import os
import random
import sys
from collections.abc import Mapping, Sequence

from shared.retry import backoff_ms

log = logging.getLogger(__name__)

STEADY_S = 30.0


class Child:
    """One supervised process.

    Args:
        name: for the log.
        arguments: command line.
        environment: its whole environment.
        grace_s: how long it may take to stop before it is killed.
        inherits: file descriptors that it gets, by the same numbers.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        grace_s: float,
        inherits: Sequence[int] = (),
    ) -> None:
        self.name, self._arguments, self._environment = name, arguments, environment
        self._grace_s, self._inherits = grace_s, inherits
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Process id, 0 while it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    def start(self) -> None:
        """Begin to supervise."""
        self._task = asyncio.create_task(self._supervise())

    async def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._process and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), self._grace_s)
            except TimeoutError:
                log.warning("%s did not stop within %g s and is killed", self.name, self._grace_s)
                self._process.kill()
                await self._process.wait()

    async def _supervise(self) -> None:
        failures, loop = 0, asyncio.get_running_loop()
        while True:
            began = loop.time()
            self._process = await asyncio.create_subprocess_exec(
                *self._arguments,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                start_new_session=True,
                pass_fds=self._inherits,
            )
            code = await self._process.wait()
            failures = 1 if loop.time() - began > STEADY_S else failures + 1
            delay_s = restart_s(failures, random.random())  # noqa: S311
            log.warning("%s ended with %d and is started again in %.1f s", self.name, code, delay_s)
            await asyncio.sleep(delay_s)


def restart_s(failures: int, dice: float) -> float:
    """Time before a child is started again.

    Args:
        failures: how often it has ended without having run for long in between, >= 1.
        dice: a random number, 0 <= dice < 1.
    """
    return backoff_ms(failures - 1, dice) / 1000 if failures > 1 else 0.0


async def stop_with_parent(stop: asyncio.Event) -> None:
    """In a child: set the flag when the parent is gone."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stop.set()


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """The parent's environment with its own PLATEN_ variables replaced.

    Args:
        settings: what the child shall see, by full name.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLATEN_")}
    return {**inherited, **settings}
