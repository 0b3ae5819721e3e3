"""What happened in a run: one JSON line per record, appended as it happens, for the checker and for people.

Times are seconds on the harness's monotonic clock. A page is `site/page`. A process that was started again is
another incarnation under the same name.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

What = Literal["publish", "save", "rollback", "unpublish", "replay", "mismatch", "schedule", "cancel"]


class _Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Operation(_Record, frozen=True, tag="operation"):
    """One change that a client asked for, with all its tries under one Idempotency-Key.

    Attributes:
        what: "publish" and "save" send a config; "replay" sends an acknowledged publish once more and "mismatch"
            another body under its key.
        page: which page.
        key: the Idempotency-Key.
        began, ended: from the first request to the answer that settled it.
        statuses: one per try; 0 where no answer came.
        number: the publish its config comes from, 0 where it sends none.
        target: the version that a rollback asks for.
        version, seq: what was acknowledged, 0 for none.
        schedule: the schedule that was made, or is to be called off.
    """

    what: What
    page: str
    key: str
    began: float
    ended: float
    statuses: list[int]
    number: int = 0
    target: int = 0
    version: int = 0
    seq: int = 0
    schedule: int = 0

    @property
    def is_acknowledged(self) -> bool:
        return bool(self.statuses) and self.statuses[-1] in {201, 202}


About = Literal["begin", "replay", "call off", "watch"]


class RebuildRequest(_Record, frozen=True, tag="rebuild"):
    """One request about a rebuild of a site, with all its tries.

    Attributes:
        what: "replay" sends one that began a rebuild, or was refused, once more; "watch" asks until it is over.
        site: which site.
        key: the Idempotency-Key under which it was to begin.
        began, ended, statuses: see Operation.
        number: the rebuild that began, or is to be called off or watched; 0 for none.
    """

    what: About
    site: str
    key: str
    began: float
    ended: float
    statuses: list[int]
    number: int = 0


class Visit(_Record, frozen=True, tag="visit"):
    """One GET of a page.

    Attributes:
        server, incarnation: whom it was sent to.
        status: of the answer, 0 where none came.
        seq, version: as the answer's headers say.
        number: the publish that the page shows.
        fault: what was wrong, "" where nothing was: no answer, or not a whole page.
    """

    server: str
    incarnation: int
    page: str
    began: float
    ended: float
    status: int = 0
    seq: int = 0
    version: int = 0
    number: int = 0
    fault: str = ""


class Told(_Record, frozen=True, tag="told"):
    """One block of a status stream.

    Attributes:
        reader: who read it; a reader keeps its name and its last id across reconnects.
        topic: a site, or `site/page`.
        server, incarnation: who told it.
        event: its name; "cursor" for a block with only an id.
        id: position in the events stream, "" where it has none.
        page, seq: what it is about; of a page's snapshot, what is live.
    """

    reader: str
    topic: str
    server: str
    incarnation: int
    at: float
    event: str
    id: str = ""
    page: str = ""
    seq: int = 0


class Life(_Record, frozen=True, tag="life"):
    """A process began, answered its first request, or ended.

    Attributes:
        by: who ended it: "nemesis", "harness" or "itself".
        code: its exit code.
    """

    process: str
    incarnation: int
    event: Literal["started", "ready", "ended"]
    at: float
    by: str = ""
    code: int = 0


class Fault(_Record, frozen=True, tag="fault"):
    """Something that the nemesis did.

    Attributes:
        kind: which of its faults.
        target: a process, or "redis" for what concerns them all.
        note: particulars, for people.
    """

    kind: str
    target: str
    began: float
    ended: float
    note: str = ""


class Poison(_Record, frozen=True, tag="poison"):
    """An entry that nobody can build, put straight into a lane.

    Attributes:
        mark: what its dead letter is known by.
        kind: what is wrong with it.
    """

    mark: str
    kind: str
    at: float


def mark_of(entry: str, data: bytes) -> str:
    """What a poison and its dead letter have in common: its bytes, or its position where it has none.

    An entry that was put off comes back at another position.
    """
    return data.hex()[:80] or entry


Record = Operation | RebuildRequest | Visit | Told | Life | Fault | Poison


class Event(msgspec.Struct, frozen=True):
    """One entry of the events stream at the end.

    Attributes:
        id: its position.
        type: what happened.
        page, seq, version: to which publication.
        etag: of a page that was built.
        schedule: to which schedule, 0 where to none.
    """

    id: str
    type: str
    page: str = ""
    seq: int = 0
    version: int = 0
    etag: str = ""
    schedule: int = 0


class Letter(msgspec.Struct, frozen=True):
    """A dead letter at the end.

    Attributes:
        mark: which entry it was.
        code, reason: why it was given up.
    """

    mark: str
    code: str = ""
    reason: str = ""


class PageEnd(msgspec.Struct, frozen=True, kw_only=True):
    """A page at the end.

    Attributes:
        listed: numbers of the versions that the api lists.
        configs: version -> config, as stored.
        publications: seq -> record, as stored.
        wanted_seq: the newest accepted publication.
        live_seq, live_version: what visitors get; no version where it was unpublished.
    """

    listed: list[int] = []
    configs: dict[int, Any] = {}
    publications: dict[int, dict[str, Any]] = {}
    wanted_seq: int = 0
    live_seq: int = 0
    live_version: int = 0


class Final(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at the end.

    Attributes:
        at: when it was read.
        was_quiet: whether all work had come to an end in time.
        pages: by name.
        schedules: site -> number -> record, as stored.
        rebuilds: site -> number -> fields, as stored.
        events: all of them, in the order of the stream; one partition's after the other's.
        waiting, pending, delayed: entries in or before the lanes, of these taken and not settled, and put off.
        open: publications that are listed as not ended.
        rebuilding: rebuilds that are listed as having pages to queue.
        dead: the dead letters.
        silent: processes that run and have no heartbeat.
        visits: one of each page to each server.
    """

    at: float = 0
    was_quiet: bool = True
    pages: dict[str, PageEnd] = {}
    schedules: dict[str, dict[int, dict[str, Any]]] = {}
    rebuilds: dict[str, dict[int, dict[str, Any]]] = {}
    events: list[Event] = []
    waiting: int = 0
    pending: int = 0
    delayed: int = 0
    open: int = 0
    rebuilding: int = 0
    dead: list[Letter] = []
    silent: list[str] = []
    visits: list[Visit] = []


_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def now() -> float:
    """Seconds on the clock of all records."""
    return time.monotonic()


class History:
    """The record of one run.

    Args:
        path: its file; made anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb")

    def add(self, record: Record) -> None:
        """Append a record."""
        self._file.write(_ENCODER.encode(record) + b"\n")

    def close(self) -> None:
        """Write out what is buffered."""
        self._file.close()


def read_history(path: Path) -> Iterator[Record]:
    """The records of a file, in the order of writing."""
    with path.open("rb") as lines:
        for line in lines:
            yield _DECODER.decode(line)
