"""Redis's clock in our hands, by a library that is preloaded into it and reads what to add from a mapped file."""

import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
# Seconds to add to the clock, and bytes left on the disk, which stays without a bound here.
_CONTROL = struct.Struct("=qq")
_NO_BOUND = -1


class Clock:
    """The clock of a process that runs with the library.

    Args:
        library: path of the built library.
        folder: where its control file is kept.
    """

    def __init__(self, library: Path, folder: Path) -> None:
        self._library, self._control = library, folder / "clock-control"
        self._control.touch()
        self.jump(0)

    @property
    def environment(self) -> dict[str, str]:
        """What the process needs in its environment."""
        return {"LD_PRELOAD": str(self._library), "SHIM_CONTROL": str(self._control)}

    def jump(self, seconds: int) -> None:
        """Put the clock this many seconds off the true one."""
        # In place: the process has mapped this very file.
        with self._control.open("r+b") as control:
            control.write(_CONTROL.pack(seconds, _NO_BOUND))


def build_library(folder: Path) -> Path | None:
    """Build the library from its source beside this file.

    Returns:
        None where there is no source, or no compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None or not SOURCE.exists():
        return None
    library = folder / "shim.so"
    subprocess.run([compiler, "-std=c11", "-O2", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    return library
