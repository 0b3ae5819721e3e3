"""Which fault comes when: decided before the run, from its seed alone."""

import random
from collections.abc import Sequence
from typing import NamedTuple

ROUND_S = 60.0
# The first faults meet a system that is at work, and the last ones are over before the end.
FIRST_S, LAST_S = 3.0, 5.0

KINDS = (
    "kill api",
    "kill server",
    "kill builder",
    "kill in commit",
    "late commit",
    "kill redis",
    "freeze api",
    "freeze server",
    "freeze builder",
    "freeze redis",
    "pause clients",
    "out of memory",
    "read-only",
    "no replicas",
    "cut requests",
    "cut replies",
    "black hole",
    "refuse connections",
    "scale builders",
    "poison",
    "power loss",
    "full disk",
    "clock jump",
)
# They need Redis's disk and clock in our hands: Linux, and a C compiler.
NEED_SHIM = frozenset({"power loss", "full disk", "clock jump"})


class Planned(NamedTuple):
    """One fault to come.

    Attributes:
        at: seconds from the beginning.
        kind: which.
        dice: decides its particulars.
    """

    at: float
    kind: str
    dice: random.Random


def rounds(seconds: float) -> int:
    """How often each kind of fault occurs in a run of some length: once a minute."""
    return max(1, round(seconds / ROUND_S))


def make_plan(seed: int, seconds: float, kinds: Sequence[str]) -> list[Planned]:
    """Faults evenly over the run; each kind once in every round, in an order of the round's own."""
    dice, order = random.Random(f"plan {seed}"), []
    for _ in range(rounds(seconds)):
        order += dice.sample(kinds, len(kinds))
    every_s = max(0.0, seconds - FIRST_S - LAST_S) / max(1, len(order))
    return [
        Planned(FIRST_S + number * every_s, kind, random.Random(dice.random())) for number, kind in enumerate(order)
    ]
