"""What Redis holds and the api shows: sites, versions, publications, the head of a page, the published page."""

from typing import TypeVar

import msgspec

from shared.errors import Undecodable
from shared.events import Cause, State


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a publication's life.

    Attributes:
        state: the state it entered.
        at: milliseconds since the epoch, UTC, by Redis's clock.
        by: the actor or the builder that did it.
    """

    state: State
    at: int
    by: str = ""


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an attempt, or the whole publication, failed.

    Attributes:
        code: stable, for machines.
        reason: a sentence for people.
        pointer: JSON pointer into the config, "" where no field is to blame.
    """

    code: str
    reason: str
    pointer: str = ""


class Served(msgspec.Struct, frozen=True):
    """On how many servers a publication is live.

    Attributes:
        servers: how many have it, or a newer one.
        of: how many are to have it: those that report how far they are, and those that fell silent since it went live.
        at: when the last one had it, ms since the epoch, by Redis's clock; 0 while it is under way.
        missing: names of those that have not said so; at the end, of those that fell silent.
    """

    servers: int
    of: int
    at: int = 0
    missing: list[str] = []


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """One request to make a version live.

    Attributes:
        seq: its number on the page; the fencing token.
        version: the version it makes live, 0 for an unpublish.
        state: where it stands; a terminal state never changes.
        cause: what asked for it.
        steps: what happened so far, oldest first.
        trace: the trace id, 32 hex digits.
        attempts: how many attempts at its build were made; one that a crash interrupted is made again and counts once.
        failure: why it failed or is being retried.
        superseded_by: the seq that took its place, 0 where none did.
        rebuild: number of the rebuild of its site that asked for it, 0 where a person did.
        schedule: number of the schedule of its site that asked for it, 0 where none did.
        position: of the event that says it is live; servers say by such positions how far they are.
        served: on how many servers it is; null before it is live.
    """

    seq: int
    version: int
    state: State
    cause: Cause
    steps: list[Step]
    trace: str = ""
    attempts: int = 0
    failure: Failure | None = None
    superseded_by: int = 0
    rebuild: int = 0
    schedule: int = 0
    position: str = ""
    served: Served | None = None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable snapshot of a page's config.

    Attributes:
        number: 1, 2, …; never reused.
        created_at: milliseconds since the epoch, UTC.
        author: the name of the token that saved it.
        note: what the author said about it.
    """

    number: int
    created_at: int
    author: str = ""
    note: str = ""


class SavedVersion(Version, frozen=True, kw_only=True):
    """A version with what was saved.

    Attributes:
        config: the config's JSON.
    """

    config: msgspec.Raw


class ListedVersion(Version, frozen=True, kw_only=True):
    """A version in a list.

    Attributes:
        size: its page's length in bytes, uncompressed; null where its artifact is not kept.
        built_at: when its page was built, milliseconds since the epoch, UTC; null where its artifact is not kept.
        is_live: whether visitors get it now.
        is_kept: whether its artifact is kept, so that going back to it needs no build.
    """

    size: int | None = None
    built_at: int | None = None
    is_live: bool = False
    is_kept: bool = False


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Pages with one owner.

    Attributes:
        created_at: milliseconds since the epoch, UTC.
        hostnames: names under which visitors find the site.
    """

    slug: str
    title: str
    created_at: int
    hostnames: tuple[str, ...] = ()


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A page's counters: what is wanted and what is live. 0 stands for none.

    Attributes:
        version, seq: the highest given out so far.
        wanted_seq, wanted_version: the newest accepted publication.
        live_seq, live_version: what visitors get; a page that was unpublished has a live seq and no live version.
        moved: slug under which the page is now, "" where it is here; of one that was moved only the numbers are left.
        draft_at: when its draft was saved, ms since the epoch; 0 where it has none.
    """

    version: int = 0
    seq: int = 0
    wanted_seq: int = 0
    wanted_version: int = 0
    live_seq: int = 0
    live_version: int = 0
    moved: str = ""
    draft_at: int = 0


class PublishedPage(msgspec.Struct, frozen=True, kw_only=True):
    """The published key: what visitors get.

    Attributes:
        seq: the publication it comes from.
        version: its version, 0 where the page was unpublished.
        etag: hash of the bytes, without quotes.
        csp: the Content-Security-Policy of the page.
        built_at: milliseconds since the epoch, UTC.
        body: the HTML, Zstandard-compressed; empty where the page was unpublished.
        top_seq, top_version: the highest given out on the page when it was read, live or not.
        moved: slug under which the page is now, "" where it is here; a page that was moved has no version here.
    """

    seq: int
    version: int
    etag: str = ""
    csp: str = ""
    built_at: int = 0
    body: bytes = b""
    top_seq: int = 0
    top_version: int = 0
    moved: str = ""

    @property
    def is_gone(self) -> bool:
        return self.version == 0


class ArtifactMeta(msgspec.Struct, frozen=True):
    """What is kept beside an artifact's bytes.

    Attributes:
        etag: hash of the bytes, without quotes.
        csp: the Content-Security-Policy of the page.
        size: the page's length in bytes, uncompressed.
        built_at: milliseconds since the epoch, UTC.
    """

    etag: str
    csp: str
    size: float
    built_at: float


Record = TypeVar("Record")

_PUBLICATION = msgspec.json.Decoder(Publication)
_VERSION = msgspec.json.Decoder(Version)
_META = msgspec.json.Decoder(ArtifactMeta)
_SAVED_VERSION = msgspec.json.Decoder(SavedVersion)


def decode_publication(data: bytes) -> Publication:
    """Raises: Undecodable, where the record is damaged."""
    return _decode(_PUBLICATION, data)


def decode_version(data: bytes) -> Version:
    """A version without its config. Raises: Undecodable, where the record is damaged."""
    return _decode(_VERSION, data)


def decode_saved_version(data: bytes) -> SavedVersion:
    """A version with its config. Raises: Undecodable, where the record is damaged."""
    return _decode(_SAVED_VERSION, data)


def decode_meta(data: bytes) -> ArtifactMeta:
    """What is kept beside an artifact. Raises: Undecodable, where it is damaged."""
    return _decode(_META, data)


def decode_head(fields: dict[bytes, bytes]) -> Head:
    """Read a head from its hash; an absent one is all zeros.

    Raises:
        Undecodable: a counter is not a number.
    """
    try:
        return msgspec.convert({k.decode(): v.decode() for k, v in fields.items()}, Head, strict=False)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise Undecodable(f"damaged head: {error}") from error


def _decode(decoder: msgspec.json.Decoder[Record], data: bytes) -> Record:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(f"damaged record: {error}") from error
