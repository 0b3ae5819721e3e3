"""What happens to a publication, in the past tense: one tagged union, one encoder, one decoder.

Every event but `hostnames-set`, which is about a site, and those of schedules says which page and publication it is
about, the state that follows, and when (Redis's clock, so that the steps of one publication share one clock). Entries
in a stream have three fields: `type`, `data` (JSON of the Struct), `traceparent` (W3C Trace Context).

Readers tolerate the future: unknown fields are ignored, new fields have defaults, and a type nobody here knows is
an `UnknownEvent`, not an error.
"""

from typing import Literal

import msgspec

from shared.errors import Undecodable

State = Literal["scheduled", "queued", "building", "retrying", "live", "failed", "superseded", "cancelled"]
Cause = Literal["publish", "rollback", "refresh", "unpublish", "move", "schedule"]
Action = Literal["publish", "unpublish"]

TERMINAL: frozenset[str] = frozenset({"live", "failed", "superseded", "cancelled"})


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened to a publication.

    Attributes:
        site, page: slugs.
        seq: the publication's number on its page, >= 1.
        version: the version it makes live; 0 for an unpublish.
        state: the publication's state from here on.
        at: milliseconds since the epoch, UTC.
        by: who did it: a token's name, or a builder.
        cause: what the publication is for.
    """

    site: str
    page: str
    seq: int
    version: int
    state: State
    at: int
    by: str = ""
    cause: Cause = "publish"


class ConfigPublished(Event, frozen=True, tag="config-published"):
    """Somebody asked for a version to be live. In a work stream this is the request to build it.

    Attributes:
        rebuild: number of the rebuild of its site that asked, 0 where a person did.
    """

    rebuild: int = 0


class BuildStarted(Event, frozen=True, tag="build-started"):
    """A builder took it.

    Attributes:
        attempt: which attempt this is, >= 1.
    """

    attempt: int = 1


class PageBuilt(Event, frozen=True, tag="page-built"):
    """Visitors get it now. At most one per publication, `seq` rising per page.

    Attributes:
        etag: hash of the page's bytes, without quotes.
        size: the page's length in bytes, uncompressed.
        build_ms: time from taking the entry to the commit; 0 where nothing had to be built.
        accepted_at: when the publication was accepted, ms since the epoch.
        unchanged: the bytes are the ones that were live before.
    """

    etag: str = ""
    size: int = 0
    build_ms: float = 0
    accepted_at: int = 0
    unchanged: bool = False


class BuildRetrying(Event, frozen=True, tag="build-retrying"):
    """An attempt failed and another will be made.

    Attributes:
        attempt: attempts made so far.
        attempts: attempts allowed.
        next_at: when the next is due, ms since the epoch.
        code, reason: what went wrong, for machines and for people.
    """

    attempt: int = 1
    attempts: int = 1
    next_at: int = 0
    code: str = ""
    reason: str = ""


class BuildFailed(Event, frozen=True, tag="build-failed"):
    """No attempt is left, or none could help. What was live stays live.

    Attributes:
        code, reason: what went wrong, for machines and for people.
        pointer: JSON pointer to the field of the config that is to blame, "" where none is.
        live_version: the version visitors go on getting, 0 where there is none.
    """

    code: str = ""
    reason: str = ""
    pointer: str = ""
    live_version: int = 0


class BuildSuperseded(Event, frozen=True, tag="build-superseded"):
    """A newer publication of the page took its place.

    Attributes:
        superseded_by: the newer one's seq.
    """

    superseded_by: int = 0


class BuildCancelled(Event, frozen=True, tag="build-cancelled"):
    """It was called off before its build began. What was live stays live."""


class PageUnpublished(Event, frozen=True, tag="page-unpublished"):
    """Visitors no longer get the page."""


class PageServed(Event, frozen=True, tag="page-served"):
    """Every server that counts has it: from here on none of them shows visitors what was there before.

    At most one per publication, after its `page-built` or `page-unpublished`, in the order of those.

    Attributes:
        servers: how many servers have it.
        of: how many counted when it went live; more than `servers` where some of them fell silent without having it.
        accepted_at: when the publication was accepted, ms since the epoch.
    """

    servers: int = 0
    of: int = 0
    accepted_at: int = 0


class PageMoved(Event, frozen=True, tag="page-moved"):
    """Visitors find the page here now; `page` is its new slug.

    Attributes:
        old: slugs that lead here from now on, the last address and those before it.
    """

    old: tuple[str, ...] = ()


class ScheduleEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened to a schedule.

    Attributes:
        site, page: slugs.
        schedule: the schedule's number in its site, >= 1.
        action: what it is to do.
        version: the version it makes live, 0 for an unpublish.
        due_at: when it is due, ms since the epoch.
        at: milliseconds since the epoch, UTC.
        by: who did it: a token's name; where it fired, of whoever made it.
    """

    site: str
    page: str
    schedule: int
    action: Action
    version: int
    due_at: int
    at: int
    by: str = ""


class ScheduleSet(ScheduleEvent, frozen=True, tag="schedule-set"):
    """Somebody asked for it."""


class ScheduleCancelled(ScheduleEvent, frozen=True, tag="schedule-cancelled"):
    """Somebody called it off in time."""


class ScheduleFired(ScheduleEvent, frozen=True, tag="schedule-fired"):
    """It made its publication; the events of that tell the rest.

    Attributes:
        seq: the publication.
        late_ms: how long after it was due.
    """

    seq: int = 0
    late_ms: int = 0


class ScheduleFailed(ScheduleEvent, frozen=True, tag="schedule-failed"):
    """It was due, and what it asked for could not be done. Visitors get what they got before.

    Attributes:
        code, reason: what was in the way, for machines and for people.
        late_ms: how long after it was due.
    """

    code: str = ""
    reason: str = ""
    late_ms: int = 0


class HostnamesSet(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="hostnames-set"):
    """The hostnames of a site are others now. It concerns the site, and no page of it.

    Attributes:
        site: slug.
        at: milliseconds since the epoch, UTC.
        by: name of the token that asked.
    """

    site: str
    at: int
    by: str = ""

    @property
    def page(self) -> str:
        return ""


class UnknownEvent(msgspec.Struct, frozen=True):
    """An event of a type that a newer Platen writes.

    Attributes:
        type: its type.
        data: its JSON, as it stands in the stream.
        site, page: which page it concerns, where the data says so.
    """

    type: str
    data: bytes
    site: str = ""
    page: str = ""


AnyEvent = (
    ConfigPublished
    | BuildStarted
    | PageBuilt
    | BuildRetrying
    | BuildFailed
    | BuildSuperseded
    | BuildCancelled
    | PageUnpublished
    | PageServed
    | PageMoved
    | ScheduleSet
    | ScheduleCancelled
    | ScheduleFired
    | ScheduleFailed
    | HostnamesSet
)


class _Envelope(msgspec.Struct, frozen=True):
    """The least that can be read of any event."""

    type: str
    site: str = ""
    page: str = ""


TYPES: frozenset[str] = frozenset(str(kind.__struct_config__.tag) for kind in AnyEvent.__args__)

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
_ENVELOPES = msgspec.json.Decoder(_Envelope)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encode_event(event: AnyEvent) -> bytes:
    """JSON of an event, its type included."""
    return _ENCODER.encode(event)


def decode_event(data: bytes) -> AnyEvent | UnknownEvent:
    """Read an event back.

    Args:
        data: the `data` field of a stream entry.

    Raises:
        Undecodable: not JSON, or not the shape its type promises.
    """
    try:
        envelope = _ENVELOPES.decode(data)
        if envelope.type not in TYPES:
            return UnknownEvent(envelope.type, data, envelope.site, envelope.page)
        return _DECODER.decode(data)
    except _UNREADABLE as error:
        raise Undecodable(f"not an event: {error}") from error
