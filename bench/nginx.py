"""nginx as a peer: one worker on one core, everything in a folder of its own, tuned for what is measured."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.processes import family, free_port, listens, started, wait_until

MODULES = Path("/usr/lib/nginx/modules")

_CONFIG = """\
{modules}
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  server_tokens off;
  keepalive_requests 1000000000;
  keepalive_timeout 75s;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{http}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
{server}
  }}
}}
"""


class Nginx(NamedTuple):
    """An nginx that answers.

    Attributes:
        port: on 127.0.0.1.
        pids: master and worker.
    """

    port: int
    pids: list[int]


def find_nginx() -> str | None:
    """The program, None where it is not installed."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def find_module(name: str) -> Path | None:
    """A dynamic module, None where it is not installed."""
    path = MODULES / f"{name}.so"
    return path if path.exists() else None


def nginx_version() -> str:
    """Such as `nginx/1.22.1`."""
    said = subprocess.run([find_nginx() or "nginx", "-v"], capture_output=True, text=True, check=True).stderr
    return said.strip().rpartition(" ")[2]


@contextlib.contextmanager
def nginx(
    folder: Path, core: int, *, server: str, http: str = "", modules: list[Path] | None = None, connections: int = 1024
) -> Iterator[Nginx]:
    """Run nginx.

    Args:
        folder: an empty one, for its files.
        core: where it runs.
        server, http: directives of these two blocks.
        modules: dynamic modules to load.
        connections: most that are open at once.
    """
    program, port = find_nginx(), free_port()
    assert program, "nginx is not installed"
    config = folder / "nginx.conf"
    text = _CONFIG.format(
        modules="\n".join(f"load_module {path};" for path in modules or []),
        # Started by root, its worker would be somebody else, who may not read the folder.
        user="user root;" if os.geteuid() == 0 else "",
        files=connections + 64,
        # With less than a sixteenth of them free it would close idle ones, the publisher's too.
        connections=2 * connections,
        folder=folder,
        http=http,
        port=port,
        server=server,
    )
    config.write_text(text)
    with started([program, "-e", str(folder / "error.log"), "-c", str(config)], core) as process:
        wait_until(lambda: process.poll() is not None or _is_whole(port, process.pid), "nginx listens")
        if process.poll() is not None:
            raise RuntimeError(f"nginx does not start: {(folder / 'error.log').read_text()}")
        yield Nginx(port, family(process.pid))


def _is_whole(port: int, pid: int) -> bool:
    """Whether it listens and has its worker: the master listens before there is one."""
    return listens(port) and len(family(pid)) > 1
