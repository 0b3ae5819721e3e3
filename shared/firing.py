"""Fires schedules when they are due: every builder does it, and every api, so that one of them is enough.

Each looks at the due sets when the next schedule is due, and at least every half a second, for somebody may make one
that is due sooner, and Redis's clock, which decides, may be set. What is due is handed to fire.lua, which does it once,
whoever comes first; looking is a plain read, and costs one round trip.
"""

import asyncio
import logging
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.background import Background
from shared.connection import Client, translated
from shared.keys import GROUP, Keys
from shared.scripts import Call, refuse_unavailable, run_all, script
from shared.settings import Settings

log = logging.getLogger(__name__)

LOOK_S = 0.5
AT_ONCE = 64
_NAME = re.compile(r"([0-9]{12,16})/([a-z0-9-]{1,63})/([a-z0-9-]{1,63})")
# So late that whoever relied on it has noticed.
LOUD_MS = 60_000


class Due(NamedTuple):
    """A schedule whose instant has come.

    Attributes:
        partition: whose due set it stands in.
        name: as it stands there.
        site, page: slugs.
        number: the schedule's in its site.
    """

    partition: int
    name: str
    site: str
    page: str
    number: int

    def __str__(self) -> str:
        return f"schedule {self.number} of {self.site}/{self.page}"


class Look(NamedTuple):
    """What the due sets show.

    Attributes:
        due: those whose instant has come, in the order of their instants, and of their making where that is one.
        odd: what stands in them and names no schedule, with the keys.
        wait_ms: until the next instant; None where none is known.
    """

    due: list[Due]
    odd: list[tuple[str, bytes]]
    wait_ms: int | None


class Firing(Background):
    """One process's part in it.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        super().__init__()
        self._client, self._keys, self._settings = client, keys, settings
        self._wait_s = 0.0

    async def wait(self) -> None:
        await asyncio.sleep(self._wait_s)

    async def turn(self) -> None:
        """Fire what is due, until nothing is."""
        self._wait_s = LOOK_S
        look = await self.look()
        while (look.due and await self.fire(look.due)) or await self._drop(look.odd):
            look = await self.look()
        if look.wait_ms is not None:
            self._wait_s = min(LOOK_S, look.wait_ms / 1000)

    async def look(self) -> Look:
        """Look what is due.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        partitions = range(self._settings.partitions)
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            pipeline.time()
            for partition in partitions:
                pipeline.zrange(self._keys.scheduled(partition), 0, AT_ONCE - 1, withscores=True)
            (seconds, microseconds), *found = await pipeline.execute()
        now_ms = seconds * 1000 + microseconds // 1000
        look = Look([], [], None)
        for partition, members in zip(partitions, found, strict=True):
            look = self._add(look, partition, members, now_ms)
        return look

    def _add(self, look: Look, partition: int, members: Sequence[tuple[bytes, float]], now_ms: int) -> Look:
        """What is seen, with the due set of one more partition."""
        waits = [] if look.wait_ms is None else [look.wait_ms]
        for name, at in members:
            if at > now_ms:
                waits.append(math.ceil(at) - now_ms)
            elif known := _NAME.fullmatch(name.decode(errors="replace")):
                look.due.append(Due(partition, known[0], known[2], known[3], int(known[1])))
            else:
                look.odd.append((self._keys.scheduled(partition), name))
        return look._replace(wait_ms=min(waits, default=None))

    async def _drop(self, odd: Sequence[tuple[str, bytes]]) -> bool:
        """Take out what names no schedule, so that it does not bar the way. Returns: whether there was any."""
        for key, name in odd:
            log.error("%s holds %r, which names no schedule", key, name)
            with translated():
                await self._client.zrem(key, name)
        return bool(odd)

    async def fire(self, due: Sequence[Due]) -> bool:
        """Do what is due, in this order.

        Returns:
            whether any of it is done with, by this process or by another.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        answers = await run_all(self._client, [self._call(each) for each in due])
        refuse_unavailable(answers)
        is_done = [self._note(each, answer) for each, answer in zip(due, answers, strict=True)]
        return any(is_done)

    @staticmethod
    def _note(due: Due, answer: Any) -> bool:
        """Tell what came of it, loudly where that is not what somebody relied on."""
        if isinstance(answer, Exception):
            log.error("%s cannot be fired: %s", due, answer)
            return False
        outcome, *rest = answer
        if outcome == b"lost":
            log.error("%s is due, and there is no record of it", due)
        elif outcome == b"failed":
            log.error("%s could not be done: %s", due, rest[1].decode())
        elif outcome == b"done":
            level = logging.ERROR if rest[0] > LOUD_MS else logging.INFO
            log.log(level, "%s fired %.3f s late, as publication %d", due, rest[0] / 1000, rest[1])
        return bool(outcome != b"early")

    def _call(self, due: Due) -> Call:
        names, site, page = self._keys, due.site, due.page
        script_keys = [
            names.head(site, page),
            names.versions(site, page),
            names.publications(site, page),
            names.page(site, page),
            names.artifacts(site, page),
            names.events(due.partition),
            names.open(due.partition),
            *names.lane(due.partition),
            names.unserved(due.partition),
            names.schedules(site),
            names.scheduled(due.partition),
        ]
        keep_ms = self._settings.events_keep_s * 1000
        return Call(script("fire"), script_keys, [site, page, due.number, due.name, keep_ms, GROUP])
