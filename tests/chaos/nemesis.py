"""The nemesis: it does what hosts, networks and operators do at the worst moment, as its plan says.

What it does to one target never overlaps; different targets may suffer at once.
"""

import asyncio
import contextlib
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from shared.queue import LANES
from tests.chaos.cluster import BUILDERS, MOST_BUILDERS, Cluster
from tests.chaos.history import Fault, History, Poison, mark_of, now
from tests.chaos.pages import SITES
from tests.chaos.plan import KINDS, Planned
from tests.chaos.process import Process
from tests.chaos.proxy import Direction
from tests.chaos.shim import Shim

ALL = "redis"
LONGEST_CUT_S = 4.0
LONGEST_COMMIT_S = 10.0
# A key that builders name in commits alone.
COMMIT = b":artifacts:"
# More than the six missed heartbeats of 500 ms after which the others take a builder for dead.
SHORT_S, LONG_S = (0.5, 2.5), (3.8, 6.0)
REDIS_S = (0.5, 2.0)


class Nemesis:
    """Inflicts a plan on a cluster.

    Args:
        cluster: its victim.
        history: told of every fault, once it is over.
        shim: Redis's disk and clock, None where they are out of reach.
    """

    def __init__(self, cluster: Cluster, history: History, shim: Shim | None = None) -> None:
        self._cluster, self._history, self._shim = cluster, history, shim
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.inflicted = 0
        # A kind of fault is named like the method that inflicts it.
        self._kinds: dict[str, Callable[[random.Random], Awaitable[None]]] = {
            kind: getattr(self, "_" + kind.replace(" ", "_").replace("-", "_")) for kind in KINDS
        }

    async def run(self, plan: list[Planned]) -> None:
        """Inflict the plan, and see each fault to its end."""
        began = now()
        async with asyncio.TaskGroup() as faults:
            for planned in plan:
                await asyncio.sleep(max(0.0, began + planned.at - now()))
                faults.create_task(self._inflict(planned))

    async def _inflict(self, planned: Planned) -> None:
        await self._kinds[planned.kind](planned.dice)
        self.inflicted += 1

    @contextlib.asynccontextmanager
    async def _fault(self, kind: str, target: str, note: str = "") -> AsyncIterator[None]:
        """One fault from its beginning to its end, alone on its target."""
        async with self._locks[target]:
            began = now()
            yield
            self._history.add(Fault(kind=kind, target=target, began=began, ended=now(), note=note))

    # Processes

    async def _kill_api(self, _dice: random.Random) -> None:
        await self._kill("kill api", self._cluster.api)

    async def _kill_server(self, dice: random.Random) -> None:
        await self._kill("kill server", dice.choice(self._cluster.servers))

    async def _kill_builder(self, dice: random.Random) -> None:
        await self._kill("kill builder", dice.choice(self._cluster.building))

    async def _kill_in_commit(self, dice: random.Random) -> None:
        """The page is rendered, and what would commit it never reaches Redis."""
        process = dice.choice(self._cluster.builders[:BUILDERS])
        proxy = self._cluster.proxies[process.name]
        async with self._locks[f"network of {process.name}"], self._fault("kill in commit", process.name):
            await asyncio.wait({proxy.hold_at(COMMIT)}, timeout=LONGEST_COMMIT_S)
            process.kill()
            # What is held back must not arrive after all.
            proxy.refuse()
            proxy.heal()

    async def _late_commit(self, dice: random.Random) -> None:
        """The page is rendered, and what commits it reaches Redis after all, before the builder is taken for dead."""
        process = dice.choice(self._cluster.builders[:BUILDERS])
        proxy, seconds = self._cluster.proxies[process.name], dice.uniform(*SHORT_S)
        async with self._fault("late commit", f"network of {process.name}", f"{seconds:.1f} s"):
            await asyncio.wait({proxy.hold_at(COMMIT)}, timeout=LONGEST_COMMIT_S)
            await asyncio.sleep(seconds)
            proxy.heal()

    async def _kill(self, kind: str, process: Process) -> None:
        async with self._fault(kind, process.name):
            await process.until_running()
            process.kill()

    async def _freeze_api(self, dice: random.Random) -> None:
        await self._freeze("freeze api", self._cluster.api, dice)

    async def _freeze_server(self, dice: random.Random) -> None:
        await self._freeze("freeze server", dice.choice(self._cluster.servers), dice)

    async def _freeze_builder(self, dice: random.Random) -> None:
        await self._freeze("freeze builder", dice.choice(self._cluster.building), dice)

    async def _freeze(self, kind: str, process: Process, dice: random.Random) -> None:
        seconds = _short_or_long(dice)
        async with self._fault(kind, process.name, f"{seconds:.1f} s"):
            await process.until_running()
            process.freeze()
            await asyncio.sleep(seconds)
            process.thaw()

    async def _scale_builders(self, dice: random.Random) -> None:
        builders, last = self._cluster.builders, dice.uniform(2, 4)
        async with self._fault("scale builders", "builders", f"{BUILDERS}, {MOST_BUILDERS}, 1, {BUILDERS}"):
            for builder in builders:
                builder.start()
            await asyncio.sleep(last)
            await asyncio.gather(*(builder.stop() for builder in builders[1:]))
            await asyncio.sleep(1)
            for builder in builders[:BUILDERS]:
                builder.start()

    # Redis

    async def _kill_redis(self, dice: random.Random) -> None:
        seconds = dice.uniform(0.0, 1.5)
        async with self._fault("kill redis", ALL, f"away for {seconds:.1f} s"):
            await self._cluster.redis.kill()
            await asyncio.sleep(seconds)
            await self._cluster.redis.start()

    async def _power_loss(self, _dice: random.Random) -> None:
        """What was written and not synced is gone."""
        assert self._shim is not None
        redis = self._cluster.redis
        async with self._fault("power loss", ALL):
            await redis.kill()
            self._shim.cut_power(redis.folder)
            await redis.start()

    async def _full_disk(self, dice: random.Random) -> None:
        """A server that syncs always ends itself when it cannot write; whoever runs it starts it again."""
        assert self._shim is not None
        redis, room_bytes = self._cluster.redis, dice.randrange(2_000)
        async with self._fault("full disk", ALL, f"{room_bytes} bytes left"):
            self._shim.set_room(room_bytes)
            await asyncio.sleep(dice.uniform(*REDIS_S))
            self._shim.set_room(None)
            if not redis.is_running:
                await redis.start()

    async def _freeze_redis(self, dice: random.Random) -> None:
        async with self._fault("freeze redis", ALL):
            self._cluster.redis.freeze()
            await asyncio.sleep(dice.uniform(*REDIS_S))
            self._cluster.redis.thaw()

    async def _pause_clients(self, dice: random.Random) -> None:
        milliseconds = round(1000 * dice.uniform(*REDIS_S))
        kind = dice.choice(("ALL", "WRITE"))
        async with self._fault("pause clients", ALL, f"{kind} {milliseconds} ms"), self._admin() as redis:
            await redis.execute_command("CLIENT", "PAUSE", milliseconds, kind)
            await asyncio.sleep(milliseconds / 1000)

    async def _out_of_memory(self, dice: random.Random) -> None:
        async with self._fault("out of memory", ALL), self._admin() as redis:
            await redis.config_set("maxmemory-policy", "noeviction")
            await redis.config_set("maxmemory", 1)
            await asyncio.sleep(dice.uniform(*REDIS_S))
            await redis.config_set("maxmemory", 0)

    async def _read_only(self, dice: random.Random) -> None:
        async with self._fault("read-only", ALL), self._admin() as redis:
            await redis.execute_command("REPLICAOF", "127.0.0.1", "1")
            await asyncio.sleep(dice.uniform(*REDIS_S))
            await redis.execute_command("REPLICAOF", "NO", "ONE")

    async def _no_replicas(self, dice: random.Random) -> None:
        async with self._fault("no replicas", ALL), self._admin() as redis:
            await redis.config_set("min-replicas-to-write", 1)
            await asyncio.sleep(dice.uniform(*REDIS_S))
            await redis.config_set("min-replicas-to-write", 0)

    async def _clock_jump(self, dice: random.Random) -> None:
        assert self._shim is not None
        seconds = dice.choice((-7200, -60, 60, 3600, 7200))
        async with self._fault("clock jump", ALL, f"{seconds:+d} s"):
            self._shim.set_clock(seconds)
            await asyncio.sleep(dice.uniform(*REDIS_S))
            self._shim.set_clock(0)

    async def _poison(self, dice: random.Random) -> None:
        async with self._fault("poison", ALL), self._admin() as redis:
            site, keys = dice.choice(SITES), self._cluster.keys
            for kind, fields in _poisons(site, dice).items():
                entry = await redis.xadd(keys.builds(keys.partition(site), dice.choice(LANES)), fields)
                mark = mark_of(entry.decode(), fields.get("data", b""))
                self._history.add(Poison(mark=mark, kind=kind, at=now()))

    # The network

    async def _cut_requests(self, dice: random.Random) -> None:
        await self._cut("cut requests", "request", dice)

    async def _cut_replies(self, dice: random.Random) -> None:
        await self._cut("cut replies", "reply", dice)

    async def _cut(self, kind: str, direction: Direction, dice: random.Random) -> None:
        async with self._fault(kind, "cuts"):
            proxies = [self._cluster.proxies[process.name] for process in self._some_of_each(dice)]
            await asyncio.wait({proxy.cut(direction) for proxy in proxies}, timeout=LONGEST_CUT_S)
            for proxy in proxies:
                proxy.forget_cuts()

    async def _black_hole(self, dice: random.Random) -> None:
        process, seconds = dice.choice(self._some_of_each(dice)), _short_or_long(dice)
        async with self._fault("black hole", f"network of {process.name}", f"{seconds:.1f} s"):
            self._cluster.proxies[process.name].pause()
            await asyncio.sleep(seconds)
            self._cluster.proxies[process.name].heal()

    async def _refuse_connections(self, dice: random.Random) -> None:
        process, seconds = dice.choice(self._some_of_each(dice)), _short_or_long(dice)
        async with self._fault("refuse connections", f"network of {process.name}", f"{seconds:.1f} s"):
            self._cluster.proxies[process.name].refuse()
            await asyncio.sleep(seconds)
            self._cluster.proxies[process.name].heal()

    # Parts

    def _some_of_each(self, dice: random.Random) -> list[Process]:
        """The api, a server and a builder."""
        return [self._cluster.api, dice.choice(self._cluster.servers), dice.choice(self._cluster.building)]

    @contextlib.asynccontextmanager
    async def _admin(self) -> AsyncIterator[Any]:
        async with self._cluster.redis.client() as client:
            yield client


def _short_or_long(dice: random.Random) -> float:
    return dice.uniform(*dice.choice((SHORT_S, LONG_S)))


def _poisons(site: str, dice: random.Random) -> dict[str, dict[str, bytes]]:
    kind, number = b"config-published", dice.randrange(1_000_000)
    # The bytes of each are its own: its dead letter is known by them.
    unknown = {"seq": number, "type": "page-melted", "site": site, "page": "index"}
    lacking = {"seq": number, "type": "config-published", "site": site}
    nobodys = {"version": number, "type": "config-published", "site": site, "page": f"never-{number}", "seq": 1}
    rest = {"state": "queued", "at": 1}
    return {
        "bytes that do not decode": {"type": kind, "data": b"\xff\xfe{" + dice.randbytes(8), "traceparent": b"\xff"},
        "no fields of ours": {"colour": b"red"},
        "fields missing": {"type": kind, "data": json.dumps(lacking).encode()},
        "unknown type": {"type": b"page-melted", "data": json.dumps(unknown).encode()},
        "no such page": {"type": kind, "data": json.dumps(nobodys | rest).encode(), "traceparent": b""},
    }
