"""Saying "I am alive": a key with a TTL that counts beats, and a line in a register that says what the process does.

Redis does not refresh a consumer's idle time on empty reads before 7.2, so a sign of our own is the only evidence.
And its clock may be set forward or back, which makes every key expire at once or none for hours, so `DeathWatch` goes
by whether the count moves while it looks, not by the TTL alone.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from shared.connection import Client, translated
from shared.errors import Unavailable
from shared.keys import beat
from shared.tasks import end

log = logging.getLogger(__name__)

MISSED_BEATS = 6
# A key that is gone once may be back a beat later: Redis was away, or its clock jumped.
ABSENT_LOOKS = 2


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
        self._beats = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # The first beat comes before any work: a worker without one looks dead.
        await self._try(self._beat)
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await end(self._task)
        await self._try(self._remove)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_ms / 1000)
            await self._try(self._beat)

    async def _try(self, action: Callable[[], Any]) -> None:
        """Whatever goes wrong, the next beat is due all the same: a process that stops beating looks dead."""
        try:
            await action()
        except Unavailable as error:
            log.debug("no heartbeat: %s", error)
        except Exception:
            log.exception("no heartbeat")

    async def _beat(self) -> None:
        self._beats += 1
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            pipeline.set(beat(self._process), self._beats, px=MISSED_BEATS * self._every_ms)
            pipeline.hset(self._register, self._process, self._describe())
            await pipeline.execute()

    async def _remove(self) -> None:
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            pipeline.delete(beat(self._process))
            pipeline.hdel(self._register, self._process)
            await pipeline.execute()


class DeathWatch:
    """Finds out which processes no longer beat.

    One is dead when its key was gone at two looks in a row, or when its count stood still over as many looks as it may
    miss beats. Looks that could not be made do not count: while Redis is away nobody dies.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[bytes | None, int]] = {}

    def look(self, beats: Mapping[str, bytes | None]) -> list[str]:
        """Compare with the look before, a heartbeat ago.

        Args:
            beats: what each process's key holds, None where it is gone.

        Returns:
            names of the dead.
        """
        self._seen = {name: (value, self._looks(name, value)) for name, value in beats.items()}
        return [
            name
            for name, (value, looks) in self._seen.items()
            if looks >= (ABSENT_LOOKS if value is None else MISSED_BEATS + 1)
        ]

    def _looks(self, name: str, value: bytes | None) -> int:
        """How many looks in a row have found the same."""
        before, looks = self._seen.get(name, (None, 0))
        return looks + 1 if value == before else 1


async def read_beats(client: Client, names: list[str]) -> dict[str, bytes | None]:
    """What processes' keys hold, None where one is gone.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    with translated():
        pipeline: Any = client.pipeline(transaction=False)
        for name in names:
            pipeline.get(beat(name))
        return dict(zip(names, await pipeline.execute(), strict=True))


async def read_alive(client: Client, register: str, *also: str) -> dict[str, bytes]:
    """What the processes in a register that beat say of themselves, by name; what dead ones left goes.

    Args:
        client: for short calls.
        register: hash that lists processes of one kind.
        also: other hashes by the same names, from which the dead go too.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    with translated():
        listed = {name.decode(): said for name, said in sorted((await client.hgetall(register)).items())}
    beats = await read_beats(client, list(listed)) if listed else {}
    gone = [name for name, count in beats.items() if count is None]
    if gone:
        with translated():
            for left in (register, *also):
                await client.hdel(left, *gone)
    return {name: said for name, said in listed.items() if beats[name] is not None}
