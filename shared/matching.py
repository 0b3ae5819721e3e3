"""Which parts of two lists are the same thing: what `shared/changes.py` compares stands here side by side.

All of it takes n log n steps in the length of its lists, but for widgets without an id, of which there are 200 at most:
these are compared each with each by sketches of fixed size, so that neither long tables nor long texts cost more.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

SKETCH = 64
# Two widgets with ids of their own are taken for one only where they have at least so much in common.
ALIKE = 0.5

_ENCODER = msgspec.json.Encoder(order="deterministic")

Pair = tuple[int, int]


class _Look(NamedTuple):
    """What a widget is matched by.

    Attributes:
        kind: its type; "" where it has none.
        id: its id; "" where it has none.
        content: all of it but the id, in one spelling.
        sketch: the lowest hashes of its words; what two sketches share tells how alike they are.
    """

    kind: str
    id: str
    content: bytes
    sketch: frozenset[int]

    @property
    def name(self) -> tuple[str, str] | None:
        """What it is called; two of different types are never the same."""
        return (self.kind, self.id) if self.id else None


def spelling(value: Any) -> bytes:
    """The one JSON text of a value."""
    return _ENCODER.encode(value)


def match_widgets(before: Sequence[Any], after: Sequence[Any]) -> list[Pair]:
    """Widgets that are the same one, as places in both lists, by the first: by id, by content, then by likeness."""
    one, other = [_look(widget) for widget in before], [_look(widget) for widget in after]
    pairs = _pair([look.name for look in one], [look.name for look in other], [])
    pairs += _pair([look.content for look in one], [look.content for look in other], pairs)
    return sorted([*pairs, *_most_alike(one, other, pairs)])


def match_items(before: Sequence[Any], after: Sequence[Any]) -> list[Pair]:
    """Items of a list that are the same one, in the order of both: by content, and between those by place."""
    one, other = [spelling(item) for item in before], [spelling(item) for item in after]
    start = _common_start(one, other)
    end = _common_start(one[start:][::-1], other[start:][::-1])
    middle = _pair(one[start : len(one) - end], other[start : len(other) - end], [])
    anchors = [(at, at) for at in range(start)]
    anchors += [(i + start, j + start) for i, j in in_order(sorted(middle))]
    anchors += [(len(one) - at, len(other) - at) for at in range(end, 0, -1)]
    return list(_with_gaps(anchors, (len(one), len(other))))


def _with_gaps(anchors: Sequence[Pair], end: Pair) -> Iterator[Pair]:
    """What is certain, and between it one with one as far as both sides go."""
    last = (-1, -1)
    for i, j in [*anchors, end]:
        yield from zip(range(last[0] + 1, i), range(last[1] + 1, j), strict=False)
        if (i, j) != end:
            yield i, j
        last = (i, j)


def in_order(pairs: Sequence[Pair]) -> list[Pair]:
    """As many pairs as can be had whose places rise on both sides: the longest common subsequence.

    Args:
        pairs: by the first place.
    """
    # ends[n]: the lowest place at which a run of n + 1 pairs can end so far; last[n]: the pair it ends with.
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for at, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1], last[length : length + 1] = [place], [at]
    found: list[Pair] = []
    at = last[-1] if last else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _look(widget: Any) -> _Look:
    if not isinstance(widget, dict):
        return _Look("", "", spelling(widget), frozenset())
    kind, id_ = (text if isinstance(text := widget.get(name), str) else "" for name in ("type", "id"))
    content = spelling({name: value for name, value in widget.items() if name != "id"})
    return _Look(kind, id_, content, _sketch(content))


def _sketch(content: bytes) -> frozenset[int]:
    return frozenset(sorted({crc32(word) for word in content.split()})[:SKETCH])


def _pair(before: Sequence[Hashable], after: Sequence[Hashable], taken: Sequence[Pair]) -> list[Pair]:
    """Pairs of equal keys: the first with the first, the second with the second; None is equal to nothing."""
    places = [
        {key: place for place, key in _numbered(keys, {pair[side] for pair in taken})}
        for side, keys in enumerate((before, after))
    ]
    return [(place, places[1][key]) for key, place in places[0].items() if key in places[1]]


def _numbered(keys: Sequence[Hashable], taken: set[int]) -> Iterator[tuple[int, Hashable]]:
    seen: Counter[Hashable] = Counter()
    for place, key in enumerate(keys):
        if key is not None and place not in taken:
            seen[key] += 1
            yield place, (key, seen[key])


def _common_start(before: Sequence[bytes], after: Sequence[bytes]) -> int:
    differing = (at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other)
    return next(differing, min(len(before), len(after)))


def _most_alike(before: Sequence[_Look], after: Sequence[_Look], taken: Sequence[Pair]) -> Iterator[Pair]:
    """Of each type the most alike first; those that are equally alike in their order."""
    others = _by_kind(after, {j for _, j in taken})
    for kind, places in _by_kind(before, {i for i, _ in taken}).items():
        done: tuple[set[int], set[int]] = (set(), set())
        for *_, i, j in sorted(_ranked(before, after, places, others.get(kind, []))):
            if i not in done[0] and j not in done[1]:
                done[0].add(i)
                done[1].add(j)
                yield i, j


def _ranked(
    before: Sequence[_Look], after: Sequence[_Look], places: Sequence[int], others: Sequence[int]
) -> Iterator[tuple[float, int, int, int, int]]:
    """Every pair that may be one, by how much is against it; that is the same both ways."""
    for (rank, i), (other, j) in product(enumerate(places), enumerate(others)):
        score = _likeness(before[i], after[j])
        if score >= ALIKE or not (before[i].id and after[j].id):
            yield -score, abs(rank - other), min(rank, other), i, j


def _by_kind(looks: Sequence[_Look], taken: set[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for place, look in enumerate(looks):
        if place not in taken:
            found[look.kind].append(place)
    return found


def _likeness(one: _Look, other: _Look) -> float:
    """How much two widgets have in common: 0 to 1, the same both ways."""
    most = max(len(one.sketch), len(other.sketch))
    return len(one.sketch & other.sketch) / most if most else 0.0
