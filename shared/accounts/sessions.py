"""Sessions, and signing in."""

import time
from typing import NamedTuple

import msgspec

from shared import keys
from shared.accounts.credentials import CredentialList, new_id
from shared.accounts.records import Account, SessionRecord, name_key
from shared.connection import Client, translated
from shared.credentials import Credential, digest, new_secret
from shared.errors import TooManyTries, Unauthenticated, WrongPassword
from shared.idempotency import Request
from shared.scripts import Argument, Call, run, script
from shared.settings import Settings

MOST_SESSIONS = 20
LONGEST_AGENT = 200
# How long an address stays one from which somebody signed in.
KNOWN_MS = 30 * 86_400_000
# Where a script asks for the key of something that is not there.
_NONE = Credential("session", "none")


class Tried(NamedTuple):
    """Whom somebody who tries to sign in claims to be.

    Attributes:
        account: its id, "" where the name is nobody's.
        stored: hash of its password, "" where there is none.
    """

    account: str
    stored: str


class Opened(NamedTuple):
    """A session that was opened.

    Attributes:
        secret: what the cookie carries.
        id: names it; opens nothing.
        account: whose it is.
        ends_at: when it ends in any case, milliseconds since the epoch.
    """

    secret: str
    id: str
    account: Account
    ends_at: int


class Comer(NamedTuple):
    """Where somebody comes from.

    Attributes:
        address: of the client.
        agent: how the browser calls itself.
        session: the session that they came with, None where they came with none.
    """

    address: str
    agent: str
    session: Credential | None


class SessionStore:
    """Sessions in Redis.

    Args:
        client: for short calls.
        settings: bounds.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self._credentials = CredentialList(client, settings, "session", keys.sessions, keys.session(""))

    async def try_to_sign_in(self, name: str, comer: Comer) -> Tried:
        """Count a try, and find what the password is held against.

        Raises:
            TooManyTries: with this name or from this address.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        key, window_ms = name_key(name), int(self._settings.sign_in_window_s * 1000)
        names = [keys.ACCOUNT_NAMES, keys.PASSWORDS, _tries_of_both(name, comer)]
        names += [keys.tries("name", digest(key)), keys.tries("address", digest(comer.address)), _known(name, comer)]
        arguments: list[Argument] = [key, window_ms, self._settings.sign_in_tries]
        answer = await run(self._client, Call(script("sign_in"), names, arguments))
        if answer[0] == b"wait":
            raise TooManyTries(max(1, -(-int(answer[1]) // 1000)))
        return Tried(answer[1].decode(), answer[2].decode())

    async def open(
        self,
        account: str,
        comer: Comer,
        *,
        name: str = "",
        proved: str = "",
        password: str = "",
        ends_others: bool = False,
    ) -> Opened:
        """Open a session in place of the one they came with, so that nobody else knows the secret.

        Args:
            account: id of whoever proved who they are.
            comer: where they come from.
            name: as they gave it; their address becomes known where they gave one.
            proved: the hash that their password was held against, "" where it was not.
            password: a new hash, "" where the password stays.
            ends_others: whether all their other sessions end.

        Raises:
            WrongPassword: the password was changed meanwhile.
            Unauthenticated: the account is gone.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        secret, session = new_secret(), new_id(int(time.time() * 1000))
        names = [keys.session(digest(secret)), keys.sessions(account), keys.ACCOUNTS, keys.PASSWORDS]
        names += [keys.session((comer.session or _NONE).digest), _tries_of_both(name, comer), _known(name, comer)]
        idle_ms, keep_ms = (int(s * 1000) for s in (self._settings.session_idle_s, self._settings.session_keep_s))
        arguments: list[Argument] = [account, digest(secret), session, comer.agent[:LONGEST_AGENT], idle_ms, keep_ms]
        arguments += [proved, password, int(ends_others), keys.session(""), MOST_SESSIONS, KNOWN_MS if name else 0]
        answer = await run(self._client, Call(script("open_session"), names, arguments))
        if answer[0] == b"changed":
            raise WrongPassword
        if answer[0] == b"unknown":
            raise Unauthenticated("This account is gone.")
        return Opened(secret, session, msgspec.json.decode(answer[1], type=Account), int(answer[2]))

    async def password_of(self, account: str) -> str:
        """Hash of an account's password, "" where it has none."""
        with translated():
            stored = await self._client.hget(keys.PASSWORDS, account)
        return stored.decode() if stored else ""

    async def listed(self, account: str, current: str) -> list[SessionRecord]:
        """An account's sessions, the newest first.

        Args:
            current: id of the one that asks, "" where none does.
        """
        return [_session(fields, current) for fields in await self._credentials.read(account)]

    async def end(self, account: str, session: str, request: Request) -> bool:
        """End a session.

        Returns:
            whether an earlier request with the same key did.

        Raises:
            NotFound: the account has no such session.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        return await self._credentials.end(account, session, request)


def _session(fields: dict[str, str], current: str) -> SessionRecord:
    created_at, seen_at, ends_at = (int(fields[name]) for name in ("created_at", "seen_at", "ends_at"))
    about = {"created_at": created_at, "seen_at": seen_at, "ends_at": ends_at}
    return SessionRecord(id=fields["id"], agent=fields["agent"], is_current=fields["id"] == current, **about)


def _tries_of_both(name: str, comer: Comer) -> str:
    return keys.tries("both", digest(f"{name_key(name)}\0{comer.address}"))


def _known(name: str, comer: Comer) -> str:
    return keys.known_address(digest(f"{name_key(name)}\0{comer.address}"))
