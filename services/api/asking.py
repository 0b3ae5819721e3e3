"""One request, read and checked part by part.

Whatever is wrong is refused before anything is sent to Redis, by an error that names the part and the mend. The
address takes slugs only, so no text of a caller's ever becomes part of a key unless it is one.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import NamedTuple, TypeVar

import msgspec
from starlette.requests import Request

from services.api.budget import Budget
from services.api.faults import read
from services.api.instants import INSTANT_MEND, read_instant
from shared import idempotency
from shared.accounts.records import NAME_MEND, AccountName
from shared.config import SLUG_MEND, SLUG_PATTERN
from shared.errors import InvalidParameter, PreconditionRequired, UnsupportedMediaType
from shared.http import BODY_WITHIN_S, read_body
from shared.principal import Principal
from shared.telemetry import traceparent_of

DEFAULT_LIMIT = 50
MOST_LIMIT = 200
# 50,000 characters of Markdown took 60 ms at worst, all of them "<": what is longer is read beside other requests.
MOST_AT_ONCE_BYTES = 65_536
LONGEST_CURSOR = 200
MOST_SEARCH = 200
IDEMPOTENCY_KEY = "Idempotency-Key"
V1 = "/-/api/v1"
IF_MATCH = "If-Match"

_CURSOR_MEND = "use the `next` of the answer before"
_SLUG = re.compile(SLUG_PATTERN)
_NUMBER = re.compile(r"[1-9][0-9]{0,15}")
# A gateway that compresses weakens the tag; it names the same revision.
_REVISION = re.compile(r'(?:W/)?"r([0-9]{1,16})"')
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BUILDER = re.compile(r"[A-Za-z0-9._-]{1,128}")
_ID = re.compile(r"[0-9a-f]{1,32}")
# Any of these a stream can have; one digit more, and Redis may refuse it.
_ENTRY = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
_SHARE = re.compile(r"[0-9a-f]{32}")
_JSON = re.compile(r"application/(?:[a-z0-9!#$&^_.+-]+\+)?json", re.IGNORECASE)
_CHARSET = re.compile(r';[ \t]*charset[ \t]*=[ \t]*"?([^";\s]*)', re.IGNORECASE)

Body = TypeVar("Body", bound=msgspec.Struct)
Outcome = TypeVar("Outcome")
Choice = TypeVar("Choice", bound=str)


class Bound(NamedTuple):
    """How much of a body is taken.

    Attributes:
        most_bytes: its size.
        within_s: how long it may take to come.
        setting: what raises its size.
    """

    most_bytes: int
    within_s: float = BODY_WITHIN_S
    setting: str = "PLATEN_MAX_BODY_BYTES"


class Asked:
    """A request of somebody we know.

    Args:
        http: the request.
        principal: who asks; nobody until that is known.
        most_bytes: bound of its body.
        budget: of its time.

    Attributes:
        target: what it is about, for the audit log, where neither its address nor that of what it made says so.
        target_name: what people call that, where it has an id.
    """

    def __init__(self, http: Request, principal: Principal, most_bytes: int, budget: Budget) -> None:
        self.http, self.principal = http, principal
        self._most_bytes, self._budget = most_bytes, budget
        self.target = ""
        self.target_name = ""

    def paused(self) -> AbstractContextManager[None]:
        """For what takes its time without being Redis's doing."""
        return self._budget.paused()

    @property
    def site(self) -> str:
        """Raises: InvalidParameter, where the address has no slug in its place."""
        return check_slug(self.http.path_params["site"], "site")

    @property
    def page(self) -> str:
        """Raises: InvalidParameter, where the address has no slug in its place."""
        return check_slug(self.http.path_params["page"], "page")

    @property
    def number(self) -> int:
        """Number of the version in the address. Raises: InvalidParameter, where it is not one."""
        return _number(self.http.path_params["number"], "number", "versions are numbered 1, 2, 3, …")

    @property
    def seq(self) -> int:
        """Number of the publication in the address. Raises: InvalidParameter, where it is not one."""
        return _number(self.http.path_params["seq"], "seq", "publications are numbered 1, 2, 3, …")

    @property
    def rebuild(self) -> int:
        """Number of the rebuild in the address. Raises: InvalidParameter, where it is not one."""
        return _number(self.http.path_params["rebuild"], "rebuild", "rebuilds are numbered 1, 2, 3, …")

    @property
    def schedule(self) -> int:
        """Number of the schedule in the address. Raises: InvalidParameter, where it is not one."""
        return _number(self.http.path_params["schedule"], "schedule", "schedules are numbered 1, 2, 3, …")

    @property
    def builder(self) -> str:
        """Name of the builder in the address, or `all`. Raises: InvalidParameter, where it cannot be one."""
        name: str = self.http.path_params["builder"]
        if not _BUILDER.fullmatch(name):
            raise InvalidParameter(
                f"{_shown(name)} is not a builder.", "builder", "list them with GET /-/api/v1/builders"
            )
        return name

    @property
    def account(self) -> str:
        """Id of the account in the address. Raises: InvalidParameter, where it cannot be one."""
        return self._id("account")

    @property
    def session(self) -> str:
        """Id of the session in the address. Raises: InvalidParameter, where it cannot be one."""
        return self._id("session")

    @property
    def token(self) -> str:
        """Id of the API token in the address. Raises: InvalidParameter, where it cannot be one."""
        return self._id("token")

    @property
    def name(self) -> str:
        """Name of the account in the address. Raises: InvalidParameter, where it cannot be one."""
        name: str = self.http.path_params["name"]
        try:
            return msgspec.convert(name, AccountName)
        except msgspec.ValidationError:
            raise InvalidParameter(f"{_shown(name)} is not a name.", "name", NAME_MEND) from None

    @property
    def share(self) -> str:
        """Id of the share in the address. Raises: InvalidParameter, where it cannot be one."""
        share: str = self.http.path_params["share"]
        if not _SHARE.fullmatch(share):
            raise InvalidParameter(f"{_shown(share)} is not a share.", "share", "list them with GET …/shares")
        return share

    @property
    def limit(self) -> int:
        """How many items are asked for. Raises: InvalidParameter."""
        text = self.http.query_params.get("limit", str(DEFAULT_LIMIT))
        mend = f"use a whole number from 1 to {MOST_LIMIT}"
        limit = _number(text, "limit", mend)
        if limit > MOST_LIMIT:
            raise InvalidParameter(f"{limit} is more than one answer holds.", "limit", mend)
        return limit

    @property
    def after_slug(self) -> str:
        """Where a list by slug goes on, "" for its beginning. Raises: InvalidParameter."""
        cursor = self.http.query_params.get("cursor")
        return "" if cursor is None else check_slug(cursor, "cursor", _CURSOR_MEND)

    @property
    def below_number(self) -> int:
        """Where a list that runs backwards goes on, 0 for its beginning. Raises: InvalidParameter."""
        cursor = self.http.query_params.get("cursor")
        return 0 if cursor is None else _number(cursor, "cursor", _CURSOR_MEND)

    @property
    def after_name(self) -> str:
        """Where a list by name goes on, "" for its beginning. Raises: InvalidParameter."""
        cursor = self.http.query_params.get("cursor", "")
        if len(cursor) > LONGEST_CURSOR or not cursor.isprintable():
            raise InvalidParameter(f"{_shown(cursor)} is no cursor.", "cursor", _CURSOR_MEND)
        return cursor

    @property
    def before_entry(self) -> str:
        """Where the audit log goes on, "" for its beginning. Raises: InvalidParameter."""
        cursor = self.http.query_params.get("cursor", "")
        if cursor and not _ENTRY.fullmatch(cursor):
            raise InvalidParameter(f"{_shown(cursor)} is no cursor.", "cursor", _CURSOR_MEND)
        return cursor

    def _id(self, what: str) -> str:
        text: str = self.http.path_params[what]
        if not _ID.fullmatch(text):
            raise InvalidParameter(f"{_shown(text)} is not the id of one.", what, f"list them with GET {V1}/{what}s")
        return text

    @property
    def revision(self) -> int:
        """The revision that a change says it is based on.

        Raises:
            PreconditionRequired: it does not say.
            InvalidParameter: what it says is no revision.
        """
        given = self.http.headers.getlist(IF_MATCH)
        mend = 'send the ETag of what you changed, such as If-Match: "r12"'
        if not given:
            raise PreconditionRequired("This could undo another's work unseen: the header If-Match is missing.", mend)
        found = _REVISION.fullmatch(given[0]) if len(given) == 1 else None
        if not found:
            raise InvalidParameter("The header If-Match is not one revision.", IF_MATCH, mend)
        return int(found[1])

    async def body(self, kind: type[Body], bound: Bound | None = None) -> Body:
        """Read the body.

        Args:
            kind: Struct that it must fit.
            bound: of its size and time, where that is not the usual one.

        Raises:
            UnsupportedMediaType: its headers say that it is not JSON.
            TooLarge, TooSlow: it exceeds its bounds.
            Malformed: it is not JSON.
            Invalid: it does not fit; the error points to the place.
        """
        _check_media_type(self.http)
        bound = bound or Bound(self._most_bytes)
        with self._budget.paused():
            data = await read_body(self.http, bound.most_bytes, bound.within_s, bound.setting)
        return await beside_others(len(data), lambda: read(data, kind))

    @property
    def search(self) -> str:
        """What is searched for, "" for nothing. Raises: InvalidParameter, where nothing to be found is as long."""
        text = self.http.query_params.get("search", "").strip()
        if len(text) > MOST_SEARCH:
            mend = f"use at most {MOST_SEARCH} characters"
            raise InvalidParameter(f"{_shown(text)} is too long to search for.", "search", mend)
        return text

    def choice(self, name: str, known: Sequence[Choice]) -> Choice | None:
        """One of some words in the query, None where it is not there. Raises: InvalidParameter, for another word."""
        text = self.http.query_params.get(name)
        if text is None:
            return None
        found = next((word for word in known if word == text), None)
        if found is None:
            raise InvalidParameter(f"{_shown(text)} is not known here.", name, f"use one of {', '.join(known)}")
        return found

    @property
    def at(self) -> int:
        """The instant in the query, in milliseconds since the epoch. Raises: InvalidParameter, where there is none."""
        text = self.http.query_params.get("at", "")
        instant_ms = read_instant(text)
        if instant_ms is None:
            raise InvalidParameter(f"{_shown(text)} is no instant.", "at", INSTANT_MEND)
        return instant_ms

    async def work_out(self, work: Callable[[], Outcome]) -> Outcome:
        """Do what takes its time without Redis, beside other requests and outside this one's time for Redis."""
        with self._budget.paused():
            return await asyncio.to_thread(work)

    def check_idempotency_key(self) -> None:
        """Raises: InvalidParameter, where the header Idempotency-Key is not one key."""
        _idempotency_key(self.http.headers.getlist(IDEMPOTENCY_KEY))

    def change(self, *canonical: bytes) -> idempotency.Request:
        """What the store needs to know the same asking again.

        Args:
            canonical: what the body asks for, free of differences that mean nothing.

        Raises:
            InvalidParameter: the header Idempotency-Key is not right.
        """
        headers = self.http.headers
        return idempotency.Request(
            actor=self.principal.name or self.principal.id,
            traceparent=traceparent_of(headers.get("traceparent", "")),
            idempotency_key=_idempotency_key(headers.getlist(IDEMPOTENCY_KEY)),
            fingerprint=_fingerprint(self.http.method, self.http.scope["path"], *canonical),
            scope=self.principal.id,
        )


def is_slug(text: str) -> bool:
    """Whether a text is a slug."""
    return _SLUG.fullmatch(text) is not None


async def beside_others(size_bytes: int, look: Callable[[], Outcome]) -> Outcome:
    """Look at something at once, or, where there is much of it, beside other requests.

    Args:
        size_bytes: how much there is.
        look: what looks at it.
    """
    return await asyncio.to_thread(look) if size_bytes > MOST_AT_ONCE_BYTES else look()


def check_slug(text: str, what: str, mend: str = SLUG_MEND) -> str:
    """Hold a part of the address to being a slug.

    Args:
        text: as the caller wrote it.
        what: the part's name.
        mend: what to write instead.

    Raises:
        InvalidParameter: it is none.
    """
    if not _SLUG.fullmatch(text):
        raise InvalidParameter(f"{_shown(text)} is not a slug.", what, mend)
    return text


def _number(text: str, what: str, mend: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise InvalidParameter(f"{_shown(text)} is not a number that fits here.", what, mend)
    return int(text)


def _check_media_type(http: Request) -> None:
    check_once(http, "Content-Type")
    media_type, _, parameters = http.headers.get("content-type", "").partition(";")
    mend = "send JSON in UTF-8 with `Content-Type: application/json`"
    if media_type.strip() and not _JSON.fullmatch(media_type.strip()):
        raise UnsupportedMediaType(
            f"A body of type {_shown(media_type.strip())} is not read here.", "Content-Type", mend
        )
    charset = _CHARSET.search(f";{parameters}")
    if charset and charset[1].lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType("A body that is not UTF-8 is not read here.", "Content-Type", mend)
    if http.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Compressed bodies are not read here.", "Content-Encoding", "send it uncompressed")


def check_once(http: Request, name: str) -> None:
    """Of two headers that contradict each other, a gateway in front may have believed the other one."""
    if len(http.headers.getlist(name)) > 1:
        raise InvalidParameter(f"The header {name} came more than once.", name, "send it once")


def _idempotency_key(given: list[str]) -> str:
    """The caller's key; where there is none, one that no other request will have."""
    if not given:
        return secrets.token_hex(16)
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise InvalidParameter(
            f"The header {IDEMPOTENCY_KEY} is not one key.",
            IDEMPOTENCY_KEY,
            "send it once, with 1 to 255 visible ASCII characters, such as a UUID",
        )
    return given[0]


def _fingerprint(method: str, path: str, *canonical: bytes) -> str:
    parts = (method.encode(), path.encode(), *canonical)
    # Each part's length stands before it, so that no two requests run together into the same text.
    return sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
