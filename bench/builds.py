"""Builds per second of one builder: a backlog of pages, then the time from its first build to its last.

`cold`: no fragment of any page was rendered before. `one of twelve changed`: the same pages again with one widget
changed, while the builder still runs. The times are those of the events, by Redis's clock.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

from bench.machine import spread
from bench.pages import config
from bench.running import Running, platen_up
from shared.config import decode_config, encode_config
from shared.connection import Client, connect
from shared.idempotency import Request
from shared.keys import Keys
from shared.publishing import Publishing
from shared.settings import Settings
from shared.sites import SiteStore

PAGES = 1000
ROUNDS = 5
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def _fill(publishing: Publishing, take: int) -> None:
    """Publish every page once; from the second take on, its first widget differs from the take before."""
    for page in range(PAGES):
        text = encode_config(decode_config(json.dumps(config(page, take, changed=0)).encode()))
        request = Request("bench", TRACE, f"{page}-{take}", "f")
        await publishing.save("bench", f"p{page}", text, "", publish=True, request=request)


async def _drain(client: Client, keys: Keys, after: str) -> tuple[float, str]:
    """Wait until the backlog is empty: (builds per second, last position)."""
    while await client.exists(keys.open(0)):  # noqa: ASYNC110 - what is awaited happens in another process
        await asyncio.sleep(0.02)
    entries = await client.xrange(keys.events(0), min=f"({after}")
    began = min(_times(entries, b"build-started"))
    built = _times(entries, b"page-built")
    assert len(built) == PAGES, built
    return PAGES / ((max(built) - began) / 1000), entries[-1][0].decode()


def _times(entries: list[Any], kind: bytes) -> list[int]:
    return [json.loads(fields[b"data"])["at"] for _, fields in entries if fields[b"type"] == kind]


async def _round(running: Running) -> tuple[float, float]:
    client, keys = connect(running.redis_url), Keys()
    publishing = Publishing(client, keys, Settings())
    await SiteStore(client, keys, Settings()).create("bench", "Bench", Request("bench", TRACE, "site", "f"))
    await _fill(publishing, 1)
    builder = _start_builder(running)
    cold, position = await _drain(client, keys, "0-0")
    # Held while the second backlog grows, so that it is whole before it is touched.
    builder.send_signal(signal.SIGSTOP)
    await _fill(publishing, 2)
    builder.send_signal(signal.SIGCONT)
    changed, _ = await _drain(client, keys, position)
    builder.terminate()
    await asyncio.to_thread(builder.wait, 30)
    await client.aclose()
    return cold, changed


def _start_builder(running: Running) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PLATEN_REDIS_URL": running.redis_url, "PLATEN_LOG_LEVEL": "error"}
    return subprocess.Popen([sys.executable, "-m", "services", "builder"], env=environment)


def main() -> None:
    """Print builds per second, cold and with one widget of twelve changed."""
    print(f"\nbuilds per second, one builder, {PAGES} pages of 12 widgets, {ROUNDS} rounds, embedded Valkey")
    cold, warm = [], []
    for _ in range(ROUNDS):
        with platen_up(builders=0) as running:
            began = time.perf_counter()
            first, second = asyncio.run(_round(running))
        cold.append(first)
        warm.append(second)
        print(f"  round: cold {first:,.0f}, one of twelve changed {second:,.0f} ({time.perf_counter() - began:.0f} s)")
    print(f"cold                   {spread(cold)}")
    print(f"one of twelve changed  {spread(warm)}")
