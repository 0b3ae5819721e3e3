"""Looks after the status streams of a process: two tasks, however many streams.

Those held at their transports are visited in turn, each twice per heartbeat: one that heard nothing since has its last
id moved, one that is old is ended. Streams are known by the token or the session that they came with, too: they end
with it, and when whoever it belongs to may no longer look.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable

from services.server.held import HeldStream
from services.server.hub import AT_ONCE, Topic, Watcher
from services.server.watching import may_go_on
from shared.auth import Tokens
from shared.credentials import Credential
from shared.errors import Unavailable
from shared.tasks import end

log = logging.getLogger(__name__)

# Small steps, so that heartbeats do not come in heaps.
STEP_S = 0.1
# How long somebody may still watch with what has ended.
CREDENTIALS_EVERY_S = 5.0
VISITS = 2

Beat = Callable[[HeldStream], None]
# What somebody came with, and what they watch.
_Pass = tuple[Credential, Topic]


class Keeper:
    """One per process.

    Args:
        beat: moves a live stream's last id, where it is due.
        tokens: whose they are.
        heartbeat_s: within which a stream is visited VISITS times.
        credentials_every_s: how often it is asked who may still watch.
    """

    def __init__(
        self, beat: Beat, tokens: Tokens, heartbeat_s: float, credentials_every_s: float = CREDENTIALS_EVERY_S
    ) -> None:
        self._beat, self._tokens, self._credentials_every_s = beat, tokens, credentials_every_s
        every_s = heartbeat_s / VISITS
        steps = max(1, round(every_s / STEP_S))
        self._step_s = every_s / steps
        self._turns: list[set[HeldStream]] = [set() for _ in range(steps)]
        self._next = 0
        # Whoever came with the same for the same may go on together, so that is asked once.
        self._watchers: defaultdict[_Pass, set[Watcher]] = defaultdict(set)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._visit_all()), asyncio.create_task(self._check_all_credentials())]

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
        self.forget(held.credential, held, held.topic)

    def watch(self, credential: Credential, watcher: Watcher, topic: Topic) -> None:
        """End a watcher when it may no longer watch.

        Args:
            credential: what it came with.
            topic: what it watches.
        """
        self._watchers[credential, topic].add(watcher)

    def forget(self, credential: Credential, watcher: Watcher, topic: Topic) -> None:
        """Stop that."""
        self._watchers[credential, topic].discard(watcher)
        if not self._watchers[credential, topic]:
            del self._watchers[credential, topic]

    async def _visit_all(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for turn in self._turns:
                await asyncio.sleep(self._step_s)
                now = loop.time()
                for number, held in enumerate(list(turn), 1):
                    self._visit(held, now)
                    if number % AT_ONCE == 0:
                        await asyncio.sleep(0)

    def _visit(self, held: HeldStream, now: float) -> None:
        if now > held.ends_at:
            held.end()
        elif held.is_live:
            self._beat(held)

    async def _check_all_credentials(self) -> None:
        while True:
            await asyncio.sleep(self._credentials_every_s)
            try:
                await self._check_credentials()
            except Unavailable as error:
                # Nobody is put out because Redis is away.
                log.debug("it cannot be asked just now who may watch: %s", error)
            except Exception:
                # Whatever it is: without the next round, streams would outlive their sessions.
                log.exception("it cannot be asked who may watch")

    async def _check_credentials(self) -> None:
        passes = list(self._watchers)
        credentials = list({credential for credential, _ in passes})
        found = await self._tokens.look_up(credentials, is_use=False)
        principals = dict(zip(credentials, found, strict=True))
        for number, (credential, topic) in enumerate(passes, 1):
            if not may_go_on(topic, principals[credential]):
                self._end(credential, topic)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _end(self, credential: Credential, topic: Topic) -> None:
        """End those who may no longer watch something."""
        ended = list(self._watchers.get((credential, topic), ()))
        if ended:
            log.info("%d status streams end with their %s", len(ended), credential.kind)
        for watcher in ended:
            watcher.end()
