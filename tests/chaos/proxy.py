"""A TCP proxy between a process and whoever it talks to, such as Redis, that can do what networks do.

It passes bytes on, holds them back, turns connections away, or breaks one in the middle of a request or of a reply.
"""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

Direction = Literal["request", "reply"]

CHUNK_BYTES = 65_536


class Proxy:
    """One listening port in front of a Unix socket, or of another port.

    Args:
        upstream: path of that socket, or the port on 127.0.0.1.
        dice: decides where in a chunk a connection breaks.
    """

    def __init__(self, upstream: Path | int, dice: random.Random) -> None:
        self._upstream, self._dice = upstream, dice
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._is_refusing = False
        self._cuts: dict[Direction, asyncio.Future[None]] = {}
        self._trap: tuple[bytes, asyncio.Future[None]] | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Address for PLATEN_REDIS_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Begin to listen, on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        self.heal()
        self._reset()
        # Whoever is served sees the reset in the next turn of the loop.
        await asyncio.sleep(0)

    def heal(self) -> None:
        """Pass bytes on again; what was held back goes first."""
        self._is_refusing = False
        self._open.set()
        self.forget_cuts()

    def forget_cuts(self) -> None:
        """Cut and hold nothing that was not cut or held yet."""
        for waiting in (*self._cuts.values(), *([self._trap[1]] if self._trap else [])):
            waiting.cancel()
        self._cuts.clear()
        self._trap = None

    def pause(self) -> None:
        """Hold all bytes back, as a network does that drops packets; new connections hang."""
        self._open.clear()

    def refuse(self) -> None:
        """Break every connection, and close new ones at once."""
        self._is_refusing = True
        self._reset()

    def cut(self, direction: Direction) -> asyncio.Future[None]:
        """Break the connection over which the next bytes go in a direction, in the middle of them.

        Returns:
            done once it has happened.
        """
        if direction not in self._cuts:
            self._cuts[direction] = asyncio.get_running_loop().create_future()
        return self._cuts[direction]

    def hold_at(self, marker: bytes) -> asyncio.Future[None]:
        """Hold back the next request that contains a marker, and everything after it.

        Returns:
            done once it is held.
        """
        held = asyncio.get_running_loop().create_future()
        self._trap = (marker, held)
        return held

    def _reset(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._tracked(writer), contextlib.suppress(OSError):
            await self._open.wait()
            if self._is_refusing:
                return
            up_reader, up_writer = await self._connect()
            with self._tracked(up_writer):
                requests = asyncio.create_task(self._pump("request", reader, up_writer))
                replies = asyncio.create_task(self._pump("reply", up_reader, writer))
                # Whichever side goes first takes the other with it.
                await asyncio.wait({requests, replies}, return_when=asyncio.FIRST_COMPLETED)
                for pump in (requests, replies):
                    pump.cancel()
                await asyncio.gather(requests, replies, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, int):
            return await asyncio.open_connection("127.0.0.1", self._upstream)
        return await asyncio.open_unix_connection(self._upstream)

    async def _pump(self, direction: Direction, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(CHUNK_BYTES):
            if direction == "request":
                self._spring(data)
            await self._open.wait()
            cut = self._cuts.pop(direction, None)
            target.write(data if cut is None else data[: self._dice.randrange(len(data))])
            await target.drain()
            if cut is not None:
                if not cut.done():
                    cut.set_result(None)
                return

    def _spring(self, data: bytes) -> None:
        if self._trap is not None and self._trap[0] in data:
            (_, held), self._trap = self._trap, None
            self.pause()
            held.set_result(None)

    @contextlib.contextmanager
    def _tracked(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            writer.close()
