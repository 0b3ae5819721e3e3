"""Did every rebuild build its site anew and end, and did none of them take away what a person asked for?"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from shared.rebuilds import KEEP
from tests.chaos.history import Final, Operation, PageEnd, RebuildRequest, Told

ENDS = ("live", "failed", "superseded", "cancelled")


class Name(NamedTuple):
    """Which rebuild."""

    site: str
    number: int

    def __str__(self) -> str:
        return f"rebuild {self.number} of {self.site}"


def check_rebuilds_end(asked: Sequence[RebuildRequest], final: Final) -> Iterator[str]:
    """What was acknowledged is there, came to each page once, and ended as its counts and its pages say.

    Args:
        asked: what operators asked for.
        final: the state in which the run ended.
    """
    records, made = _records(final), _made(final)
    yield from _acknowledged(asked, final)
    for name in made:
        if name not in records and not _is_forgotten(name, final):
            yield f"publications come from {name}, which does not exist"
    for name, record in records.items():
        if _is_forgotten(name, final):
            yield f"{name} is to be forgotten, and is {record}"
        elif "state" not in record:
            yield f"{name} is half there: {record}"
        else:
            yield from _ended(name, record, made.get(name, []))


def _acknowledged(asked: Sequence[RebuildRequest], final: Final) -> Iterator[str]:
    records, first = _records(final), {request.key: request for request in asked if request.what == "begin"}
    begun = Counter(Name(request.site, request.number) for request in first.values() if request.number)
    yield from (f"{name} was begun by {count} requests" for name, count in begun.items() if count > 1)
    called_off = {Name(request.site, request.number) for request in asked if request.what == "call off"}
    for request in asked:
        name, answer = Name(request.site, request.number), request.statuses[-1]
        about, is_forgotten = f"{request.what} {request.key}: {name}", _is_forgotten(name, final)
        state = records.get(name, {}).get("state", "")
        if request.number and not state and not is_forgotten:
            yield f"{about} was acknowledged, and does not exist"
        if request.what == "replay" and first[request.key].number and request.number != first[request.key].number:
            yield f"{about}, and the same request began {first[request.key].number}"
        if request.what == "call off" and state and (answer == 200) != (state == "cancelled"):
            yield f"{about}: that was answered {answer}, and it is {state}"
    for name, record in records.items():
        if record.get("state") == "cancelled" and name not in called_off:
            yield f"{name} is cancelled, and nobody called it off"


def _ended(name: Name, record: dict[str, Any], made: list[dict[str, Any]]) -> Iterator[str]:
    counts, states = {end: record.get(end, 0) for end in ENDS}, Counter(found["state"] for found in made)
    if record["state"] == "running" or sum(counts.values()) < record.get("queued", 0):
        yield f"{name} never ended: {record}"
    if record.get("queued", 0) != len(made):
        yield f"{name} counts {record.get('queued', 0)} pages that it queued, and there are {len(made)} publications"
    for end, count in counts.items():
        if count != states[end]:
            yield f"{name} counts {count} pages that are {end}, and there are {states[end]}"
    for page, times in Counter(found["page"] for found in made).items():
        if times > 1:
            yield f"{name} queued {page} {times} times"
    if record["state"] == "queued":
        if record.get("queued", 0) + record.get("skipped", 0) < record["total"]:
            yield f"{name} left pages out: {record}"
        if counts["failed"] or counts["cancelled"]:
            yield f"{name} was not called off, and did not build every page: {record}"


def check_nothing_taken(final: Final) -> Iterator[str]:
    """A rebuild supersedes nothing that a person asked for, and shows no version that was not live just before.

    Args:
        final: the state in which the run ended.
    """
    records = _records(final)
    for name, page in final.pages.items():
        for seq, record in page.publications.items():
            about = f"{name} publication {seq}"
            if record["state"] == "superseded" and not record.get("rebuild"):
                yield from _overtaken_by_a_person(about, seq, record["superseded_by"], page)
            if record["state"] == "cancelled":
                rebuild = Name(name.partition("/")[0], record.get("rebuild", 0))
                if records.get(rebuild, {}).get("state", "cancelled") != "cancelled" or not rebuild.number:
                    yield f"{about} was cancelled, and nobody called it off"
    yield from _same_versions(final)


def _overtaken_by_a_person(about: str, seq: int, by: int, page: PageEnd) -> Iterator[str]:
    newer = [other for other in page.publications if seq < other <= by]
    if all(page.publications[other].get("rebuild") for other in newer):
        yield f"{about}, which a person asked for, was superseded by {by}, which a rebuild did"


def _same_versions(final: Final) -> Iterator[str]:
    live: dict[str, int] = {}
    for event in final.events:
        if event.type not in {"page-built", "page-unpublished"}:
            continue
        record = final.pages[event.page].publications.get(event.seq, {})
        before = live.get(event.page, 0)
        if record.get("rebuild") and before != event.version:
            about = f"event {event.id}: rebuild {record['rebuild']} made v{event.version} of {event.page} live"
            yield f"{about}, and before it {f'v{before}' if before else 'nothing'} was"
        live[event.page] = event.version if event.type == "page-built" else 0


def check_nothing_left_old(
    asked: Sequence[RebuildRequest], operations: Sequence[Operation], told: Sequence[Told], final: Final
) -> Iterator[str]:
    """After a rebuild that was not called off, no page is as it was built before it was asked for.

    A page may well be, where somebody asked for another publication meanwhile: for that it was left alone.

    Args:
        asked: what operators asked for.
        operations: what editors asked for.
        told: what readers were told, and when: what they were told of before had happened before.
        final: the state in which the run ended.
    """
    begun, since = _begun(told), _asked_since(asked, operations, final)
    for site, spans in _spans(asked, final).items():
        for page in (name for name in final.pages if name.startswith(f"{site}/")):
            publications = final.pages[page].publications
            for seq, record in publications.items():
                if record["state"] != "live" or not record["version"] or (page, seq) not in begun:
                    continue
                until = since.get((page, _following(publications, seq)), 0.0)
                for name, began, ended in spans:
                    if begun[page, seq] < began and ended < until:
                        about = f"{page} was as publication {seq} was built at {begun[page, seq]:.3f}"
                        yield f"{about} or before, after {name}, from {began:.3f} to {ended:.3f}"


def _following(publications: dict[int, dict[str, Any]], seq: int) -> int:
    """The next publication for which a page may have been left alone; 0 where nothing went live any more."""
    newer = {other: record["state"] for other, record in publications.items() if other > seq}
    if "live" not in newer.values():
        return 0
    return min(other for other, state in newer.items() if state != "cancelled")


def _spans(asked: Sequence[RebuildRequest], final: Final) -> dict[str, list[tuple[Name, float, float]]]:
    """Rebuilds that were not called off, by site: from when they were asked for to when they were seen to be over."""
    over = {Name(request.site, request.number): request.ended for request in asked if request.what == "watch"}
    called_off = {Name(request.site, request.number) for request in asked if request.what == "call off"}
    spans: defaultdict[str, list[tuple[Name, float, float]]] = defaultdict(list)
    for request in asked:
        name = Name(request.site, request.number)
        if request.what == "begin" and request.number and name not in called_off:
            spans[request.site].append((name, request.began, over.get(name, final.at)))
    return spans


def _asked_since(
    asked: Sequence[RebuildRequest], operations: Sequence[Operation], final: Final
) -> dict[tuple[str, int], float]:
    """When a publication was asked for, at the earliest; of what a schedule asked for, that is not known."""
    since = {(name, 0): float("inf") for name in final.pages}
    since |= {(op.page, op.seq): op.began for op in operations if op.seq and op.what not in {"replay", "mismatch"}}
    begun = {Name(request.site, request.number): request.began for request in asked if request.what == "begin"}
    # A person's publication has no rebuild, and a rebuild that was refused no number.
    begun = {name: began for name, began in begun.items() if name.number}
    for name, page in final.pages.items():
        for seq, record in page.publications.items():
            rebuild = Name(name.partition("/")[0], record.get("rebuild", 0))
            if rebuild in begun:
                since[name, seq] = begun[rebuild]
    return since


def _begun(told: Sequence[Told]) -> dict[tuple[str, int], float]:
    """When the build of a publication that went live began, the last time, or when it went live without one.

    Not earlier than it did: as soon as anybody was told.
    """
    heard: dict[tuple[str, str], Told] = {}
    for block in sorted(told, key=lambda block: block.at):
        if block.event in {"build-started", "page-built"}:
            heard.setdefault((block.page, block.id), block)
    begun: dict[tuple[str, int], float] = {}
    for block in heard.values():
        name = block.page, block.seq
        begun[name] = begun.get(name, block.at) if block.event == "page-built" else block.at
    return begun


def _records(final: Final) -> dict[Name, dict[str, Any]]:
    return {Name(site, number): found for site, every in final.rebuilds.items() for number, found in every.items()}


def _is_forgotten(name: Name, final: Final) -> bool:
    return name.number <= max(final.rebuilds.get(name.site, {}), default=0) - KEEP


def _made(final: Final) -> dict[Name, list[dict[str, Any]]]:
    """Publications, with their pages, by the rebuild that they come from."""
    made: defaultdict[Name, list[dict[str, Any]]] = defaultdict(list)
    for name, page in final.pages.items():
        for record in page.publications.values():
            if record.get("rebuild"):
                made[Name(name.partition("/")[0], record["rebuild"])].append({**record, "page": name})
    return made
