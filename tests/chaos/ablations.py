"""The proof of the proof: take a guard out of the product, and see the run refused.

A guard is removed from the text of a copy of the source; where that text is not found the ablation
itself is wrong, and says so.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

from tests.harness import ROOT

LUA = "shared/lua/"


class Cut(NamedTuple):
    """One change of the source.

    Attributes:
        path: the file.
        guard: text that is there exactly once.
        instead: what stands there without the guard.
    """

    path: str
    guard: str
    instead: str


class Ablation(NamedTuple):
    """A guard that is taken out.

    Attributes:
        breaks: the promise that the checker must then find broken.
        cuts: the changes.
    """

    breaks: str
    cuts: list[Cut]


ABLATIONS: dict[str, Ablation] = {
    # A build commits whether or not a newer publication is live.
    "fence": Ablation(
        "4 page-built once, seq rises",
        [Cut(LUA + "commit.lua", "if live >= record.seq then", "if false then")],
    ),
    # A request that is sent again is a new request.
    "idempotency": Ablation(
        "6 one version per key",
        [Cut(LUA + "lib.lua", "if not known[1] then return 'new' end", "do return 'new' end")],
    ),
    # A rebuild does not look whether somebody waits for a page.
    "passing-over": Ablation(
        "11 rebuilds take nothing away",
        [Cut(LUA + "rebuild.lua", "if version == 0 or somebody_waits then", "if version == 0 then")],
    ),
    # An entry is acknowledged when it is taken, and what it asks for is written later.
    "atomic-commit": Ablation(
        "2 every publication ends once",
        [
            Cut(LUA + "commit.lua", "settle_entry(lane, group, entry)\nreturn { 'live' }", "return { 'live' }"),
            Cut(LUA + "start.lua", "step(record, 'building', at, builder)", "\\0\nsettle_entry(lane, group, entry)"),
            # It would find what is lost that way, and queue it again.
            Cut(
                "services/builder/reconcile.py",
                "found = await self.reconcile(partition, GRACE_MS, is_thorough=self._turns % THOROUGH_EVERY == 0)",
                "found = Found()",
            ),
        ],
    ),
}


def ablate(name: str, folder: Path, source: Path = ROOT) -> Path:
    """Copy the services without a guard.

    Args:
        name: one of ABLATIONS.
        folder: where to; made anew.
        source: the tree to copy from.

    Returns:
        the tree to run them from.
    """
    for package in ("services", "shared"):
        shutil.copytree(source / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for cut in ABLATIONS[name].cuts:
        path = folder / cut.path
        text = path.read_text()
        assert text.count(cut.guard) == 1, f"{cut.path} has changed, and the ablation {name!r} with it is void"
        path.write_text(text.replace(cut.guard, cut.instead.replace("\\0", cut.guard)))
    return folder
