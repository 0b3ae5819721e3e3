"""Rendering in a child process that can be killed: a thread cannot be.

A batch goes to the child at once, for a round trip a page would cost more than the rendering. Where the child dies
or passes its deadline, the batch is rendered again page by page, so that only the page to blame fails.
"""

import anyio
from anyio import BrokenWorkerProcess, to_process

from services.builder.child import Built, Fault, Job, Limits, render_jobs
from shared.errors import RenderCrashed, RenderTimedOut


class Sandbox:
    """One render child, started again after it was killed.

    Args:
        limits: what the child may use.
        deadline_s: longest time for a page, and for a batch of pages that behave.
    """

    def __init__(self, limits: Limits, deadline_s: float) -> None:
        self._limits, self._deadline_s = limits, deadline_s

    async def warm_up(self) -> None:
        """Start the child before the first page needs it."""
        await self._run([])

    async def render(self, jobs: list[Job]) -> list[Built | Fault]:
        """Render pages.

        Returns:
            one result per job, in order.
        """
        if not jobs:
            return []
        try:
            return await self._run(jobs)
        except (RenderTimedOut, RenderCrashed) as error:
            if len(jobs) == 1:
                return [Fault(error.code, error.retryable, str(error))]
        return [result for job in jobs for result in await self.render([job])]

    async def _run(self, jobs: list[Job]) -> list[Built | Fault]:
        try:
            with anyio.fail_after(self._deadline_s):
                return await to_process.run_sync(render_jobs, self._limits, jobs, cancellable=True)
        except TimeoutError as error:
            raise RenderTimedOut(f"The page took longer than {self._deadline_s:g} s to render.") from error
        except BrokenWorkerProcess as error:
            raise RenderCrashed("The process that rendered the page died.") from error
