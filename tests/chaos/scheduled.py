"""Did every schedule do what was asked for, once, or nothing at all?"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from tests.chaos.history import Final, Operation

ENDS = {"done": "schedule-fired", "failed": "schedule-failed", "cancelled": "schedule-cancelled"}


def check_schedules(operations: Sequence[Operation], final: Final) -> Iterator[str]:
    """Promise 10: what was acknowledged is there, ended once, and made one publication or none.

    Args:
        operations: what clients asked for.
        final: the state in which the run ended.
    """
    yield from _acknowledged(operations, final)
    told = Counter((event.page, event.schedule, event.type) for event in final.events if event.schedule)
    made = _made(final)
    for site, schedules in final.schedules.items():
        for number, record in schedules.items():
            page = f"{site}/{record['page']}"
            about = f"schedule {number} of {page}"
            yield from _ended_once(about, page, record, told)
            yield from _made_once(about, page, record, made.pop((site, number), []))
    for (site, number), found in made.items():
        yield f"publications {found} come from schedule {number} of {site}, which does not exist"


def _acknowledged(operations: Sequence[Operation], final: Final) -> Iterator[str]:
    for op in operations:
        if op.what not in {"schedule", "cancel"} or not op.schedule:
            continue
        site, _, page = op.page.partition("/")
        record = final.schedules.get(site, {}).get(op.schedule, {})
        about, answer = f"{op.what} {op.key} of {op.page}: schedule {op.schedule}", op.statuses[-1]
        if op.what == "schedule" and (record.get("page"), record.get("version")) != (page, op.version):
            yield f"{about} was acknowledged for v{op.version}, and is {record}"
        if op.what == "cancel" and (answer == 200) != (record.get("state") == "cancelled"):
            yield f"{about}: the cancel was answered {answer}, and it is {record.get('state')}"


def _made(final: Final) -> dict[tuple[str, int], list[tuple[str, int]]]:
    """Publications by the schedule that they come from."""
    made: defaultdict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
    for name, page in final.pages.items():
        for seq, record in page.publications.items():
            if record["cause"] == "schedule":
                made[name.partition("/")[0], record["schedule"]].append((name, seq))
    return made


def _ended_once(about: str, page: str, record: dict[str, Any], told: Counter[tuple[str, int, str]]) -> Iterator[str]:
    state = record["state"]
    if state not in ENDS:
        yield f"{about} never ended: it is {state}, due at {record['at']}"
        return
    for end, kind in ENDS.items():
        times = told[page, record["id"], kind]
        if times != int(end == state):
            yield f"{about} is {state}, and {times} events say {kind}"


def _made_once(about: str, page: str, record: dict[str, Any], made: list[tuple[str, int]]) -> Iterator[str]:
    expected = [(page, record["publication_seq"])] if record["state"] == "done" else []
    if made != expected:
        yield f"{about} is {record['state']} and made {made}, not {expected}"
