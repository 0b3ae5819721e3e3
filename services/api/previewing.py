"""Having a preview made: asked in the lane, waited for within bounds, and told plainly where none comes."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from services.api.mailbox import Mailbox
from shared.builders import read_builders
from shared.connection import Client
from shared.errors import BuildersUnavailable, RenderFailed
from shared.keys import Keys
from shared.previews import Letter, PreviewLane, Wish
from shared.settings import Settings

MOST_AT_ONCE = 64
# So long a builder that was seen is taken for alive.
SEEN_S = 1.0

Pausing = Callable[[], AbstractContextManager[None]]


class Made(NamedTuple):
    """A preview that can be fetched.

    Attributes:
        etag: hash of its bytes.
        size: their number.
        replayed: an earlier request with the same key made it.
    """

    etag: str
    size: int
    replayed: bool


class Previewing:
    """One api process's part in previews.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._within_s = client, settings.preview_within_s
        self.lane = PreviewLane(client, client, keys, settings)
        self._mailbox = Mailbox(self.lane)
        self._seen_until = 0.0

    async def make(self, wish: Wish, paused: Pausing) -> Made:
        """Have a preview made.

        Args:
            paused: holds while it is waited for.

        Raises:
            NotFound: no such site.
            IdempotencyMismatch: the id stands for another request.
            TooMany: too often in this minute.
            RenderFailed: the config cannot be rendered; the pointer leads into it.
            BuildersUnavailable: nobody renders it.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        if len(self._mailbox) >= MOST_AT_ONCE:
            raise BuildersUnavailable("Too many previews are being made.", "try again in a moment")
        await self._find_builders()
        with self._mailbox.expecting() as (ticket, letter):
            made = await self.lane.ask(wish, ticket)
            if made is not None:
                return Made(made.etag, made.size, replayed=True)
            with paused():
                return _read(await self._wait(letter))

    async def _wait(self, letter: "asyncio.Future[Letter]") -> Letter:
        try:
            return await self._mailbox.wait(letter, self._within_s)
        except TimeoutError:
            self._seen_until = 0.0
            raise BuildersUnavailable(
                f"No builder answered within {self._within_s:g} s: they are busy, or the one that had it died.",
                "try again; an operator sees the builders with `platen builders`",
            ) from None

    async def _find_builders(self) -> None:
        if time.monotonic() < self._seen_until:
            return
        states = {builder.state for builder in await read_builders(self._client)}
        if not states & {"idle", "building"}:
            raise BuildersUnavailable(
                "The builders are told to be quiet." if states else "No builder is alive.",
                "an operator can let them go on with `platen resume`" if states else "an operator has to start one",
            )
        self._seen_until = time.monotonic() + SEEN_S


def _read(letter: Letter) -> Made:
    if letter.etag:
        return Made(letter.etag, letter.size, replayed=False)
    if letter.retryable:
        raise BuildersUnavailable(letter.reason, "try again; if it stays so, make the page smaller")
    raise RenderFailed(letter.reason, pointer=letter.pointer)
