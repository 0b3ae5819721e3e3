"""Every error Platen raises on purpose, one tree.

    PlatenError
    ├── Refused                  the caller's to mend; the same call will be refused again
    │   ├── Invalid              a field is wrong: carries a JSON pointer and the mend
    │   │   └── Malformed        the body is not JSON at all
    │   ├── InvalidParameter     a header, a query parameter or a part of the address is wrong
    │   │   └── UnsupportedMediaType   the body is of a kind, or encoded in a way, that is not read
    │   ├── TooSlow              the body did not come in time
    │   ├── TooLarge             more bytes than are taken
    │   ├── TooMany              more often than is allowed; later it is
    │   │   └── TooManyTries     signing in was tried too often
    │   ├── Unauthenticated      no token and no session, or one we do not know
    │   │   └── WrongPassword    a name and a password that do not belong together
    │   ├── Forbidden            known, and not allowed to do this
    │   │   └── ForeignOrigin    a change that a page of another origin may have sent
    │   ├── NotFound             site, page, version or publication that does not exist
    │   ├── Conflict             clashes with what is there: site exists, nothing live, …
    │   │   └── IdempotencyMismatch   an Idempotency-Key used before with another body
    │   ├── PreconditionRequired a change that must say what it is based on does not
    │   └── DraftChanged         somebody else saved the draft in between
    ├── Unavailable              nobody's fault and it passes: a retry can help
    │   ├── Busy                 more passwords to check than can wait
    │   ├── StoreUnavailable     Redis refused or was not reached; nothing was done
    │   ├── StoreUncertain       the answer was lost; done or not is unknown: retry under the same key
    │   └── BuildersUnavailable  no builder did it: there is none, or it died, or too much waits
    ├── BuildError               one build went wrong
    │   ├── RenderFailed         the config and the templates do not go together; no retry can mend it
    │   ├── RenderTimedOut       the child passed its deadline and was killed
    │   └── RenderCrashed        the child died: memory limit, or a bug in native code
    ├── Undecodable              bytes in a stream that are not one of our events
    └── Misconfigured            Platen does not start: a setting, a port, a data directory, the partitions

Each class has a `code` (stable, for machines) and `retryable`. Adapters translate at their edge
(`raise StoreUnavailable(…) from error`); only the api's exception handlers and the builder's loop decide.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self


class PlatenError(Exception):
    """Root of the tree.

    Attributes:
        code: stable identifier, kebab-case.
        retryable: whether the same attempt can succeed later.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False


class Refused(PlatenError):
    """The caller's to mend.

    Attributes:
        pointer: JSON pointer (RFC 6901) into the body, "" for the whole of it, None where the body is not to blame.
        members: what the problem document says beyond its common members, by name (RFC 9457, section 3.2).
    """

    code = "refused"
    pointer: str | None = None
    members: Mapping[str, Any] = {}

    def at(self, pointer: str) -> Self:
        """The same refusal, blamed on a field of the body."""
        self.pointer = pointer
        return self

    def telling(self, **members: Any) -> Self:
        """The same refusal, with more members of its problem document."""
        self.members = {**self.members, **members}
        return self


class Invalid(Refused):
    """A field of the request is wrong.

    Args:
        detail: what is wrong, one sentence.
        pointer: JSON pointer (RFC 6901) to the field, "" for the whole body.
        mend: what to write instead, one sentence.
    """

    code = "invalid"

    def __init__(self, detail: str, *, pointer: str = "", mend: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer
        self.mend = mend


class Malformed(Invalid):
    """The body is not JSON at all."""

    code = "malformed"


class InvalidParameter(Refused):
    """A part of the request beside its body is wrong.

    Args:
        detail: what is wrong, one sentence.
        parameter: name of the header, the query parameter or the part of the address.
        mend: what to write instead, one sentence.
    """

    code = "invalid-parameter"

    def __init__(self, detail: str, parameter: str, mend: str) -> None:
        super().__init__(detail)
        self.parameter = parameter
        self.mend = mend


class UnsupportedMediaType(InvalidParameter):
    """The body is of a kind, or encoded in a way, that is not read here."""

    code = "unsupported-media-type"


class TooSlow(Refused):
    """The body did not come in time."""

    code = "too-slow"
    mend = "send the body without pauses"


class TooLarge(Refused):
    """More bytes than are taken.

    Args:
        most: how many are.
        setting: what raises that.
    """

    code = "too-large"
    pointer = ""

    def __init__(self, most: int, setting: str = "PLATEN_MAX_BODY_BYTES") -> None:
        super().__init__(f"The body is larger than {most:,} bytes.")
        self.mend = f"send less, or raise {setting}"


class TooMany(Refused):
    """More often than is allowed.

    Args:
        detail: what came too often, one sentence.
        retry_after_s: when it will be allowed again.
    """

    code = "too-many"

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.detail, self.retry_after_s = detail, retry_after_s
        self.mend = f"wait {retry_after_s} s"


class Unauthenticated(Refused):
    code = "unauthenticated"


class WrongPassword(Unauthenticated):
    """A name and a password that do not belong together; which of the two is wrong is not said."""

    code = "wrong-password"
    mend = "check both; an administrator can make a link to choose a new password"

    def __init__(self) -> None:
        super().__init__("There is no account with this name and this password.")


class TooManyTries(TooMany):
    """Signing in was tried too often.

    Args:
        wait_s: when to come back, in seconds.
    """

    code = "too-many-tries"

    def __init__(self, wait_s: int) -> None:
        super().__init__("Signing in was tried too often, with this name or from this address.", wait_s)


class Forbidden(Refused):
    """Whoever asks is known, and may not do this.

    Args:
        detail: what they may not do, one sentence.
        mend: who or what can help, one sentence.
    """

    code = "forbidden"

    def __init__(self, detail: str, mend: str) -> None:
        super().__init__(detail)
        self.detail, self.mend = detail, mend


class ForeignOrigin(Forbidden):
    """A change by session that a page of another origin may have sent.

    Args:
        detail: what speaks for that, one sentence.
    """

    code = "foreign-origin"

    def __init__(self, detail: str) -> None:
        super().__init__(
            detail, "send it from Platen's own pages, or with a token: `Authorization: Bearer <token>` and no cookie"
        )


class NotFound(Refused):
    """Something that is named does not exist.

    Args:
        what: the word for it: "site", "page", "version", "publication".
        name: how the caller called it.
        mend: what to do instead, one sentence.
    """

    code = "not-found"

    def __init__(self, what: str, name: str, mend: str = "") -> None:
        super().__init__(f"There is no {what} {name!r}.")
        self.what = what
        self.name = name
        self.mend = mend


class Conflict(Refused):
    code = "conflict"

    def __init__(self, detail: str, mend: str = "") -> None:
        super().__init__(detail)
        self.mend = mend


class IdempotencyMismatch(Conflict):
    code = "idempotency-mismatch"


class PreconditionRequired(Refused):
    """A change does not say what it is based on, so it could undo another's work unseen.

    Args:
        mend: what to send, one sentence.
    """

    code = "precondition-required"

    def __init__(self, detail: str, mend: str) -> None:
        super().__init__(detail)
        self.mend = mend


class DraftChanged(Refused):
    """The draft is no longer the one that a change is based on.

    Attributes:
        theirs: the draft as it is now, a shared.drafts.Draft.
    """

    code = "draft-changed"
    mend = "put both together, and save that with the newer draft's ETag in If-Match"

    def __init__(self, detail: str, theirs: Any) -> None:
        super().__init__(detail)
        self.theirs = theirs


class Unavailable(PlatenError):
    code = "unavailable"
    retryable = True


class Busy(Unavailable):
    """More passwords are to be checked than can wait."""

    code = "busy"


class StoreUnavailable(Unavailable):
    code = "store-unavailable"


class StoreUncertain(Unavailable):
    code = "store-uncertain"


class BuildersUnavailable(Unavailable):
    """What somebody waits for was not built.

    Args:
        detail: why, one sentence.
        mend: what to do, one sentence.
    """

    code = "builders-unavailable"

    def __init__(self, detail: str, mend: str) -> None:
        super().__init__(detail)
        self.detail, self.mend = detail, mend


class BuildError(PlatenError):
    code = "build-error"


class RenderFailed(BuildError):
    """The page cannot be rendered from this config.

    Args:
        detail: a plain sentence an editor can act on.
        pointer: JSON pointer into the config, "" where no field is to blame.
    """

    code = "render-failed"
    mend = "change what it points to, or take it out"

    def __init__(self, detail: str, *, pointer: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


class RenderTimedOut(BuildError):
    code = "render-timed-out"
    retryable = True


class RenderCrashed(BuildError):
    code = "render-crashed"
    retryable = True


class Undecodable(PlatenError):
    code = "undecodable"


class Misconfigured(PlatenError):
    code = "misconfigured"
