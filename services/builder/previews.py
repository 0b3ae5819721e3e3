"""A builder's part in previews: taken, rendered and answered beside its loop, one at a time.

They have a connection and a render child of their own, so neither a batch nor a rebuild is in front of an editor who
waits. The child is started at the first preview and ended when nobody has asked for any for a while. What is
lost here (with Redis, or with this process) is not looked for: whoever waits is told so and asks again.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from types import TracebackType
from typing import Self

from services.builder.child import Built, Fault, Job, Limits
from services.builder.sandbox import Abandoned, Sandbox
from shared.connection import Client
from shared.errors import Unavailable
from shared.keys import Keys
from shared.previews import Letter, Page, PreviewLane, Wanted
from shared.retry import backoff_ms
from shared.settings import Settings
from shared.tasks import end

log = logging.getLogger(__name__)

BLOCK_MS = 500
REST_S = 0.1
LONGEST_PAUSE_S = 0.5
KEEP_MS = 600_000
# Of the time somebody waits, what rendering may take: then there is time to say that it took too long.
RENDERING = 0.75
GRACE_S = 2.0

Asking = Callable[[], bool]


class Previews:
    """Answers previews while its `async with` block runs.

    Args:
        client: for short calls.
        blocking: for taking entries.
        settings: bounds.
        ends: whether the builder is to stop.
        rests: whether it is to take nothing new.

    Attributes:
        made: how many were rendered.
    """

    def __init__(self, client: Client, blocking: Client, settings: Settings, ends: Asking, rests: Asking) -> None:
        self._lane = PreviewLane(client, blocking, Keys(settings.partitions), settings)
        deadline_s = min(settings.build_deadline_s, settings.preview_within_s * RENDERING)
        self._sandbox = Sandbox(Limits(settings.build_memory_mib, settings.public_url), deadline_s)
        self._idle_s, self._ends, self._rests = settings.preview_idle_s, ends, rests
        self._is_over = False
        self._idle_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self.made = 0

    @property
    def child(self) -> int:
        """Process id of the render child, 0 while there is none."""
        return self._sandbox.pid

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None  # noqa: S101 - it was entered
        self._is_over = True
        # Most often it has seen that already: it stops between two reads, for what a cancelled one had taken is lost.
        await asyncio.wait({self._task}, timeout=GRACE_S)
        await end(self._task)
        await self._sandbox.stop()

    async def _run(self) -> None:
        failures = 0
        while not (self._is_over or self._ends()):
            try:
                await self._turn()
                failures = 0
            except Unavailable as error:
                failures += 1
                log.debug("previews have to wait: %s", error)
                await self._pause(failures)
            except Exception:
                failures += 1
                log.exception("a preview went wrong")
                await self._pause(failures)

    async def _turn(self) -> None:
        if self._rests():
            return await asyncio.sleep(REST_S)
        for wanted in await self._lane.take(BLOCK_MS):
            await self._make(wanted)
            self._idle_at = self._now() + self._idle_s
        if self.child and self._now() >= self._idle_at:
            await self._sandbox.stop()
        return None

    async def _make(self, wanted: Wanted) -> None:
        given_up_at = self._now() + wanted.left_ms / 1000

        async def is_wanted(_: int) -> bool:
            return self._now() < given_up_at

        job = Job(wanted.site, wanted.page, wanted.site_title, wanted.config, wanted.hostname)
        [outcome] = await self._sandbox.render([job], is_wanted)
        if isinstance(outcome, Abandoned):
            return
        self.made += 1
        await self._lane.answer(wanted, _letter(wanted, outcome), _page(outcome), KEEP_MS)

    async def _pause(self, failures: int) -> None:
        delay_s = min(LONGEST_PAUSE_S, backoff_ms(failures, random.random()) / 1000)  # noqa: S311
        await asyncio.sleep(delay_s)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _letter(wanted: Wanted, outcome: Built | Fault) -> Letter:
    if isinstance(outcome, Built):
        return Letter(ticket=wanted.ticket, etag=outcome.etag, size=outcome.size)
    fault = outcome
    return Letter(
        ticket=wanted.ticket, code=fault.code, reason=fault.reason, pointer=fault.pointer, retryable=fault.retryable
    )


def _page(outcome: Built | Fault) -> Page | None:
    return Page(outcome.etag, outcome.size, outcome.csp, outcome.body) if isinstance(outcome, Built) else None
