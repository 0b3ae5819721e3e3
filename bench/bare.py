"""The least that uvicorn can serve: an ASGI app of one function that has every answer in a dictionary.

It is what a framework could reach at best, and a peer of `serve`. The folder it serves is the one nginx serves.
"""

import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn

Message = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]


class _Answer(NamedTuple):
    """An answer, ready to be sent."""

    status: int
    headers: Headers
    body: bytes


class _Page(NamedTuple):
    """A page's answers: whole, compressed, and for who has it."""

    etag: bytes
    whole: _Answer
    zipped: _Answer
    unchanged: _Answer


def _read(folder: Path) -> dict[str, _Page]:
    headers = [(name.encode(), value.encode()) for name, value in json.loads((folder / "headers.json").read_text())]
    pages = {}
    for path in (folder / "bench").iterdir():
        if path.suffix:
            continue
        pages[f"/bench/{path.name}"] = _page(headers, path.read_bytes(), path.with_suffix(".gz").read_bytes())
    return pages


def _page(headers: Headers, whole: bytes, zipped: bytes) -> _Page:
    etag = b'"%b"' % sha256(whole).hexdigest()[:32].encode()
    headers = [*headers, (b"etag", etag)]
    with_body = [*headers, (b"content-type", b"text/html; charset=utf-8")]
    coding = (b"content-encoding", b"gzip")
    return _Page(
        etag,
        _Answer(200, [*with_body, (b"content-length", b"%d" % len(whole))], whole),
        _Answer(200, [*with_body, coding, (b"content-length", b"%d" % len(zipped))], zipped),
        _Answer(304, headers, b""),
    )


class Bare:
    """The app.

    Args:
        folder: with what it serves.
    """

    def __init__(self, folder: Path) -> None:
        self._pages = _read(folder)

    async def __call__(
        self, scope: Message, _receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        page = self._pages[scope["path"]]
        answer = page.whole
        for name, value in scope["headers"]:
            if name == b"if-none-match" and value == page.etag:
                answer = page.unchanged
            elif name == b"accept-encoding" and b"gzip" in value:
                answer = page.zipped
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})


def main() -> None:
    """Serve a folder on a port of 127.0.0.1: `python -m bench.bare PORT FOLDER`."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    uvicorn.run(
        Bare(folder),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        backlog=2048,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
