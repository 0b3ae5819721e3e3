"""What visitors got, held against what was published and who was up."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.chaos.history import Fault, Final, Life, Told, Visit

# How long after a fault of Redis a server may still fail to read a page that it does not hold.
RECOVERY_S = 5.0
REDIS = "redis"


class Sight(NamedTuple):
    """A server process showed a publication of a page, or told of it: from then on that one or a higher one.

    Attributes:
        began, ended: when, at the earliest and at the latest.
        seq: which publication; 0 where there was no page, -1 where it was gone.
        about: for people.
        is_visit: a stream may tell of the past, a visit shows what is now.
    """

    began: float
    ended: float
    seq: int
    about: str
    is_visit: bool = True


def check_no_step_back(visits: Sequence[Visit], told: Sequence[Told], final: Final) -> Iterator[str]:
    """On one server process, a page never shows an older publication than before.

    What its status streams told counts as well: who reads `page-built` finds the page.
    """
    sights: dict[tuple[str, int, str], list[Sight]] = defaultdict(list)
    for sight in told:
        if sight.event in {"page-built", "snapshot"} and sight.seq and sight.page:
            about = f"{sight.reader} was told {sight.event} {sight.id}"
            key = (sight.server, sight.incarnation, sight.page)
            sights[key].append(Sight(sight.at, sight.at, sight.seq, about, is_visit=False))
    unpublished = _unpublished(final)
    for seen in visits:
        key = (seen.server, seen.incarnation, seen.page)
        if seen.status in {200, 410, 404}:
            seq = {200: seen.seq, 404: 0}.get(seen.status, -1)
            sights[key].append(Sight(seen.began, seen.ended, seq, f"answered {seen.status}"))
    for key, found in sights.items():
        yield from _steps_back(key, found, unpublished.get(key[2], []))


def _steps_back(key: tuple[str, int, str], sights: list[Sight], unpublished: list[int]) -> Iterator[str]:
    server, incarnation, page = key
    by_end = sorted(sights, key=lambda sight: sight.ended)
    newest, known = Sight(0, 0, 0, ""), 0
    pinned: dict[int, Sight] = {}
    for sight in sorted(sights, key=lambda sight: sight.began):
        # Whatever ended before this one began was known by then; it was pinned when it began itself.
        while by_end[known].ended < sight.began:
            newest = max(newest, pinned[id(by_end[known])], key=lambda sight: sight.seq)
            known += 1
        pinned[id(sight)] = _pinned(sight, newest.seq, unpublished)
        if sight.is_visit and pinned[id(sight)].seq < newest.seq:
            yield (
                f"{page} on {server} (start {incarnation}): {sight.about} with seq {max(sight.seq, 0)} at "
                f"{sight.began:.3f}, and {newest.about} with seq {newest.seq} at {newest.ended:.3f}"
            )


def _pinned(sight: Sight, at_least: int, unpublished: list[int]) -> Sight:
    """A page that is gone does not say by which publication: the first that fits is the kindest reading."""
    if sight.seq >= 0:
        return sight
    return sight._replace(seq=next((seq for seq in unpublished if seq >= at_least), -1))


def _unpublished(final: Final) -> dict[str, list[int]]:
    return {
        name: sorted(seq for seq, record in page.publications.items() if record["version"] == 0)
        for name, page in final.pages.items()
    }


def check_whole_pages(visits: Sequence[Visit], final: Final) -> Iterator[str]:
    """A page is whole, and is the version that its headers say."""
    for seen in visits:
        about = f"{seen.page} on {seen.server} (start {seen.incarnation}) at {seen.began:.3f}"
        if seen.fault.startswith("not a whole page"):
            yield f"{about}: {seen.fault}"
        elif seen.status == 200:
            saved = final.pages[seen.page].configs.get(seen.version, {})
            record = final.pages[seen.page].publications.get(seen.seq, {})
            if saved.get("title") != f"Publish {seen.number}" or record.get("version") != seen.version:
                yield f"{about}: shows publish {seen.number} as v{seen.version} seq {seen.seq}"


def check_visitor_errors(visits: Sequence[Visit], lives: Sequence[Life], faults: Sequence[Fault]) -> Iterator[str]:
    """A server process that is up answers; with an error only for a page it does not hold while Redis is away."""
    up = _lifetimes(lives)
    held: dict[tuple[str, int, str], float] = {}
    for seen in sorted(visits, key=lambda seen: seen.ended):
        process, key = (seen.server, seen.incarnation), (seen.server, seen.incarnation, seen.page)
        if seen.status in {200, 410}:
            held.setdefault(key, seen.ended)
            continue
        began, ended = up.get(process, (float("inf"), 0.0))
        if seen.status == 404 or not (began <= seen.began and seen.ended < ended):
            continue
        is_held = held.get(key, float("inf")) < seen.began
        if seen.status == 503 and not is_held and _redis_was_away(seen, faults):
            continue
        what = seen.fault or f"answered {seen.status}"
        how = "which it had shown before" if is_held else "which it had not shown before"
        yield f"{seen.page} on {seen.server} (start {seen.incarnation}) at {seen.began:.3f}: {what}, {how}"


def _lifetimes(lives: Sequence[Life]) -> dict[tuple[str, int], tuple[float, float]]:
    """From the first answer to the end, by process and start."""
    spans: dict[tuple[str, int], tuple[float, float]] = {}
    for life in lives:
        key = (life.process, life.incarnation)
        if life.event == "ready":
            spans[key] = (life.at, float("inf"))
        elif life.event == "ended" and key in spans:
            spans[key] = (spans[key][0], life.at)
    return spans


def _redis_was_away(seen: Visit, faults: Sequence[Fault]) -> bool:
    """Whether Redis, or this server's way to it, was in trouble during a visit."""
    return any(
        (fault.target in {REDIS, f"network of {seen.server}"} or fault.kind.startswith("cut "))
        and fault.began <= seen.ended
        and seen.began <= fault.ended + RECOVERY_S
        for fault in faults
    )
