"""One request, read and checked part by part.

Whatever is wrong is refused before anything is sent to Redis, by an error that names the part and the mend. The
address takes slugs only, so no text of a caller's ever becomes part of a key unless it is one.
"""

import asyncio
import re
import secrets
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from services.api.budget import Budget
from services.api.problems import explain
from services.api.texts import check_texts
from shared import store
from shared.auth import Principal
from shared.config import SLUG_MEND, SLUG_PATTERN
from shared.errors import InvalidParameter, UnsupportedMediaType
from shared.http import read_body
from shared.telemetry import traceparent_of
from shared.values import decode_value

DEFAULT_LIMIT = 50
MOST_LIMIT = 200
# 50,000 characters of Markdown took 60 ms at worst, all of them "<": what is longer is read beside other requests.
MOST_AT_ONCE_BYTES = 65_536
IDEMPOTENCY_KEY = "Idempotency-Key"

_SLUG = re.compile(SLUG_PATTERN)
_NUMBER = re.compile(r"[1-9][0-9]{0,15}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BUILDER = re.compile(r"[A-Za-z0-9._-]{1,128}")
_JSON = re.compile(r"application/(?:[a-z0-9!#$&^_.+-]+\+)?json", re.IGNORECASE)
_CHARSET = re.compile(r';[ \t]*charset[ \t]*=[ \t]*"?([^";\s]*)', re.IGNORECASE)

Body = TypeVar("Body", bound=msgspec.Struct)


class Asked:
    """A request of somebody we know.

    Args:
        http: the request.
        principal: who asks.
        most_bytes: bound of its body.
        budget: of its time.
    """

    def __init__(self, http: Request, principal: Principal, most_bytes: int, budget: Budget) -> None:
        self.http, self.principal = http, principal
        self._most_bytes, self._budget = most_bytes, budget

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
    def builder(self) -> str:
        """Name of the builder in the address, or `all`. Raises: InvalidParameter, where it cannot be one."""
        name: str = self.http.path_params["builder"]
        if not _BUILDER.fullmatch(name):
            raise InvalidParameter(
                f"{_shown(name)} is not a builder.", "builder", "list them with GET /-/api/v1/builders"
            )
        return name

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
        return "" if cursor is None else check_slug(cursor, "cursor", "use the `next` of the answer before")

    @property
    def below_number(self) -> int:
        """Where a list that runs backwards goes on, 0 for its beginning. Raises: InvalidParameter."""
        cursor = self.http.query_params.get("cursor")
        return 0 if cursor is None else _number(cursor, "cursor", "use the `next` of the answer before")

    async def body(self, kind: type[Body]) -> Body:
        """Read the body.

        Args:
            kind: Struct that it must fit.

        Raises:
            UnsupportedMediaType: its headers say that it is not JSON.
            TooLarge, TooSlow: it exceeds its bounds.
            Malformed: it is not JSON.
            Invalid: it does not fit; the error points to the place.
        """
        _check_media_type(self.http)
        with self._budget.paused():
            data = await read_body(self.http, self._most_bytes)
        try:
            body: Body = _decoder(kind).decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise explain(error, data, kind) from None
        if len(data) > MOST_AT_ONCE_BYTES:
            await asyncio.to_thread(check_texts, body)
        else:
            check_texts(body)
        return body

    def check_idempotency_key(self) -> None:
        """Raises: InvalidParameter, where the header Idempotency-Key is not one key."""
        _idempotency_key(self.http.headers.getlist(IDEMPOTENCY_KEY))

    def change(self, *canonical: bytes) -> store.Request:
        """What the store needs to know the same asking again.

        Args:
            canonical: what the body asks for, free of differences that mean nothing.

        Raises:
            InvalidParameter: the header Idempotency-Key is not right.
        """
        headers = self.http.headers
        return store.Request(
            actor=self.principal.id,
            traceparent=traceparent_of(headers.get("traceparent", "")),
            idempotency_key=_idempotency_key(headers.getlist(IDEMPOTENCY_KEY)),
            fingerprint=_fingerprint(self.http.method, self.http.scope["path"], *canonical),
        )


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


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind, dec_hook=decode_value)
