"""Who is asking, and may they: api and server both ask here.

A token is random, shown once, and stored as its SHA-256. Looking one up costs a round trip; the answer is
remembered for a few seconds, so a revoked token works on for at most that long.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from shared import keys
from shared.connection import Client, translated
from shared.errors import Unauthenticated, Unavailable
from shared.roles import EVERYWHERE, Permission, permits
from shared.scripts import Call, run, script

log = logging.getLogger(__name__)

REMEMBERED_S = 5.0
KEEP_EVERY_S = 1.0
MOST_REMEMBERED = 10_000
PREFIX = "platen_"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever asks.

    Attributes:
        id: stable; what idempotency keys and records hang on.
        roles: site, or `*` for every site, -> role.
        name: how people call them; the id where there is no other name.
    """

    id: str
    roles: dict[str, str] = {}
    name: str = ""

    def may(self, permission: Permission, site: str = EVERYWHERE) -> bool:
        """Whether they may do something.

        Args:
            site: slug; `*` for what concerns no single site.
        """
        return permits(self.roles, permission, site)


class Token(msgspec.Struct, frozen=True):
    """What is stored of a token.

    Attributes:
        id: whose it is.
        created_at: milliseconds since the epoch, UTC.
        roles: site, or `*` for every site, -> role.
        role: what those may do everywhere whose record has no `roles` yet.
    """

    id: str
    created_at: int
    roles: dict[str, str] = {}
    role: str = ""


def new_token() -> str:
    """A fresh secret of 256 bits, with a prefix by which scanners know it."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is stored of a token. It is long and random, so one round of SHA-256 is enough."""
    return sha256(token.encode()).hexdigest()


def digest_of(authorization: str) -> str:
    """The digest of the token that an Authorization header carries."""
    return digest(authorization.partition(" ")[2].strip())


class Tokens:
    """API tokens.

    Args:
        client: for short calls.
        clock: seconds, monotonic.
    """

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._remembered: dict[str, tuple[float, Principal]] = {}

    async def who(self, authorization: str) -> Principal:
        """Find out whose token an Authorization header carries.

        Args:
            authorization: the header's value, "" where there is none.

        Raises:
            Unauthenticated: no bearer token, or one that is not known.
            StoreUnavailable, StoreUncertain: Redis is away and the token is not remembered.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("This needs a token: send `Authorization: Bearer <token>`.")
        name = digest(token.strip())
        until, principal = self._remembered.get(name, (0.0, None))
        if principal is not None and self._clock() < until:
            return principal
        return await self._look_up(name)

    async def unknown(self, names: Sequence[str]) -> list[str]:
        """Those of some tokens that are known no longer.

        Args:
            names: digests.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        if not names:
            return []
        with translated():
            records = await self._client.hmget(keys.TOKENS, list(names))
        return [name for name, record in zip(names, records, strict=True) if record is None]

    async def _look_up(self, name: str) -> Principal:
        # Found by digest, so comparing leaks nothing about the secret itself.
        with translated():
            record = await self._client.hget(keys.TOKENS, name)
        if record is None:
            self._remembered.pop(name, None)
            raise Unauthenticated("This token is not known: it was revoked, or belongs to another Platen.")
        token = msgspec.json.decode(record, type=Token)
        principal = Principal(id=token.id, roles=token.roles or {EVERYWHERE: token.role}, name=token.id)
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[name] = (self._clock() + REMEMBERED_S, principal)
        return principal

    async def set_first(self, token: str, now_ms: int) -> None:
        """Make a token the first administrator's, in place of the one before.

        Args:
            token: the secret.
            now_ms: milliseconds since the epoch.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            known = await self._client.hgetall(keys.TOKENS)
            old = [name for name, record in known.items() if msgspec.json.decode(record)["id"] == "admin"]
            pipeline: Any = self._client.pipeline(transaction=True)
            if old:
                pipeline.hdel(keys.TOKENS, *old)
            pipeline.hset(keys.TOKENS, digest(token), msgspec.json.encode(_administrator(now_ms)))
            await pipeline.execute()
        self._remembered.clear()

    async def keep_first(self, token: str, every_s: float = KEEP_EVERY_S) -> None:
        """Set the first administrator's token again whenever Redis holds no tokens at all: it was emptied.

        A token that was revoked or replaced while others are there stays so. Runs until it is cancelled.

        Args:
            token: the secret.
            every_s: time between two looks.
        """
        while True:
            await asyncio.sleep(every_s)
            with contextlib.suppress(Unavailable):
                if not await self._are_there():
                    log.error("Redis holds no tokens, it was emptied: the first administrator's token is set again")
                    await self.set_first(token, int(time.time() * 1000))

    async def _are_there(self) -> bool:
        with translated():
            return bool(await self._client.exists(keys.TOKENS))

    async def make_first(self, now_ms: int) -> str | None:
        """Make the first token where there is none yet; of several processes that ask at once, one gets it.

        One step, so that a process that ends in the middle leaves either a token or nothing that bars the next one.

        Returns:
            the secret, to be shown once; None where there are tokens.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        token = new_token()
        record = msgspec.json.encode(_administrator(now_ms))
        made = await run(self._client, Call(script("first_token"), [keys.TOKENS], [digest(token), record]))
        return token if made else None


def _administrator(now_ms: int) -> Token:
    return Token("admin", now_ms, {EVERYWHERE: "admin"})
