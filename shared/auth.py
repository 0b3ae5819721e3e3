"""Who is asking: api and server both ask here.

Looking a token or a session up costs one round trip; the answer is remembered for a few seconds, so one that was
ended works on for at most that long in other processes. A token's maker is looked up with it, each time.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from redis.exceptions import RedisError

from shared import keys
from shared.accounts.records import Account
from shared.connection import Client, translated
from shared.credentials import PREFIX, Credential, digest, new_token
from shared.errors import Unauthenticated, Unavailable
from shared.principal import ADMINISTRATOR, Principal
from shared.roles import EVERYWHERE
from shared.scripts import Call, refuse_unavailable, run, run_all, script

__all__ = ["PREFIX", "REMEMBERED_S", "Principal", "Token", "Tokens", "digest", "new_token"]

log = logging.getLogger(__name__)

REMEMBERED_S = 5.0
KEEP_EVERY_S = 1.0
MOST_REMEMBERED = 10_000
# How exactly it is known when a token was used last.
TOKEN_USE_MS = 600_000
MOST_AT_ONCE = 200


class Token(msgspec.Struct, frozen=True):
    """What is stored of a token that belongs to no account.

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


class Tokens:
    """Who comes with a token or a session; and the first administrator's token.

    Args:
        client: for short calls.
        clock: seconds, monotonic.
    """

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._remembered: dict[Credential, tuple[float, Principal]] = {}

    async def who(self, credential: Credential) -> Principal:
        """Find out whose a token or a session is.

        Raises:
            Unauthenticated: it is not known.
            StoreUnavailable, StoreUncertain: Redis is away and it is not remembered.
        """
        until, principal = self._remembered.get(credential, (0.0, None))
        if principal is not None and self._clock() < until:
            return principal
        [principal] = await self.look_up([credential])
        if principal is None:
            self._remembered.pop(credential, None)
            raise Unauthenticated(_UNKNOWN[credential.kind])
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[credential] = (self._clock() + REMEMBERED_S, principal)
        return principal

    def forget(self) -> None:
        """Remember nobody: somebody's rights changed, or ended."""
        self._remembered.clear()

    async def look_up(self, credentials: Sequence[Credential], *, is_use: bool = True) -> list[Principal | None]:
        """Whose some tokens and sessions are now, None for those that are not known or whose records are damaged.

        Args:
            is_use: whether the look counts as a use, by which a session lives on.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
            Misconfigured: Redis does not let this process look.
        """
        found: list[Principal | None] = []
        for start in range(0, len(credentials), MOST_AT_ONCE):
            part = credentials[start : start + MOST_AT_ONCE]
            looks = [call for credential in part for call in _looks(credential)]
            uses = [_use(credential) for credential in part if is_use]
            # Whether a use was noted matters to nobody who asks.
            answers = (await run_all(self._client, [*looks, *uses]))[: len(looks)]
            refuse_unavailable(answers)
            pairs = zip(answers[::2], answers[1::2], strict=True)
            found += [_find(credential, *pair) for credential, pair in zip(part, pairs, strict=True)]
        return found

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
            old = [name for name, record in known.items() if msgspec.json.decode(record)["id"] == ADMINISTRATOR]
            pipeline: Any = self._client.pipeline(transaction=True)
            if old:
                pipeline.hdel(keys.TOKENS, *old)
            pipeline.hset(keys.TOKENS, digest(token), msgspec.json.encode(_administrator(now_ms)))
            await pipeline.execute()
        self.forget()

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


_UNKNOWN = {
    "token": "This token is not known: it was revoked, has expired, or belongs to another Platen.",
    "session": "This session has ended.",
}


def _administrator(now_ms: int) -> Token:
    return Token(ADMINISTRATOR, now_ms, {EVERYWHERE: "admin"})


def _looks(credential: Credential) -> list[Call]:
    """One look-up: in the list of tokens without an account, and in the accounts' slot."""
    known = credential.digest if credential.kind == "token" else ""
    return [
        Call(script("known_token"), [keys.TOKENS], [known]),
        Call(script("who"), [_key(credential), keys.ACCOUNTS], []),
    ]


def _use(credential: Credential) -> Call:
    return Call(script("touch"), [_key(credential)], [TOKEN_USE_MS])


def _key(credential: Credential) -> str:
    return (keys.token if credential.kind == "token" else keys.session)(credential.digest)


def _find(credential: Credential, known: Any, found: Any) -> Principal | None:
    """Whose it is. What is damaged lets nobody in, and is no concern of those who are asked about with it.

    Raises:
        Misconfigured: Redis does not let this process look.
    """
    try:
        for answer in (known, found):
            if isinstance(answer, Exception):
                raise answer
        return _read(known, found)
    except (RedisError, msgspec.DecodeError, ValueError, KeyError) as error:
        log.error("a %s cannot be read, and lets nobody in: %s", credential.kind, error)
        return None


def _read(known: bytes | None, found: list[Any]) -> Principal | None:
    if known:
        token = msgspec.json.decode(known, type=Token)
        roles = token.roles or {EVERYWHERE: token.role}
        return Principal(id=token.id, roles=roles, name=token.id, via=token.id)
    if not found:
        return None
    fields, record = found
    values = {name.decode(): value.decode() for name, value in zip(fields[::2], fields[1::2], strict=True)}
    account = _maker(values["account"], record)
    return None if account is None else _principal(account, values)


def _maker(account: str, record: bytes) -> Account | None:
    if account == ADMINISTRATOR:
        return Account(id=ADMINISTRATOR, name=ADMINISTRATOR, roles={EVERYWHERE: "admin"}, created_at=0, joined_at=1)
    return msgspec.json.decode(record, type=Account) if record else None


def _principal(account: Account, values: dict[str, str]) -> Principal:
    ends_at = int(values["ends_at"])
    if "roles" not in values:
        return Principal(
            id=account.id,
            roles=account.roles,
            name=account.name,
            via="session",
            session=values["id"],
            ends_at=ends_at,
        )
    roles = msgspec.json.decode(values["roles"], type=dict[str, str])
    within = account.roles
    return Principal(id=account.id, roles=roles, name=account.name, within=within, via=values["name"], ends_at=ends_at)
