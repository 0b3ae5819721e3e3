"""A relay between the api and Redis that can lose, hold up or forge what passes."""

import asyncio
import contextlib
import re
from pathlib import Path

_COMMAND = re.compile(rb"(?:^|\r\n)\*\d+(?=\r\n\$)")


class Relay:
    """Passes requests and answers on, one after the other, but for the fault it is told to play.

    Args:
        target: Redis's socket.
        path: where it listens.

    Attributes:
        forged: an error that is answered to each command in Redis's place, b"" for none.
        delay_s: how long each answer is held back, None for until `mend`.
        loses_and_ends: cut the connection before the next answer to a script, and listen no more.
        most_open: how many connections there were at once, at most.
    """

    def __init__(self, target: str, path: Path) -> None:
        self._target, self._path = target, path
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._mended = asyncio.Event()
        self.forged = b""
        self.delay_s: float | None = 0
        self.loses_and_ends = False
        self.most_open = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    def stop(self) -> None:
        """Listen no more, and end what is open."""
        if self._server:
            self._server.close()
            self._server = None
        self._path.unlink(missing_ok=True)
        for writer in self._open:
            writer.close()

    async def mend(self) -> None:
        """Pass everything on again."""
        self._mended.set()
        self._mended = asyncio.Event()
        self.forged, self.delay_s, self.loses_and_ends = b"", 0, False
        if self._server is None:
            await self.start()

    async def end(self) -> None:
        """Leave nothing open."""
        self.stop()
        self._mended.set()
        serving = [*self._serving]
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self._open.add(writer)
        self.most_open = max(self.most_open, len(self._open))
        try:
            from_redis, to_redis = await asyncio.open_unix_connection(self._target)
            with contextlib.closing(to_redis), contextlib.suppress(ConnectionError):
                await self._pass_on(reader, writer, from_redis, to_redis)
        finally:
            self._serving.discard(task)
            self._open.discard(writer)
            writer.close()

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        from_redis: asyncio.StreamReader,
        to_redis: asyncio.StreamWriter,
    ) -> None:
        while request := await reader.read(1_000_000):
            answer = self.forged * len(_COMMAND.findall(request))
            if not answer:
                to_redis.write(request)
                answer = await from_redis.read(1_000_000)
            if b"EVAL" in request and self.loses_and_ends:
                self.stop()
                return
            await self._hold_back()
            writer.write(answer)

    async def _hold_back(self) -> None:
        if self.delay_s == 0:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._mended.wait(), self.delay_s)
