"""What somebody comes with: an API token, or the cookie of a session.

Both are 256 random bits, so what is stored is one round of SHA-256, and looking a digest up tells nothing about the
secret. A request with both uses the token: whoever sends one means it, while a browser sends cookies by itself.
"""

import re
import secrets
from collections.abc import Iterator
from hashlib import sha256
from ipaddress import ip_address
from typing import Literal, NamedTuple

from starlette.datastructures import Headers

from shared.errors import Unauthenticated
from shared.host import plain_host, port_in

PREFIX = "platen_"
COOKIE = "__Host-platen"
# Browsers keep no Secure cookie of plain http, but on this machine there is nobody in between either. The port belongs
# to the name: cookies know no ports, so to sign in here would sign out of another Platen on this machine.
LOOPBACK_COOKIE = "platen"

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,128}")


class Credential(NamedTuple):
    """What somebody comes with.

    Attributes:
        kind: what it is.
        digest: SHA-256 of the secret.
    """

    kind: Literal["token", "session"]
    digest: str


def digest(secret: str) -> str:
    """What is stored of a secret. It is long and random, so one round of SHA-256 is enough."""
    return sha256(secret.encode()).hexdigest()


def new_token() -> str:
    """A fresh secret of 256 bits, with a prefix by which scanners know it."""
    return PREFIX + secrets.token_urlsafe(32)


def new_secret() -> str:
    """A fresh secret of 256 bits."""
    return secrets.token_urlsafe(32)


def bearer(authorization: str) -> Credential:
    """The token that an Authorization header carries.

    Raises:
        Unauthenticated: it carries none.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("This needs a session or a token: sign in, or send `Authorization: Bearer <token>`.")
    return Credential("token", digest(token.strip()))


def find_credential(headers: Headers, scheme: str) -> Credential:
    """What a request carries.

    Args:
        headers: of the request.
        scheme: "http" or "https", as it reached this process.

    Raises:
        Unauthenticated: nothing.
    """
    authorization = headers.get("authorization", "")
    session = find_session(headers, scheme)
    return session if session and not authorization else bearer(authorization)


def find_session(headers: Headers, scheme: str) -> Credential | None:
    """The session whose cookie a request carries, None where it carries none that could be one."""
    name = cookie_name(headers.get("host", ""), scheme)
    values = [value for found, value in _cookies(headers) if found == name]
    # Of two, somebody else may have set one.
    if len(values) != 1 or not _SECRET.fullmatch(values[0]):
        return None
    return Credential("session", digest(values[0]))


def cookie_name(host: str, scheme: str) -> str:
    """Name of the session's cookie.

    Args:
        host: the Host header.
        scheme: as it reached this process; behind a gateway that ends TLS it is "http" under a name.
    """
    if scheme != "http" or not is_loopback(host):
        return COOKIE
    port = port_in(host)
    return f"{LOOPBACK_COOKIE}-{port}" if port else LOOPBACK_COOKIE


def cookie_header(name: str, secret: str, keep_s: int) -> str:
    """What sets the session's cookie.

    Args:
        secret: "" takes it away.
        keep_s: how long a browser keeps it.
    """
    secure = "; Secure" if name == COOKIE else ""
    return f"{name}={secret}; Path=/; Max-Age={keep_s if secret else 0}; HttpOnly; SameSite=Strict{secure}"


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine."""
    name = plain_host(host.encode("latin-1", "replace")).decode("latin-1").strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _cookies(headers: Headers) -> Iterator[tuple[str, str]]:
    for header in headers.getlist("cookie"):
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            yield name, value
