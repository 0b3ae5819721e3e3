"""Dead letters: what failed for good, to be looked at and removed by operators.

Builders keep them (services/builder/commit.py). Nothing puts one back: its publication has ended, and ends once;
publishing the version again is the way.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Literal, NamedTuple

import msgspec

from shared.connection import Client, translated
from shared.errors import NotFound
from shared.idempotency import Request, refuse_mismatch, remembering, scoped
from shared.keys import Keys, Lane
from shared.listing import Listing
from shared.scripts import Argument, Call, refuse_unavailable, run, run_all, script
from shared.settings import Settings

# What one call reads of each partition.
MOST_LOOKED_AT = 1_000
MOST_BYTES = 4 * 1024 * 1024
# Of a field, in a list.
LONGEST_BYTES = 500

LETTER_PATTERN = "^[0-9]{1,4}-[0-9]{1,15}-[0-9]{1,19}$"
_LETTER = re.compile(LETTER_PATTERN)


class LetterId(NamedTuple):
    """Which dead letter; they compare in the order of time, over all partitions.

    Attributes:
        at: when it was kept, ms since the epoch; with `number` its position in the stream.
        number: among those of that millisecond.
        partition: whose stream it is in.
    """

    at: int
    number: int
    partition: int

    @property
    def position(self) -> str:
        return f"{self.at}-{self.number}"

    def __str__(self) -> str:
        return f"{self.partition}-{self.position}"


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter in a list.

    Attributes:
        id: its partition and its position in the stream.
        at: when it was kept, milliseconds since the epoch, UTC.
        site, page: slugs of the page it is about; "" where nobody could tell.
        seq: the publication that failed, 0 where there is none.
        code: what kind of failure it was.
        reason: a sentence; in a list its first 500 bytes.
    """

    id: str
    at: int
    site: str
    page: str
    seq: int
    code: str
    reason: str


class WholeDeadLetter(DeadLetter, frozen=True, kw_only=True):
    """A dead letter with all that was kept.

    Attributes:
        pointer: JSON pointer into the config, "" where no field is to blame.
        traceback: where the failure came from in the builder's code, "" where it came from nowhere there.
        attempts: how often the publication was tried, 0 where there is none.
        builder: who gave it up.
        lane: where the entry came from.
        entry: its position there.
        type: type of its event.
        data: its bytes.
        encoding: what `data` is: text, or Base64 of bytes that are not UTF-8.
        traceparent: W3C trace context of whoever asked.
    """

    pointer: str
    traceback: str
    attempts: int
    builder: str
    lane: Lane
    entry: str
    type: str
    data: str
    encoding: Literal["utf-8", "base64"]
    traceparent: str


class Wish(NamedTuple):
    """Which dead letters are looked for.

    Attributes:
        site, page, code: only those about these; "" for any.
        before: the one behind which to begin, None for the newest.
        limit: most letters.
    """

    site: str = ""
    page: str = ""
    code: str = ""
    before: LetterId | None = None
    limit: int = 50


class _Stretch(NamedTuple):
    """What one partition was looked through for: its letters, and the last one looked at where others follow."""

    letters: list[tuple[LetterId, DeadLetter]]
    end: LetterId | None


def parse_letter(text: str) -> LetterId | None:
    """Read an id as people type it; None where it is none."""
    if not _LETTER.fullmatch(text):
        return None
    partition, at, number = text.split("-")
    return LetterId(int(at), int(number), int(partition))


class DeadLetterStore:
    """Dead letters in Redis.

    Args:
        client: for short calls.
        keys: names.
        settings: how long idempotency keys are remembered.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._keys, self._settings = client, keys, settings

    async def listed(self, wish: Wish) -> Listing[DeadLetter]:
        """Dead letters of all partitions, the newest first; there may be none although others follow.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        partitions = range(self._keys.partitions)
        answers = await run_all(self._client, [self._look(partition, wish) for partition in partitions])
        refuse_unavailable(answers)
        return _merge([_stretch(*found) for found in zip(partitions, answers, strict=True)], wish.limit)

    async def show(self, letter: LetterId) -> WholeDeadLetter:
        """One dead letter with all that was kept.

        Raises:
            NotFound: it is not there, or no longer.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        found = []
        if letter.partition < self._keys.partitions:
            key, position = self._keys.dead(letter.partition), letter.position
            with translated():
                found = await self._client.xrange(key, position, position)
        if not found:
            raise _no_letter(letter)
        [(_, fields)] = found
        return _whole(letter, fields, self._keys)

    async def remove(self, letter: LetterId, request: Request) -> bool:
        """Remove a dead letter.

        Returns:
            whether an earlier request with the same key did.

        Raises:
            NotFound: it is not there, or no longer.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names, partition = self._keys, letter.partition
        if partition >= names.partitions:
            raise _no_letter(letter)
        script_keys = [names.dead(partition), names.dead_idempotency(partition, scoped(request))]
        arguments = [*remembering(request, self._settings), letter.position]
        [outcome] = await run(self._client, Call(script("remove_dead"), script_keys, arguments))
        refuse_mismatch(outcome)
        if outcome == b"unknown":
            raise _no_letter(letter)
        return bool(outcome == b"replayed")

    async def count(self) -> int:
        """How many there are, over all partitions.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for partition in range(self._keys.partitions):
                pipeline.xlen(self._keys.dead(partition))
            return sum(await pipeline.execute())

    def _look(self, partition: int, wish: Wish) -> Call:
        bounds: list[Argument] = [wish.limit, MOST_LOOKED_AT, MOST_BYTES, LONGEST_BYTES]
        arguments = [_beginning(partition, wish.before), *bounds, wish.site, wish.page, wish.code]
        return Call(script("list_dead"), [self._keys.dead(partition)], arguments)


def _beginning(partition: int, before: LetterId | None) -> str:
    if before is None:
        return "+"
    # Of two with the same position, the one in the higher partition counts as newer.
    return before.position if partition < before.partition else f"({before.position}"


def _stretch(partition: int, answer: Any) -> _Stretch:
    if isinstance(answer, Exception):
        raise answer
    end, *lines = answer
    letters = [_line(_id(partition, line[0]), line[1:]) for line in lines]
    return _Stretch(letters, _id(partition, end) if end else None)


def _merge(stretches: Sequence[_Stretch], limit: int) -> Listing[DeadLetter]:
    """Put partitions together. Where one of them ended early, what others have beyond that would come too soon."""
    end = max((stretch.end for stretch in stretches if stretch.end), default=None)
    found = [one for stretch in stretches for one in stretch.letters if end is None or one[0] >= end]
    found.sort(key=itemgetter(0), reverse=True)
    if len(found) > limit:
        end = found[limit - 1][0]
    return Listing([letter for _, letter in found[:limit]], str(end) if end else "")


def _id(partition: int, position: bytes) -> LetterId:
    at, _, number = position.decode().partition("-")
    return LetterId(int(at), int(number), partition)


def _line(letter: LetterId, told: Sequence[bytes]) -> tuple[LetterId, DeadLetter]:
    # What was cut may end within a character.
    site, page, seq, code, reason = (value.decode(errors="ignore") for value in told)
    about = {"site": site, "page": page, "code": code, "reason": reason}
    return letter, DeadLetter(id=str(letter), at=letter.at, seq=int(seq or 0), **about)


def _whole(letter: LetterId, fields: Mapping[bytes, bytes], keys: Keys) -> WholeDeadLetter:
    def text(name: str) -> str:
        return fields.get(name.encode(), b"").decode(errors="replace")

    data, encoding = _readable(fields.get(b"data", b""))
    same = ("site", "page", "code", "reason", "pointer", "builder", "entry", "type", "traceparent")
    return WholeDeadLetter(
        id=str(letter),
        at=letter.at,
        seq=int(text("seq") or 0),
        traceback=text("detail"),
        attempts=int(text("attempts") or 0),
        lane="bulk" if text("lane") == keys.builds(letter.partition, "bulk") else "interactive",
        data=data,
        encoding=encoding,
        **{name: text(name) for name in same},
    )


def _readable(data: bytes) -> tuple[str, Literal["utf-8", "base64"]]:
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError:
        return b64encode(data).decode(), "base64"


def _no_letter(letter: LetterId) -> NotFound:
    return NotFound("dead letter", str(letter), "list them with GET /-/api/v1/dead-letters")
