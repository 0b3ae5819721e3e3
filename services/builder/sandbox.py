"""Rendering in a child process that can be killed: a thread cannot be.

A batch goes to the child at once, for a round trip a page would cost more than the rendering. Where the child dies or
passes its deadline, the batch is rendered again page by page, so that only the page to blame fails.
"""

import asyncio
import contextlib
import os
import sys

import msgspec

from services.builder.child import LENGTH_BYTES, Fault, Job, Limits, Result, decode_results, encode_frame
from shared.errors import BuildError, RenderCrashed, RenderTimedOut

START_S = 30.0


class Sandbox:
    """One render child, started when it is needed and again after it was killed.

    Args:
        limits: what the child may use.
        deadline_s: longest time for a page, and for a batch of pages that behave.
    """

    def __init__(self, limits: Limits, deadline_s: float) -> None:
        self._limits, self._deadline_s = limits, deadline_s
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int:
        """Process id of the child, 0 while there is none."""
        return self._child.pid if self._child else 0

    async def start(self) -> None:
        """Start the child before the first page needs it, and wait until it answers.

        Raises:
            RenderCrashed, RenderTimedOut: it does not.
        """
        await self._ask([], START_S)

    async def stop(self) -> None:
        """End the child."""
        if self._child is None:
            return
        child, self._child = self._child, None
        # Its input ends with the transport; SIGKILL, because nothing in it is worth an orderly end.
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        # Draining its output lets the transport close.
        await child.communicate()

    async def render(self, jobs: list[Job]) -> list[Result]:
        """Render pages; of several callers, one after the other.

        Returns:
            one result per job, in order.
        """
        async with self._turn:
            return await self._render(jobs)

    async def _render(self, jobs: list[Job]) -> list[Result]:
        if not jobs:
            return []
        try:
            return await self._ask(jobs, self._deadline_s)
        except BuildError as error:
            if len(jobs) == 1:
                return [Fault(error.code, error.retryable, str(error))]
        return [result for job in jobs for result in await self._render([job])]

    async def _ask(self, jobs: list[Job], deadline_s: float) -> list[Result]:
        try:
            async with asyncio.timeout(START_S if self._child is None else deadline_s):
                if self._child is None:
                    self._child = await self._spawn()
                    await self._exchange(self._child, [])
            child = self._child
            async with asyncio.timeout(deadline_s):
                return await self._exchange(child, jobs)
        except TimeoutError as error:
            await self.stop()
            raise RenderTimedOut(f"The page took longer than {deadline_s:g} s to render.") from error
        except (OSError, EOFError, msgspec.DecodeError) as error:
            await self.stop()
            raise RenderCrashed("The process that rendered the page died.") from error
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.builder.child",
            msgspec.json.encode(self._limits).decode(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Our settings, the password of Redis among them, are nothing that rendering needs.
            env={name: value for name, value in os.environ.items() if not name.startswith("PLATEN_")},
        )

    @staticmethod
    async def _exchange(child: asyncio.subprocess.Process, jobs: list[Job]) -> list[Result]:
        source, target = child.stdout, child.stdin
        assert source is not None  # noqa: S101 - both are pipes
        assert target is not None  # noqa: S101
        target.write(encode_frame(jobs))
        await target.drain()
        length = int.from_bytes(await source.readexactly(LENGTH_BYTES), "big")
        return decode_results(await source.readexactly(length))
