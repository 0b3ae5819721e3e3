"""Is what happened what was promised? Pure functions over the history of a run and the state it ended in.

Each check yields one readable sentence per violation, with the ids to look for in the history.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tests.chaos.history import Fault, Final, Life, Operation, Poison, RebuildRequest, Record, Told, Visit
from tests.chaos.pages import config, differs
from tests.chaos.readers import ENDS
from tests.chaos.rebuilt import check_nothing_left_old, check_nothing_taken, check_rebuilds_end
from tests.chaos.scheduled import check_schedules
from tests.chaos.streams import check_stream
from tests.chaos.visits import check_no_step_back, check_visitor_errors, check_whole_pages

# Longer than any fault and what it takes to notice it, even where several hit the same builder one after the other.
LONGEST_S = 45.0
TERMINAL = frozenset({"live", "failed", "superseded", "cancelled"})


class Past(NamedTuple):
    """A history by kind of record."""

    operations: list[Operation]
    visits: list[Visit]
    told: list[Told]
    lives: list[Life]
    faults: list[Fault]
    poisons: list[Poison]
    rebuilds: list[RebuildRequest]

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Past":
        """Sort records by their kind."""
        kinds: dict[type, list[Record]] = defaultdict(list)
        for record in records:
            kinds[type(record)].append(record)
        ordered = (Operation, Visit, Told, Life, Fault, Poison, RebuildRequest)
        return cls(*(kinds[kind] for kind in ordered))  # type: ignore[arg-type]


Check = Callable[[Past, Final], Iterator[str]]


def check(past: Past, final: Final) -> dict[str, list[str]]:
    """Violations by promise; every promise is there, with an empty list where it was kept."""
    return {promise: list(find(past, final)) for promise, find in CHECKS.items()}


def _nothing_lost(past: Past, final: Final) -> Iterator[str]:
    """Promise 1: what was acknowledged is there, as it was sent."""
    for operation in past.operations:
        if not operation.is_acknowledged:
            continue
        page, about = final.pages[operation.page], f"{operation.what} {operation.key} of {operation.page}"
        if operation.seq and operation.seq not in page.publications:
            yield f"{about}: acknowledged as publication {operation.seq}, which does not exist"
        if operation.number and operation.version not in page.listed:
            yield f"{about}: acknowledged as v{operation.version}, which is not listed"
        elif operation.number and differs(config(operation.number), page.configs.get(operation.version)):
            yield f"{about}: v{operation.version} holds another config than was sent"


def _ends_once(_past: Past, final: Final) -> Iterator[str]:
    """Promise 2: every publication ended, and ended once."""
    ends = Counter((event.page, event.seq) for event in final.events if event.type in ENDS)
    for name, page in final.pages.items():
        for seq, record in page.publications.items():
            about, steps = f"{name} publication {seq}", [step["state"] for step in record["steps"]]
            if record["state"] not in TERMINAL:
                yield f"{about} never ended: {' '.join(steps)}"
            elif sum(step in TERMINAL for step in steps) != 1 or steps[-1] != record["state"]:
                yield f"{about} is {record['state']} after {' '.join(steps)}"
            if record["state"] in TERMINAL and ends[name, seq] != 1:
                yield f"{about} is {record['state']} and {ends[name, seq]} events say that it ended"
            if record["state"] == "failed":
                yield f"{about} failed, which no config here does: {record.get('failure')}"


def _ends_in_time(past: Past, _final: Final) -> Iterator[str]:
    """Promise 2, in time: nothing waits until the next fault shakes it loose."""
    for (page, seq), seconds in times_to_end(past).items():
        if seconds > LONGEST_S:
            yield f"{page} publication {seq} took {seconds:.1f} s from its acknowledgement to the first news of its end"


def times_to_end(past: Past) -> dict[tuple[str, int], float]:
    """Seconds from the acknowledgement of a publication to the first news of its end, by page and seq."""
    ends: dict[tuple[str, int], float] = {}
    for told in past.told:
        if told.event in ENDS:
            ends.setdefault((told.page, told.seq), told.at)
    asked = [op for op in past.operations if op.is_acknowledged and op.seq and op.what not in {"replay", "mismatch"}]
    return {(op.page, op.seq): ends[op.page, op.seq] - op.ended for op in asked if (op.page, op.seq) in ends}


def _built_once(_past: Past, final: Final) -> Iterator[str]:
    """Promise 4: page-built at most once per publication, with rising seq."""
    newest: dict[str, int] = {}
    for event in final.events:
        if event.type not in {"page-built", "page-unpublished"}:
            continue
        if event.seq <= newest.get(event.page, 0):
            yield f"event {event.id}: {event.type} of {event.page} with seq {event.seq} after {newest[event.page]}"
        newest[event.page] = max(event.seq, newest.get(event.page, 0))


def _served_once(_past: Past, final: Final) -> Iterator[str]:
    """Promise 9: page-served once of all that went live, after it did, in that order, and in its record."""
    live: dict[tuple[str, int], int] = {}
    told: Counter[tuple[str, int]] = Counter()
    newest = 0
    for event in final.events:
        name = event.page, event.seq
        if event.type in {"page-built", "page-unpublished"}:
            live.setdefault(name, len(live) + 1)
        if event.type != "page-served":
            continue
        told[name] += 1
        if name not in live:
            yield f"event {event.id}: page-served of {event.page} with seq {event.seq}, which was not live before"
        elif live[name] < newest:
            yield f"event {event.id}: page-served of {event.page} with seq {event.seq} after what went live later"
        newest = max(newest, live.get(name, 0))
    for name, page in final.pages.items():
        for seq, record in page.publications.items():
            is_live = record["state"] == "live"
            if told[name, seq] != int(is_live) or bool(record.get("served")) != is_live:
                yield f"{name} publication {seq} is {record['state']} and was told of as served {told[name, seq]} times"


def _version_and_event(past: Past, final: Final) -> Iterator[str]:
    """Promise 5: a publication and its event, both or neither; no version without its publication."""
    announced = Counter((event.page, event.seq) for event in final.events if event.type == "config-published")
    for name, page in final.pages.items():
        for seq, record in page.publications.items():
            is_queued = any(step["state"] == "queued" for step in record["steps"])
            if announced.pop((name, seq), 0) != int(is_queued):
                yield f"{name} publication {seq}: queued {is_queued}, but not announced just so often"
            if record["version"] and record["version"] not in page.configs:
                yield f"{name} publication {seq}: its version v{record['version']} does not exist"
        yield from _unpublished_versions(name, past, final)
    for (name, seq), _ in announced.items():
        yield f"config-published of {name} publication {seq}, which does not exist"


def _unpublished_versions(name: str, past: Past, final: Final) -> Iterator[str]:
    asked = {op.number for op in past.operations if op.what == "publish" and op.page == name}
    page = final.pages[name]
    published = Counter(record["version"] for record in page.publications.values() if record["cause"] == "publish")
    for version, saved in page.configs.items():
        if _number_of(saved) in asked and not published[version]:
            yield f"{name} v{version} was to be published, and there is no publication of it"


def _one_version_per_key(past: Past, final: Final) -> Iterator[str]:
    """Promise 6: a key made one version, and was refused with another body."""
    for name, page in final.pages.items():
        numbers = Counter(_number_of(saved) for saved in page.configs.values())
        for number, count in numbers.items():
            if count > 1:
                versions = [version for version, saved in page.configs.items() if _number_of(saved) == number]
                yield f"{name}: publish {number} made {count} versions, {versions}"
    first = {op.key: op for op in past.operations if op.what not in {"replay", "mismatch"}}
    for op in past.operations:
        if op.what == "mismatch" and op.statuses[-1] != 422:
            yield f"{op.key} of {op.page}: another body under the same key was answered {op.statuses[-1]}, not 422"
        if op.what == "replay" and (op.version, op.seq) != (first[op.key].version, first[op.key].seq):
            was = first[op.key]
            yield f"{op.key} of {op.page}: v{was.version} seq {was.seq}, and v{op.version} seq {op.seq} when sent again"


def _newest_is_live(_past: Past, final: Final) -> Iterator[str]:
    """The highest publication that did not fail is live, in Redis and on every server."""
    live: dict[str, tuple[int, int]] = {}
    for name, page in final.pages.items():
        built = [seq for seq, record in page.publications.items() if record["state"] not in {"failed", "cancelled"}]
        highest = max(built, default=0)
        version = page.publications[highest]["version"] if highest else 0
        live[name] = (highest, version)
        if (page.live_seq, page.live_version) != live[name]:
            yield f"{name}: publication {highest} (v{version}) is not live, but {page.live_seq} (v{page.live_version})"
    for seen in final.visits:
        seq, version = live[seen.page]
        status = 200 if version else 410 if seq else 404
        if (seen.status, seen.seq, seen.version) != (status, seq if version else 0, version):
            shown = f"{seen.status}, seq {seen.seq}, v{seen.version} {seen.fault}"
            yield f"{seen.server} at the end: {seen.page} is {shown}; live is seq {seq}, v{version}"


def _same_bytes(_past: Past, final: Final) -> Iterator[str]:
    """Promise 8: whichever builder built a version, the bytes are the same."""
    etags: dict[tuple[str, int], str] = {}
    for event in final.events:
        if event.type == "page-built":
            first = etags.setdefault((event.page, event.version), event.etag)
            if event.etag != first:
                yield f"event {event.id}: {event.page} v{event.version} has etag {event.etag}, and had {first}"


def _nothing_left(_past: Past, final: Final) -> Iterator[str]:
    """Everything came to an end: no work waits, nothing is pending."""
    entries = {"waiting": final.waiting, "pending": final.pending, "put off": final.delayed}
    lists = {"publications": final.open, "rebuilds": final.rebuilding}
    if not final.was_quiet:
        yield "it did not become quiet in time"
    yield from (f"{count} entries are still {how}" for how, count in entries.items() if count)
    yield from (f"{count} {what} are still listed as open" for what, count in lists.items() if count)


def _dead_letters(past: Past, final: Final) -> Iterator[str]:
    """The dead letters are exactly the poison."""
    dead, kinds = Counter(letter.mark for letter in final.dead), {p.mark: p.kind for p in past.poisons}
    for mark, kind in kinds.items():
        if dead[mark] != 1:
            yield f"poison {mark} ({kind}) became {dead[mark]} dead letters"
    for letter in final.dead:
        if letter.mark not in kinds:
            yield f"entry {letter.mark} is a dead letter without being poison: {letter.code}: {letter.reason}"


def _processes(past: Past, final: Final) -> Iterator[str]:
    """No process ends by itself or falls silent, and the api answers nothing worse than 503."""
    yield from (f"{name} runs, and has no heartbeat" for name in final.silent)
    ready = {(life.process, life.incarnation) for life in past.lives if life.event == "ready"}
    for life in past.lives:
        # A web process may refuse to start while Redis is away; a builder waits.
        is_early = life.process.startswith(("api", "server")) and (life.process, life.incarnation) not in ready
        if life.event == "ended" and life.by == "itself" and not is_early:
            yield f"{life.process} (start {life.incarnation}) ended by itself with code {life.code} at {life.at:.3f}"
    for op in past.operations:
        if 500 in op.statuses:
            yield f"{op.what} {op.key} of {op.page}: the api answered 500 ({op.statuses}) after {op.began:.3f}"
    for request in past.rebuilds:
        if 500 in request.statuses:
            yield f"{request.what} {request.key}: the api answered 500 ({request.statuses}) after {request.began:.3f}"


def _streams(past: Past, final: Final) -> Iterator[str]:
    """Promise 7: what a reader was told is the stream, without a gap and without a repeat."""
    readers: dict[str, list[Told]] = defaultdict(list)
    for told in past.told:
        readers[told.reader].append(told)
    for blocks in readers.values():
        yield from check_stream(blocks, final.events)


CHECKS: dict[str, Check] = {
    "1 nothing acknowledged is lost": _nothing_lost,
    "2 every publication ends once": _ends_once,
    "2 every publication ends in time": _ends_in_time,
    "3 no step back for visitors": lambda past, final: check_no_step_back(past.visits, past.told, final),
    "3 no half pages": lambda past, final: check_whole_pages(past.visits, final),
    "3 no errors for visitors": lambda past, _: check_visitor_errors(past.visits, past.lives, past.faults),
    "3 the newest is live at the end": _newest_is_live,
    "4 page-built once, seq rises": _built_once,
    "9 page-served once, after page-built": _served_once,
    "5 version and event, both or none": _version_and_event,
    "6 one version per key": _one_version_per_key,
    "7 streams without gap or repeat": _streams,
    "8 same bytes on any builder": _same_bytes,
    "10 schedules fire once or never": lambda past, final: check_schedules(past.operations, final),
    "11 rebuilds end": lambda past, final: check_rebuilds_end(past.rebuilds, final),
    "11 rebuilds take nothing away": lambda _, final: check_nothing_taken(final),
    "11 rebuilds leave no page as it was": lambda past, final: check_nothing_left_old(
        past.rebuilds, past.operations, past.told, final
    ),
    "nothing is left over": _nothing_left,
    "dead letters are the poison": _dead_letters,
    "processes stand": _processes,
}


def _number_of(saved: dict[str, str]) -> int:
    """Which publish a stored config comes from."""
    return int(saved["title"].removeprefix("Publish "))
