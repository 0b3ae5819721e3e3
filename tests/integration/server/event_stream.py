"""Status streams read to the letter of the standard, by a client that comes back whenever it is cut off.

The letter is WHATWG HTML, "Server-sent events". Where browsers are more lenient than it, this is not: each connection
begins without an id, and a block that ends without having met one takes the id away that the client came with.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import httpx2

from shared.connection import Client
from shared.events import decode_event
from shared.keys import Keys
from shared.streams import position

# What a client waits before it comes back; browsers wait for seconds.
COME_BACK_S = 0.02


class Block(NamedTuple):
    """What fires: the last id is the client's once it was read."""

    event: str
    id: str
    data: Any


class Parser:
    """Makes blocks of bytes, however they are cut; what has not ended when the stream does never was.

    Attributes:
        id: the last event ID string, which outlasts connections.
        retry_ms: how long to wait before coming back.
    """

    def __init__(self) -> None:
        self.id, self.retry_ms = "", 0
        self.begin()

    def begin(self) -> None:
        """A new connection."""
        self._waiting, self._is_first, self._ended_with_cr = b"", True, False
        self._id, self._event = "", ""
        self._data: list[str] = []

    def feed(self, data: bytes) -> list[Block]:
        """Take some bytes."""
        fired = [self._take(line) for line in self._lines(data)]
        return [block for block in fired if block is not None]

    def _lines(self, data: bytes) -> Iterable[str]:
        if self._ended_with_cr and data:
            data = data.removeprefix(b"\n")
            self._ended_with_cr = False
        if data.endswith(b"\r"):
            self._ended_with_cr = True
        text = (self._waiting + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._waiting = text.split(b"\n")
        for line in lines:
            decoded = line.decode("utf-8", "replace")
            yield decoded.removeprefix("\ufeff") if self._is_first else decoded
            self._is_first = False

    def _take(self, line: str) -> Block | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_ms = int(value)
        return None

    def _dispatch(self) -> Block | None:
        self.id = self._id
        event, data = self._event or "message", "\n".join(self._data)
        self._event, self._data = "", []
        return Block(event, self.id, json.loads(data)) if data else None


class Watcher:
    """Follows one page for as long as it is let, over any number of connections.

    Args:
        http: with the server's address and the token.
        page: of the site acme.
        last: the id it comes with.

    Attributes:
        blocks: all that has fired.
        begun: how many connections have been answered.
    """

    def __init__(self, http: httpx2.AsyncClient, page: str, last: str = "") -> None:
        self._http, self._query = http, {"site": "acme", "page": page}
        self._parser = Parser()
        self._parser.id = last
        self.page, self.begun = page, 0
        self.blocks: list[Block] = []
        self._task = asyncio.create_task(self._watch())

    @property
    def id(self) -> str:
        """Its last id."""
        return self._parser.id

    def count(self, event: str) -> int:
        """How many blocks of a name there were. An end of the watcher that is not the test's is raised here."""
        if self._task.done():
            self._task.result()
        return [block.event for block in self.blocks].count(event)

    async def stop(self) -> None:
        """Look away."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            self._parser.begin()
            with contextlib.suppress(httpx2.TransportError):
                await self._connect()
            await asyncio.sleep(COME_BACK_S)

    async def _connect(self) -> None:
        headers = {"last-event-id": self.id} if self.id else {}
        async with self._http.stream("GET", "/-/events", params=self._query, headers=headers) as answer:
            # Anything else would end an EventSource for good.
            assert answer.status_code == 200, answer.status_code
            self.begun += 1
            async for data in answer.aiter_bytes():
                self.blocks += self._parser.feed(data)


async def happened(log: Client, page: str) -> list[str]:
    """Ids of all events of a page of acme that are kept."""
    entries = await log.xrange(Keys().events(0))
    return [id_.decode() for id_, fields in entries if decode_event(fields[b"data"]).page == page]


def assert_whole(blocks: list[Block], known: list[str], last: str = "") -> None:
    """Every event is told once and in order; a snapshot comes first, and after that only where a reset says so.

    Args:
        blocks: what a watcher was told.
        known: ids of all events of its page.
        last: the id it came with.
    """
    is_due, at, told = not last, last, [block for block in blocks if block.event not in {"paused", "resumed"}]
    for block in told:
        assert (block.event == "snapshot") is is_due, (block, at)
        if block.event == "reset":
            is_due = True
        elif is_due:
            is_due, at = False, block.id
        else:
            assert block.id == next(id_ for id_ in known if position(id_) > position(at)), (block, at)
            at = block.id
    ids = [position(block.id) for block in told if block.event not in {"reset", "snapshot"}]
    assert ids == sorted(set(ids))
