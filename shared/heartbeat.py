"""Saying "I am alive": a key with a TTL, and a line in a register that says what the process does.

Others take over its work when the key is gone. Redis does not refresh a consumer's idle time on empty reads before
7.2, so a sign of our own is the only evidence.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from shared.connection import Client, translated
from shared.errors import Unavailable
from shared.keys import beat

log = logging.getLogger(__name__)

MISSED_BEATS = 6


class Heartbeat:
    """Beats while its `async with` block runs, and takes its traces away at the end.

    Args:
        client: for short calls.
        register: hash that lists processes of this kind.
        process: this process's name, unique per start.
        every_ms: time between beats; the key outlives six of them.
        describe: JSON of what the process does, asked at each beat.
    """

    def __init__(
        self, client: Client, register: str, process: str, every_ms: int, describe: Callable[[], bytes]
    ) -> None:
        self._client, self._register, self._process = client, register, process
        self._every_ms, self._describe = every_ms, describe
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # The first beat comes before any work: a worker without one looks dead.
        await self._try(self._beat)
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._try(self._remove)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_ms / 1000)
            await self._try(self._beat)

    async def _try(self, action: Callable[[], Any]) -> None:
        try:
            await action()
        except Unavailable as error:
            log.debug("no heartbeat: %s", error)

    async def _beat(self) -> None:
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            pipeline.set(beat(self._process), 1, px=MISSED_BEATS * self._every_ms)
            pipeline.hset(self._register, self._process, self._describe())
            await pipeline.execute()

    async def _remove(self) -> None:
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            pipeline.delete(beat(self._process))
            pipeline.hdel(self._register, self._process)
            await pipeline.execute()
