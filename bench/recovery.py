"""How long a crash is felt: a builder killed over its work, and Redis killed and started again.

*A builder killed*: two builders and a backlog; one that has entries in its hands is killed with SIGKILL. The time runs
from the kill to the last of those pages being live, by the one clock of this machine. The other builder acts on
evidence of death, the end of a heartbeat key, so most of the time is that key's life.

*Redis killed*: SIGKILL to the embedded Valkey, which `platen up` starts again. A publisher tries all the time. The time
runs from the instant at which Redis answers again to the first publish that is accepted, and to the first GET
that shows it.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import redis

from bench.latency import Pool
from bench.machine import percentile
from bench.pages import config
from bench.running import Running, platen_up
from shared.config import decode_config, encode_config
from shared.connection import Client, connect
from shared.heartbeat import MISSED_BEATS
from shared.idempotency import Request
from shared.keys import BUILDERS, GROUP, Keys, beat
from shared.publications import PublicationStore
from shared.publishing import Publishing
from shared.settings import Settings
from shared.sites import SiteStore

KILLS = 50
RESTARTS = 10
BACKLOG = 64
TARGET_S = 5.0
POLL_S = 0.002
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class _Builders:
    """`platen builder` processes with their default settings.

    Args:
        running: whose Redis they work on.
        client: of it.
    """

    def __init__(self, running: Running, client: Client) -> None:
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("PLATEN_")}
        self._environment |= {"PLATEN_REDIS_URL": running.redis_url, "PLATEN_LOG_LEVEL": "error"}
        self._client = client
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    async def start(self) -> None:
        """Start one and wait for its first heartbeat."""
        pid = self._spawn()
        while pid not in await self._alive():  # noqa: ASYNC110 - what is awaited happens in another process
            await asyncio.sleep(POLL_S)

    async def kill(self, name: str) -> None:
        """Kill one by the name it gave itself: host, process id, and a random end."""
        process = self._processes.pop(int(name.split("-")[-2]))
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait)

    async def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            await asyncio.to_thread(process.wait, 30)

    def _spawn(self) -> int:
        process = subprocess.Popen([sys.executable, "-m", "services", "builder"], env=self._environment)
        self._processes[process.pid] = process
        return process.pid

    async def _alive(self) -> set[int]:
        said = await self._client.hgetall(BUILDERS)
        return {
            json.loads(text)["pid"] for name, text in said.items() if await self._client.exists(beat(name.decode()))
        }


async def _fill(publishing: Publishing, take: int) -> None:
    for page in range(BACKLOG):
        text = encode_config(decode_config(json.dumps(config(page, take)).encode()))
        request = Request("bench", TRACE, f"{page}-{take}", "f")
        await publishing.save("bench", f"p{page}", text, "", publish=True, request=request)


async def _in_hands(client: Client, stream: str) -> str:
    """Name of a builder that holds entries, "" for none."""
    found = (await client.xpending(stream, GROUP))["consumers"] if await client.exists(stream) else []
    return str(found[0]["name"].decode()) if found else ""


async def _one_kill(client: Client, publishing: Publishing, builders: _Builders, take: int) -> float | None:
    """Seconds from a kill to the last of its pages live; None where it had finished them just before."""
    keys = Keys()
    publications = PublicationStore(client, keys)
    filling = asyncio.create_task(_fill(publishing, take))
    while not (name := await _in_hands(client, keys.builds(0))):  # noqa: ASYNC110 - polling finds it in the act
        await asyncio.sleep(0)
    await builders.kill(name)
    killed_ms = time.time() * 1000
    held = await client.xpending_range(keys.builds(0), GROUP, "-", "+", BACKLOG, name)
    await filling
    entries = {item["message_id"] for item in held}
    events = [json.loads(fields[b"data"]) for id_, fields in await client.xrange(keys.builds(0)) if id_ in entries]
    while await client.xlen(keys.builds(0)):  # noqa: ASYNC110 - what is awaited happens in another process
        await asyncio.sleep(POLL_S)
    live = [await publications.show("bench", event["page"], event["seq"]) for event in events]
    assert all(publication.state == "live" for publication in live), live
    return max((publication.steps[-1].at - killed_ms) / 1000 for publication in live) if live else None


async def _kill_builders(running: Running) -> list[float]:
    client = connect(running.redis_url)
    publishing = Publishing(client, Keys(), Settings())
    builders, samples, take = _Builders(running, client), [], 0
    await SiteStore(client, Keys(), Settings()).create("bench", "Bench", Request("bench", TRACE, "site", "f"))
    await builders.start()
    while len(samples) < KILLS:
        await builders.start()
        # Kills shall not keep step with the heartbeats.
        await asyncio.sleep(random.random() * Settings().heartbeat_ms / 1000)
        take += 1
        sample = await _one_kill(client, publishing, builders, take)
        if sample is not None:
            samples.append(sample)
    await builders.stop()
    await client.aclose()
    return samples


class Restart(NamedTuple):
    """One restart of Redis, in seconds.

    Attributes:
        away: from the kill until it answered again.
        accepted: from then until a publish was accepted.
        served: from then until its page was served.
    """

    away: float
    accepted: float
    served: float


async def _restart(running: Running, client: Client, pool: Pool, take: int) -> Restart:
    pid = int(Path(running.redis_url.removeprefix("unix://")).with_name("valkey.pid").read_text())
    killed = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    answering = asyncio.create_task(_answers(client))
    body = json.dumps({"config": config(0, take, changed=0), "publish": True}).encode()
    address = "/-/api/v1/sites/bench/pages/p0/versions"
    while (await pool.send("POST", address, body))[0] != 201:  # noqa: ASYNC110 - polling is the measure
        await asyncio.sleep(POLL_S)
    accepted = time.perf_counter()
    marker = f", take {take}.".encode()
    while marker not in (await pool.send("GET", "/bench/p0"))[1]:  # noqa: ASYNC110 - polling is the measure
        await asyncio.sleep(POLL_S)
    served, up = time.perf_counter(), await answering
    return Restart(up - killed, max(0.0, accepted - up), served - up)


async def _answers(client: Client) -> float:
    """Wait until Redis answers, and say when that was."""
    while True:
        await asyncio.sleep(POLL_S)
        try:
            await client.ping()
        except (redis.RedisError, OSError):
            continue
        return time.perf_counter()


async def _kill_redis(running: Running) -> list[Restart]:
    client, pool, samples = connect(running.redis_url), Pool(running.port), []
    await pool.send("POST", "/-/api/v1/sites", b'{"slug":"bench","title":"Bench"}')
    for take in range(1, RESTARTS + 1):
        samples.append(await _restart(running, client, pool, take))
    pool.close()
    await client.aclose()
    return samples


def _line(what: str, seconds: Sequence[float]) -> str:
    p50, p99 = percentile(seconds, 0.5), percentile(seconds, 0.99)
    return f"{what:<42} {len(seconds):>4} {p50:>7.3f} {p99:>7.3f} {max(seconds):>7.3f}   s"


def main() -> None:
    """Print p50, p99 and the longest time of each."""
    settings = Settings()
    dead_s = MISSED_BEATS * settings.heartbeat_ms / 1000
    beats = f"heartbeat {settings.heartbeat_ms} ms (dead after {dead_s:g} s)"
    print(f"\nrecovery, embedded Valkey, appendfsync always, {beats}")
    print(f"{'':<42} {'n':>4} {'p50':>7} {'p99':>7} {'max':>7}")
    with platen_up(builders=0) as running:
        kills = asyncio.run(_kill_builders(running))
    print(_line("1 of 2 builders killed -> its pages live", kills))
    # Each refusal while Redis is away is a warning.
    with platen_up(builders=1, log_level="error") as running:
        restarts = asyncio.run(_kill_redis(running))
    print(_line("Redis killed -> it answers again", [restart.away for restart in restarts]))
    print(_line("Redis answers -> a publish is accepted", [restart.accepted for restart in restarts]))
    print(_line("Redis answers -> its page is served", [restart.served for restart in restarts]))
    met = percentile(kills, 0.99) <= TARGET_S
    print(f"target: a killed builder's pages live within {TARGET_S:g} s at p99: {'met' if met else 'MISSED'}")
