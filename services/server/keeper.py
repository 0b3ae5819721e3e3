"""Looks after the status streams of a process: two tasks, however many streams.

Those held at their transports are visited in turn, each once per heartbeat: its last id is moved, or it is ended
because it is old. Streams are known by their token, too, and end when that is no longer known.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable

from services.server.held import HeldStream
from services.server.hub import Watcher
from shared.auth import Tokens
from shared.errors import Unavailable
from shared.tasks import end

log = logging.getLogger(__name__)

# Small steps: whoever asks for a page meanwhile waits for one of them at most.
STEP_S = 0.1
# How long a token that was revoked may still be watched with.
TOKENS_EVERY_S = 5.0

Beat = Callable[[HeldStream], None]


class Keeper:
    """One per process.

    Args:
        beat: moves a live stream's last id.
        tokens: which ones are known.
        every_s: how often a stream is visited.
        tokens_every_s: how often it is asked which tokens are still known.
    """

    def __init__(self, beat: Beat, tokens: Tokens, every_s: float, tokens_every_s: float = TOKENS_EVERY_S) -> None:
        self._beat, self._tokens, self._tokens_every_s = beat, tokens, tokens_every_s
        steps = max(1, round(every_s / STEP_S))
        self._step_s = every_s / steps
        self._turns: list[set[HeldStream]] = [set() for _ in range(steps)]
        self._next = 0
        self._by_token: defaultdict[str, set[Watcher]] = defaultdict(set)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._visit_all()), asyncio.create_task(self._check_tokens())]

    async def stop(self) -> None:
        """Stop."""
        await end(*self._tasks)

    def add(self, held: HeldStream) -> None:
        """Look after a stream."""
        held.turn = self._next
        self._next = (self._next + 1) % len(self._turns)
        self._turns[held.turn].add(held)
        self.watch_token(held.token, held)

    def drop(self, held: HeldStream) -> None:
        """Stop that."""
        self._turns[held.turn].discard(held)
        self.forget_token(held.token, held)

    def watch_token(self, token: str, watcher: Watcher) -> None:
        """End a watcher when its token is no longer known.

        Args:
            token: its digest.
        """
        self._by_token[token].add(watcher)

    def forget_token(self, token: str, watcher: Watcher) -> None:
        """Stop that."""
        self._by_token[token].discard(watcher)
        if not self._by_token[token]:
            del self._by_token[token]

    async def _visit_all(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for turn in self._turns:
                await asyncio.sleep(self._step_s)
                now = loop.time()
                for held in list(turn):
                    self._visit(held, now)

    def _visit(self, held: HeldStream, now: float) -> None:
        if now > held.ends_at:
            held.end()
        elif held.is_live:
            self._beat(held)

    async def _check_tokens(self) -> None:
        while True:
            await asyncio.sleep(self._tokens_every_s)
            try:
                unknown = await self._tokens.unknown(list(self._by_token))
            except Unavailable:
                # Nobody is put out because Redis is away.
                continue
            for token in unknown:
                watchers = list(self._by_token.get(token, ()))
                log.info("%d status streams end with their token", len(watchers))
                for watcher in watchers:
                    watcher.end()
