"""The files of the editors' app, read once and held in memory.

Their address carries a hash of all of them, so a browser keeps them for ever and never mixes two releases: modules
import each other by relative addresses and so stay below the same hash.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Self

# In capitals, which no slug has: the pages of a site called `static` keep their addresses.
HASH_PATTERN = "[0-9A-F]{20}"
STATIC = Path(__file__).parent / "static"
# What a browser is told a file is; a file of another kind is none of ours.
MEDIA_TYPES: Mapping[str, str] = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
# All style sheets, one after the other.
SHEET = "app.css"
# Other style sheets may change what these set, so these come first.
FIRST_SHEETS = ("css/tokens.css", "css/base.css")


class Asset(NamedTuple):
    """One file.

    Attributes:
        body: its bytes.
        media_type: what it is.
    """

    body: bytes
    media_type: str


class Assets:
    """All files by their path below `static/`.

    Args:
        files: path with forward slashes -> the file.
    """

    def __init__(self, files: Mapping[str, Asset]) -> None:
        self.files = files
        self.hash = _hash(files)

    @classmethod
    def read(cls, folder: Path = STATIC) -> Self:
        """Read them from the disk; this blocks for a few milliseconds."""
        found = sorted(path for path in folder.rglob("*") if path.suffix in MEDIA_TYPES)
        return cls(
            {path.relative_to(folder).as_posix(): Asset(path.read_bytes(), MEDIA_TYPES[path.suffix]) for path in found}
        )

    @property
    def style_sheets(self) -> list[str]:
        """Paths of the style sheets, in the order in which they apply."""
        sheets = [path for path in self.files if path.endswith(".css")]
        return [*(sheet for sheet in FIRST_SHEETS if sheet in sheets), *_without(sheets, FIRST_SHEETS)]

    @property
    def modules(self) -> dict[str, str]:
        """Path -> text of the modules."""
        return {path: asset.body.decode() for path, asset in self.files.items() if path.endswith(".js")}

    @property
    def served(self) -> dict[str, Asset]:
        """What a browser is given: the files, with all style sheets in one, for each of them is needed at once."""
        others = {path: asset for path, asset in self.files.items() if not path.endswith(".css")}
        sheets = b"\n".join(self.files[path].body for path in self.style_sheets)
        return {**others, SHEET: Asset(sheets, MEDIA_TYPES[".css"])}


def _without(paths: list[str], some: tuple[str, ...]) -> list[str]:
    return [path for path in paths if path not in some]


def _hash(files: Mapping[str, Asset]) -> str:
    everything = sha256()
    for path, asset in sorted(files.items()):
        everything.update(b"%d:%b%d:" % (len(path), path.encode(), len(asset.body)))
        everything.update(asset.body)
    return everything.hexdigest()[:20].upper()
