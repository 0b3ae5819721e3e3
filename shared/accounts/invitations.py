"""Invitations: a code that lets whoever has it choose the password of an account, once."""

from typing import NamedTuple

import msgspec

from shared import keys
from shared.accounts.accounts import INVITATION_KEEP_MS, new_account_id
from shared.accounts.records import Account, name_key
from shared.connection import Client, translated
from shared.credentials import digest, new_secret
from shared.errors import NotFound
from shared.idempotency import Request, refuse_mismatch, remembering, scoped
from shared.scripts import Argument, Call, run, script
from shared.settings import Settings

# What stands behind `#` never reaches a server nor its log.
PATH = "/-/editor/invitation#"


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of an invitation.

    Attributes:
        account: id of the account it is for, "" for the first administrator's.
        name: of that account.
        expires_at: milliseconds since the epoch, UTC.
    """

    account: str
    name: str
    expires_at: int


class Accepted(NamedTuple):
    """An invitation that was accepted.

    Attributes:
        account: whose it was.
        replayed: an earlier request with the same key accepted it.
    """

    account: Account
    replayed: bool


class InvitationStore:
    """Invitations in Redis.

    Args:
        client: for short calls.
        settings: bounds.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings

    async def invite_first(self) -> str | None:
        """Make an invitation for the first administrator.

        Returns:
            its code, None where there are accounts.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        code = new_secret()
        names = [keys.ACCOUNTS, keys.invitation(digest(code))]
        made = await run(self._client, Call(script("invite_first"), names, [INVITATION_KEEP_MS]))
        return code if made else None

    async def look(self, code: str) -> Invitation:
        """Look at an invitation.

        Raises:
            NotFound: it was accepted, replaced or has expired; or the first administrator is there.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            found = await self._client.get(keys.invitation(digest(code)))
            is_late = found is not None and await self._is_late(found)
        if found is None or is_late:
            raise _no_invitation()
        return msgspec.json.decode(found, type=Invitation)

    async def find(self, code: str, request: Request) -> Invitation | None:
        """Look at an invitation that shall be accepted.

        Returns:
            None where an earlier request with the same key accepted it.

        Raises:
            NotFound: as for `look`.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            is_accepted = await self._client.exists(keys.accounts_idempotency(scoped(request)))
        return None if is_accepted else await self.look(code)

    async def accept(self, code: str, name: str, password: str, request: Request) -> Accepted:
        """Accept an invitation: its account gets a password, and loses its sessions.

        Args:
            name: of the first administrator; not used for an account that has one.
            password: the hash.

        Raises:
            NotFound: as for `look`.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = [keys.invitation(digest(code)), keys.ACCOUNTS, keys.ACCOUNT_NAMES, keys.ACCOUNT_ORDER, keys.MEMBERS]
        names += [keys.INVITED, keys.PASSWORDS, keys.accounts_idempotency(scoped(request))]
        arguments: list[Argument] = [new_account_id(), name, name_key(name), password]
        arguments += [keys.sessions(""), keys.session(""), *remembering(request, self._settings)]
        answer = await run(self._client, Call(script("accept"), names, arguments))
        refuse_mismatch(answer[0])
        if answer[0] == b"unknown":
            raise _no_invitation()
        return Accepted(msgspec.json.decode(answer[1], type=Account), answer[0] == b"replayed")

    async def _is_late(self, found: bytes) -> bool:
        is_first = not msgspec.json.decode(found, type=Invitation).account
        return is_first and bool(await self._client.hlen(keys.ACCOUNTS))


def _no_invitation() -> NotFound:
    return NotFound("invitation", "with this code", "ask an administrator for a new link; each works once, for a week")
