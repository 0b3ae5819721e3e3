"""Watchers of status streams, who drop and come back with their last id, to whichever server answers."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec

from tests.chaos.cluster import Cluster
from tests.chaos.history import History, Told, now
from tests.chaos.http import Client
from tests.chaos.pages import SITES, all_pages
from tests.chaos.process import Process
from tests.harness import TOKEN

# A stream moves its id every two seconds; one that is silent for longer is not coming back.
SILENCE_S = 8.0
STAY_S = (2.0, 10.0)
# Long enough to be told an id, at the end, when everybody is to be told everything by every server.
HURRIED_STAY_S = (2.2, 3.0)
ENDS = frozenset({"page-built", "build-failed", "build-superseded", "page-unpublished", "build-cancelled"})


class Block:
    """One block of a status stream, as WHATWG HTML, "Interpreting an event stream", has it."""

    def __init__(self) -> None:
        self.event, self.id, self.data = "", "", ""


class Readers:
    """All who watch.

    Args:
        cluster: whose servers.
        history: where blocks go.
        seed: decides who watches whom, and when they drop.
    """

    def __init__(self, cluster: Cluster, history: History, seed: str) -> None:
        self._cluster, self._history, self._seed = cluster, history, seed
        self.is_hurried = False
        self.ended: set[tuple[str, int]] = set()
        self.cursors: dict[str, str] = {}
        # By server, its start and partition; and by the topics that are watched.
        self.told_by: dict[tuple[str, int, int], str] = {}
        self.topics = {f"reader-{n}": topic for n, topic in enumerate([*SITES, *all_pages()[: len(SITES)]], start=1)}

    async def run(self) -> None:
        """Watch every site and some pages, until cancelled."""
        async with Client(trust_env=False, timeout=httpx2.Timeout(5.0, read=SILENCE_S)) as http:
            await asyncio.gather(*(self._watch(reader, topic, http) for reader, topic in self.topics.items()))

    def have_been_told(self, newest: dict[int, str]) -> bool:
        """Whether every reader was told everything, and by every server as it runs now.

        Args:
            newest: partition -> id of its newest event.
        """
        keys, servers = self._cluster.keys, self._cluster.servers
        told_by = [
            self.told_by.get((server.name, server.incarnation, partition), "") == event
            for server in servers
            for partition, event in newest.items()
        ]
        readers = [
            self.cursors.get(reader, "") == newest[keys.partition(topic.partition("/")[0])]
            for reader, topic in self.topics.items()
        ]
        return all(told_by) and all(readers)

    async def _watch(self, reader: str, topic: str, http: httpx2.AsyncClient) -> None:
        dice = random.Random(f"{self._seed} {reader}")
        while True:
            server = dice.choice(self._cluster.servers)
            stay_s = dice.uniform(*(HURRIED_STAY_S if self.is_hurried else STAY_S))
            with contextlib.suppress(httpx2.TransportError, TimeoutError):
                async with asyncio.timeout(stay_s):
                    await self._read(reader, topic, server, http)
            await asyncio.sleep(0.1)

    async def _read(self, reader: str, topic: str, server: Process, http: httpx2.AsyncClient) -> None:
        site, _, page = topic.partition("/")
        query = {"site": site, "page": page} if page else {"site": site}
        headers = {"accept": "text/event-stream", "authorization": f"Bearer {TOKEN}"}
        if reader in self.cursors:
            headers["last-event-id"] = self.cursors[reader]
        incarnation = server.incarnation
        async with http.stream("GET", f"{server.url}/-/events", params=query, headers=headers) as answer:
            answer.raise_for_status()
            async for block in _blocks(answer.aiter_lines()):
                self._note(reader, topic, server.name, incarnation, block)

    def _note(self, reader: str, topic: str, server: str, incarnation: int, block: Block) -> None:
        data: dict[str, Any] = msgspec.json.decode(block.data) if block.data else {}
        site, _, page = topic.partition("/")
        page = data.get("page", page)
        seq = ((data.get("live") or {}) if block.event == "snapshot" else data).get("seq", 0)
        if block.event in ENDS:
            self.ended.add((f"{site}/{page}", seq))
        if block.id:
            partition = self._cluster.keys.partition(site)
            self.cursors[reader] = self.told_by[server, incarnation, partition] = block.id
        told = Told(
            reader=reader,
            topic=topic,
            server=server,
            incarnation=incarnation,
            at=now(),
            event=block.event or "cursor",
            id=block.id,
            page=f"{site}/{page}" if page else "",
            seq=seq,
        )
        self._history.add(told)


async def _blocks(lines: AsyncIterator[str]) -> AsyncIterator[Block]:
    block = Block()
    async for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            block.event = value
        elif field == "id":
            block.id = value
        elif field == "data":
            block.data += value
        elif not line and (block.id or block.data):
            yield block
            block = Block()
