"""Rendering in a child process that can be killed: a thread cannot be.

A batch goes to the child at once, for a round trip a page would cost more than a small page's rendering, and each
page is answered as soon as it is done. So it is known which page is under way when the child dies, passes the deadline
or renders what nobody wants any more, and what was answered stays. The rest of the batch goes on in a new child.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from services.builder.child import LENGTH_BYTES, Built, Fault, Job, Limits, decode_result, encode_frame
from shared.errors import RenderCrashed, RenderTimedOut
from shared.tasks import end

START_S = 30.0
LOOK_EVERY_S = 0.25


class Abandoned(NamedTuple):
    """A page that was no longer wanted while it rendered; its child was killed."""


Outcome = Built | Fault | Abandoned
IsWanted = Callable[[int], Awaitable[bool]]

_DIED = Fault(RenderCrashed.code, RenderCrashed.retryable, "The process that rendered the page died.")


class Sandbox:
    """One render child, started when it is needed and again after it was killed.

    Args:
        limits: what the child may use.
        deadline_s: longest time for a page, counted from when the page before it was answered.
    """

    def __init__(self, limits: Limits, deadline_s: float) -> None:
        self._limits, self._deadline_s = limits, deadline_s
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        # Position of the page that the child was killed over because nobody wants it; -1: it was not.
        self._unwanted = -1

    @property
    def pid(self) -> int:
        """Process id of the child, 0 while there is none."""
        return self._child.pid if self._child else 0

    async def start(self) -> None:
        """Start the child before the first page needs it, and wait until it is ready.

        Raises:
            RenderCrashed: it does not start.
        """
        await self._ready_child()

    async def stop(self) -> None:
        """End the child."""
        if self._child is None:
            return
        child, self._child = self._child, None
        # Its input ends with the transport; SIGKILL, because nothing in it is worth an orderly end.
        _kill(child)
        # Draining its output lets the transport close.
        await child.communicate()

    async def render(self, jobs: list[Job], is_wanted: IsWanted | None = None) -> list[Outcome]:
        """Render pages; of several callers, one after the other.

        Args:
            is_wanted: asked, with a job's position, about a page that takes longer than LOOK_EVERY_S, and again
                while it does. It must not raise.

        Returns:
            one outcome per job, in order.
        """
        async with self._turn:
            return await self._render(jobs, is_wanted or _always)

    async def _render(self, jobs: list[Job], is_wanted: IsWanted) -> list[Outcome]:
        outcomes: list[Outcome] = []
        suspect = -1
        while (page := len(outcomes)) < len(jobs):
            try:
                child = await self._ready_child()
            except RenderCrashed as error:
                # No page is to blame for that, and none can be rendered.
                return outcomes + [Fault(error.code, error.retryable, str(error))] * (len(jobs) - page)
            batch = jobs[page : page + 1] if page == suspect else jobs[page:]
            ending = await self._render_in(child, batch, outcomes, is_wanted)
            # A page may be innocent of its child's death: it is tried once more, alone.
            if ending is _DIED and len(outcomes) != suspect:
                suspect = len(outcomes)
            elif ending is not None:
                outcomes.append(ending)
        return outcomes

    async def _render_in(
        self, child: asyncio.subprocess.Process, jobs: list[Job], outcomes: list[Outcome], is_wanted: IsWanted
    ) -> Outcome | None:
        """Add the answers of one child as they come. A child that has not answered everything is killed, whatever
        the reason: what it still says would be taken for an answer to the next batch.

        Returns:
            what became of the page under way when the child was killed or died; None where all are answered.
        """
        self._unwanted = -1
        watching = asyncio.create_task(self._watch(child, outcomes, is_wanted))
        missing = len(jobs)
        try:
            async with asyncio.timeout(self._deadline_s) as deadline:
                await _send(child, jobs)
                while missing:
                    # From here, for handing over a large batch is not the first page's time.
                    deadline.reschedule(asyncio.get_running_loop().time() + self._deadline_s)
                    outcomes.append(decode_result(await _read_frame(child)))
                    missing -= 1
            return None
        except TimeoutError:
            reason = f"The page took longer than {self._deadline_s:g} s to render."
            return Fault(RenderTimedOut.code, RenderTimedOut.retryable, reason)
        except (OSError, EOFError, msgspec.DecodeError, RuntimeError):
            # RuntimeError is what uvloop raises for a pipe that the child has just closed.
            return Abandoned() if self._unwanted == len(outcomes) else _DIED
        finally:
            if missing:
                await self.stop()
            await end(watching)

    async def _watch(self, child: asyncio.subprocess.Process, outcomes: list[Outcome], is_wanted: IsWanted) -> None:
        """Kill the child over a page that takes long and is no longer wanted."""
        while self._unwanted < 0:
            page = len(outcomes)
            await asyncio.sleep(LOOK_EVERY_S)
            # It may be answered while we ask, and then another one would die for it.
            if page == len(outcomes) and not await is_wanted(page) and page == len(outcomes):
                self._unwanted = page
                _kill(child)

    async def _ready_child(self) -> asyncio.subprocess.Process:
        """The child, started if there is none.

        Raises:
            RenderCrashed: it does not start.
        """
        if self._child is not None and self._child.returncode is not None:
            # It died between two batches: no page is to blame.
            await self.stop()
        if self._child is not None:
            return self._child
        is_ready = False
        try:
            async with asyncio.timeout(START_S):
                self._child = await self._spawn()
                await _read_frame(self._child)
            is_ready = True
        except (OSError, EOFError) as error:
            raise RenderCrashed("The process that renders pages did not start.") from error
        finally:
            if not is_ready:
                await self.stop()
        return self._child

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


async def _always(_: int) -> bool:
    return True


def _kill(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.kill()


async def _send(child: asyncio.subprocess.Process, jobs: list[Job]) -> None:
    assert child.stdin is not None  # noqa: S101 - it is a pipe
    child.stdin.write(encode_frame(jobs))
    await child.stdin.drain()


async def _read_frame(child: asyncio.subprocess.Process) -> bytes:
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    length = int.from_bytes(await child.stdout.readexactly(LENGTH_BYTES), "big")
    return await child.stdout.readexactly(length)
