"""Is what a reader was told the events stream, from its snapshot to the end?"""

from collections.abc import Iterator, Sequence

from shared.streams import position
from tests.chaos.history import Event, Told

WORDS = frozenset({"paused", "resumed"})


def check_stream(blocks: Sequence[Told], events: Sequence[Event]) -> Iterator[str]:
    """Compare what one reader was told, over all its connections, with what happened.

    Args:
        blocks: in the order in which they came; at least one.
        events: the whole stream, of which nothing was trimmed.
    """
    reader, topic = blocks[0].reader, blocks[0].topic
    due = [event for event in events if topic in (event.page, event.page.partition("/")[0])]
    told = 0  # how many of `due` the reader has, or had in its snapshot
    cursor = ""
    for block in blocks:
        about = f"{reader} of {topic} on {block.server} (start {block.incarnation}) at {block.at:.3f}"
        if block.event in WORDS:
            continue
        if block.event == "reset":
            yield f"{about}: a reset after {cursor}, although nothing was trimmed"
            cursor = ""
        elif block.event == "snapshot":
            if cursor:
                yield f"{about}: a snapshot at {block.id} after {cursor} without a reset"
            cursor, told = block.id, _count(due, block.id)
        elif not cursor:
            yield f"{about}: {block.event} {block.id} before any snapshot"
        else:
            reached = _count(due, block.id)
            expected = told if block.event == "cursor" else told + 1
            if position(block.id) < position(cursor) or reached < expected:
                yield f"{about}: {block.event} {block.id} again, after {cursor}"
            elif reached > expected:
                missing = due[told : reached - (block.event != "cursor")]
                names = ", ".join(f"{event.type} {event.id}" for event in missing[:5])
                yield f"{about}: {block.event} {block.id} came without {names} ({len(missing)} missing)"
            cursor, told = max(cursor, block.id, key=position), max(told, reached)
    if told < len(due):
        yield f"{reader} of {topic} was never told {due[told].type} {due[told].id} and {len(due) - told - 1} more"


def _count(due: Sequence[Event], at: str) -> int:
    """How many events are not after a position."""
    first, last, wanted = 0, len(due), position(at)
    while first < last:
        middle = (first + last) // 2
        if position(due[middle].id) <= wanted:
            first = middle + 1
        else:
            last = middle
    return first
