"""Looks after the status streams of a process: two tasks, however many streams.

Those held at their transports are visited in turn, each once per heartbeat: its last id is moved, or it is ended
because it is old. Streams are known by the token or the session that they came with, too: they end with it, and when
whoever it belongs to may no longer look.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable

from services.server.held import HeldStream
from services.server.hub import Topic, Watcher
from services.server.watching import may_go_on
from shared.auth import Tokens
from shared.credentials import Credential
from shared.errors import Unavailable
from shared.principal import Principal
from shared.tasks import end

log = logging.getLogger(__name__)

# Small steps: whoever asks for a page meanwhile waits for one of them at most.
STEP_S = 0.1
# How long somebody may still watch with what has ended.
CREDENTIALS_EVERY_S = 5.0

Beat = Callable[[HeldStream], None]


class Keeper:
    """One per process.

    Args:
        beat: moves a live stream's last id.
        tokens: whose they are.
        every_s: how often a stream is visited.
        credentials_every_s: how often it is asked who may still watch.
    """

    def __init__(
        self, beat: Beat, tokens: Tokens, every_s: float, credentials_every_s: float = CREDENTIALS_EVERY_S
    ) -> None:
        self._beat, self._tokens, self._credentials_every_s = beat, tokens, credentials_every_s
        steps = max(1, round(every_s / STEP_S))
        self._step_s = every_s / steps
        self._turns: list[set[HeldStream]] = [set() for _ in range(steps)]
        self._next = 0
        self._watchers: defaultdict[Credential, dict[Watcher, Topic]] = defaultdict(dict)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._visit_all()), asyncio.create_task(self._check_credentials())]

    async def stop(self) -> None:
        """Stop."""
        await end(*self._tasks)

    def add(self, held: HeldStream) -> None:
        """Look after a stream."""
        held.turn = self._next
        self._next = (self._next + 1) % len(self._turns)
        self._turns[held.turn].add(held)
        self.watch(held.credential, held, held.topic)

    def drop(self, held: HeldStream) -> None:
        """Stop that."""
        self._turns[held.turn].discard(held)
        self.forget(held.credential, held)

    def watch(self, credential: Credential, watcher: Watcher, topic: Topic) -> None:
        """End a watcher when it may no longer watch.

        Args:
            credential: what it came with.
            topic: what it watches.
        """
        self._watchers[credential][watcher] = topic

    def forget(self, credential: Credential, watcher: Watcher) -> None:
        """Stop that."""
        self._watchers[credential].pop(watcher, None)
        if not self._watchers[credential]:
            del self._watchers[credential]

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

    async def _check_credentials(self) -> None:
        while True:
            await asyncio.sleep(self._credentials_every_s)
            credentials = list(self._watchers)
            try:
                principals = await self._tokens.look_up(credentials, is_use=False)
            except Unavailable:
                # Nobody is put out because Redis is away.
                continue
            for credential, principal in zip(credentials, principals, strict=True):
                self._end(credential, principal)

    def _end(self, credential: Credential, principal: Principal | None) -> None:
        """End what somebody may no longer watch."""
        watchers = self._watchers.get(credential, {})
        ended = [watcher for watcher, topic in watchers.items() if not may_go_on(topic, principal)]
        if ended:
            log.info("%d status streams end with their %s", len(ended), credential.kind)
        for watcher in ended:
            watcher.end()
