"""The servers whose status streams are compared: Platen's, nchan's, and sse-starlette's.

Platen's events are appended to its events stream as its scripts do: `build-started`, which a server decodes and hands
on. Real publishes would measure the builder as well, and `page-built` the reading of the page.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.nginx import find_module, find_nginx, nginx, nginx_version
from bench.processes import free_port, listens, started, wait_until
from bench.running import TOKEN, Running, has_fast_path, platen_server
from bench.watchers import Plan
from shared.keys import Keys

NCHAN, SSE_STARLETTE, OURS = "nchan", "sse-starlette", "platen server"
SSE_PACKAGES = ("sse-starlette==3.7.0", "starlette==1.10.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0")
# For the visitors, who open more connections the longer they wait.
SPARE_FILES = 1_024


class Target(NamedTuple):
    """A server that is measured.

    Attributes:
        port: on 127.0.0.1.
        pids: whose memory and CPU time count.
        plan: how to watch and to publish.
        page: path of a page that it serves, too.
    """

    port: int
    pids: list[int]
    plan: Plan
    page: str


Peer = Callable[[], AbstractContextManager[Target]]


@contextlib.contextmanager
def _ours(running: Running, count: int, core: int, **settings: object) -> Iterator[Target]:
    keys = Keys()
    request = (
        "GET /-/events?site=bench&page=p0 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
        f"Authorization: Bearer {TOKEN}\r\n\r\n"
    )
    with platen_server(running.redis_url, core, SSE_MAX_STREAMS=count + SPARE_FILES, **settings) as served:
        plan = Plan(
            count=count,
            port=served.port,
            request=request,
            ready='"type":"snapshot"',
            publish_to=running.redis_url.removeprefix("unix://"),
            framing="xadd",
            target=keys.events(keys.partition("bench")),
        )
        yield Target(served.port, [served.pid], plan, "/bench/p0")


@contextlib.contextmanager
def _nchan(folder: Path, module: Path, count: int, core: int) -> Iterator[Target]:
    server = [
        f"root {folder};",
        "default_type text/html;",
        "location = /watch { nchan_subscriber eventsource; nchan_channel_id bench; }",
        "location = /publish { nchan_publisher http; nchan_channel_id bench;",
        # Enough of a history that a watcher never finds a gap.
        "  nchan_message_buffer_length 1000; nchan_message_timeout 60s; }",
    ]
    with TemporaryDirectory(dir=folder) as own:
        text, http = "\n".join(server), "open_file_cache max=100; nchan_shared_memory_size 128M;"
        files = count + SPARE_FILES
        with nginx(Path(own), core, server=text, http=http, modules=[module], connections=files) as found:
            yield Target(found.port, found.pids, _http_plan(count, found.port, ready=": hi"), "/page")


@contextlib.contextmanager
def _sse_starlette(python: Path, folder: Path, count: int, core: int) -> Iterator[Target]:
    port, program = free_port(), Path(__file__).with_name("sse_peer.py")
    with started([str(python), str(program), str(port), str(folder / "page")], core) as process:
        wait_until(lambda: process.poll() is not None or listens(port), "sse-starlette listens")
        yield Target(port, [process.pid], _http_plan(count, port, ready="\r\n\r\n", resumes=False), "/page")


def _http_plan(count: int, port: int, ready: str, *, resumes: bool = True) -> Plan:
    request = "GET /watch HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
    return Plan(
        count=count,
        port=port,
        request=request,
        ready=ready,
        publish_to="",
        framing="post",
        target="/publish",
        resumes=resumes,
    )


def _find_sse_starlette() -> Path | None:
    """Python of a virtual environment with sse-starlette, made the first time; None where it cannot be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "platen-bench" / "-".join(SSE_PACKAGES[0].split("=="))
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *SSE_PACKAGES]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=120)
        subprocess.run(pip, check=True, timeout=180, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (subprocess.SubprocessError, OSError):
        return None
    (folder / "complete").touch()
    return python


def find_peers(running: Running, folder: Path, count: int, core: int) -> dict[str, Peer]:
    """Every peer that can be had, the others named."""
    peers: dict[str, Peer] = {OURS: lambda: _ours(running, count, core)}
    if has_fast_path():
        peers[f"{OURS}, ASGI"] = lambda: _ours(running, count, core, FAST_PATH=0)
    module = find_module("ngx_nchan_module")
    if find_nginx() and module:
        peers[NCHAN] = lambda: _nchan(folder, module, count, core)
        print(f"nchan in {nginx_version()}")
    else:
        print("left out: nchan (apt-get install nginx-light libnginx-mod-nchan)")
    python = _find_sse_starlette()
    if python:
        peers[SSE_STARLETTE] = lambda: _sse_starlette(python, folder, count, core)
        print(", ".join(SSE_PACKAGES).replace("==", " "))
    else:
        print("left out: sse-starlette, which could not be installed into a virtual environment of its own")
    return peers
