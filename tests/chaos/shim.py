"""Drives `shim.c`: a server whose disk can lose its power or be full, and whose clock can jump.

What a power loss leaves is modelled per file: everything up to its last sync; a file that was never synced is empty.
(That some bytes more may survive is the torn end that `test_power_loss.py` tries by itself.) Names are taken to be
kept, for both servers sync the directory when they have made or renamed a file in it.
"""

import atexit
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import needs_program

SOURCE = Path(__file__).with_name("shim.c")
_CONTROL = struct.Struct("=qq")


class Shim:
    """The control and the journal of one server's shim.

    Args:
        folder: where they are kept; not the server's.
    """

    def __init__(self, folder: Path) -> None:
        self._library = _library()
        self._control, self._journal = folder / "shim-control", folder / "shim-journal"
        self._clock_s, self._room = 0, -1
        self._journal.touch()
        self._tell()

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to run with it."""
        files = {"SHIM_CONTROL": str(self._control), "SHIM_JOURNAL": str(self._journal)}
        return {"LD_PRELOAD": str(self._library), **files}

    @contextmanager
    def preloaded(self) -> Iterator[None]:
        """Processes that are started inside the block run with it."""
        before = os.environ.copy()
        os.environ.update(self.environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def set_room(self, room_bytes: int | None) -> None:
        """Bound what the disk still takes; None frees it."""
        self._room = -1 if room_bytes is None else room_bytes
        self._tell()

    def set_clock(self, ahead_s: int) -> None:
        """Put the wall clock ahead of the true one; negative puts it back. A server may notice with its next cron."""
        self._clock_s = ahead_s
        self._tell()

    def synced(self) -> dict[int, int]:
        """Size of each file at its last sync, by inode."""
        lines = (line.split() for line in self._journal.read_text().splitlines())
        return {int(inode): int(size) for inode, size in lines}

    def bytes_synced(self, data: Path) -> int:
        """How much of a server's append-only files would survive."""
        kept = self.synced()
        return sum(kept.get(path.stat().st_ino, 0) for path in (data / "appendonlydir").iterdir())

    def cut_power(self, data: Path) -> None:
        """Leave of a killed server's append-only files what a power loss would.

        Args:
            data: its data directory.
        """
        kept = self.synced()
        for path in (data / "appendonlydir").iterdir():
            status = path.stat()
            os.truncate(path, min(kept.get(status.st_ino, 0), status.st_size))

    def _tell(self) -> None:
        # Written in place: the shim has mapped this very file.
        self._control.touch()
        with self._control.open("r+b") as control:
            control.write(_CONTROL.pack(self._clock_s, self._room))


@cache
def _library() -> Path:
    """Compile the shim, once per run."""
    if sys.platform != "linux":
        pytest.skip("the shim knows Linux only")
    compiler = needs_program("cc")
    folder = Path(tempfile.mkdtemp(prefix="platen-shim-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = folder / "shim.so"
    options = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, "-o", library, SOURCE], check=True)
    return library
