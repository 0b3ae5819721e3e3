"""sse-starlette as its users run it: a queue per watcher, and a route that puts an event into all of them.

Run by the Python of a virtual environment that has it (`bench.status` makes one), never by Platen's own:
`python sse_peer.py PORT PAGE_FILE`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

queues: set["asyncio.Queue[str]"] = set()
page = Path(sys.argv[2]).read_bytes()


async def watch(_request: Request) -> Response:
    """A status stream."""
    queue: asyncio.Queue[str] = asyncio.Queue()
    queues.add(queue)
    return EventSourceResponse(_events(queue))


async def publish(request: Request) -> Response:
    """An event for everybody."""
    event = (await request.body()).decode()
    for queue in queues:
        queue.put_nowait(event)
    return Response(status_code=202)


async def show(_request: Request) -> Response:
    """A page from memory."""
    return Response(page, media_type="text/html")


async def _events(queue: "asyncio.Queue[str]") -> AsyncIterator[dict[str, str]]:
    try:
        while True:
            yield {"event": "build-started", "data": await queue.get()}
    finally:
        queues.discard(queue)


app = Starlette(routes=[Route("/watch", watch), Route("/publish", publish, methods=["POST"]), Route("/page", show)])

uvicorn.run(
    app,
    host="127.0.0.1",
    port=int(sys.argv[1]),
    loop="uvloop",
    http="httptools",
    lifespan="off",
    log_level="error",
    access_log=False,
    backlog=2048,
    timeout_keep_alive=75,
    timeout_graceful_shutdown=1,
)
