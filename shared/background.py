"""Work that a builder does beside its loop, now and then, and that may fail without harm: it is done again."""

import asyncio
import logging
from types import TracebackType
from typing import Self

from shared.errors import Unavailable
from shared.tasks import end

log = logging.getLogger(__name__)


class Background:
    """A task that lives as long as its `async with` block; `turn` is what it does."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await end(self._task)

    async def wait(self) -> None:
        """Until there is something to do."""
        raise NotImplementedError

    async def turn(self) -> None:
        """Do it once.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        raise NotImplementedError

    async def _run(self) -> None:
        while True:
            await self.wait()
            try:
                await self.turn()
            except Unavailable as error:
                log.debug("%s has to wait: %s", type(self).__name__, error)
            except Exception:
                log.exception("%s went wrong", type(self).__name__)
