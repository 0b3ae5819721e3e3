"""Accounts and members of sites, in Redis."""

import secrets
from typing import Any, NamedTuple

import msgspec

from shared import keys
from shared.accounts.records import MOST_PLACES, Account, name_key
from shared.connection import Client, translated
from shared.credentials import digest, new_secret
from shared.errors import Conflict, NotFound
from shared.idempotency import Request, refuse_mismatch, remembering, scoped
from shared.listing import Listing
from shared.scripts import Argument, Call, run, script
from shared.settings import Settings

MOST_ACCOUNTS = 5_000
MOST_MEMBERS = 500
INVITATION_KEEP_MS = 7 * 86_400_000

_EXISTS_MEND = "choose another name, or give that account its roles"


class Invited(NamedTuple):
    """An account and the invitation that was made for it.

    Attributes:
        account: the account.
        code: the invitation's secret, None where none was made.
        expires_at: when it ends, milliseconds since the epoch; 0 where none was made.
        replayed: an earlier request with the same key made the account.
    """

    account: Account
    code: str | None
    expires_at: int
    replayed: bool = False


class AccountStore:
    """Accounts in Redis.

    Args:
        client: for short calls.
        settings: bounds.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings

    async def add(self, name: str, roles: dict[str, str], request: Request) -> Invited:
        """Make an account and an invitation to it.

        Raises:
            Conflict: the name is taken, there are too many accounts, or a replay finds the account gone.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        code = new_secret()
        names = [keys.ACCOUNTS, keys.ACCOUNT_NAMES, keys.ACCOUNT_ORDER, keys.MEMBERS, keys.INVITED]
        arguments: list[Argument] = [new_account_id(), name, name_key(name), msgspec.json.encode(roles)]
        arguments += [*_invitation(code), MOST_ACCOUNTS, *remembering(request, self._settings)]
        call = [*names, keys.invitation(digest(code)), _memory(request)]
        answer = await run(self._client, Call(script("add_account"), call, arguments))
        refuse_mismatch(answer[0])
        _refuse(answer[0], name)
        return _invited(answer, code, replayed=answer[0] == b"replayed")

    async def invite(self, account: str) -> Invited:
        """Make an invitation to an account, in place of the one before: to join, or to choose a new password.

        Raises:
            NotFound: there is no such account.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        code = new_secret()
        names = [keys.ACCOUNTS, keys.INVITED, keys.invitation(digest(code))]
        answer = await run(self._client, Call(script("invite"), names, [account, *_invitation(code)]))
        _refuse(answer[0], account)
        return _invited(answer, code)

    async def set_roles(self, account: str, roles: dict[str, str]) -> Account:
        """Give an account its roles, in place of those it had.

        Raises:
            NotFound: there is no such account.
            Conflict: nobody would administer.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        arguments: list[Argument] = [account, msgspec.json.encode(roles)]
        answer = await run(self._client, Call(script("set_roles"), [keys.ACCOUNTS, keys.MEMBERS], arguments))
        _refuse(answer[0], account)
        return _decode(answer[1])

    async def remove(self, account: str, request: Request) -> tuple[Account | None, bool]:
        """Take an account away: it can no longer sign in, and its sessions and tokens end.

        Returns:
            what it was, None where it was gone; and whether an earlier request with the same key did.

        Raises:
            NotFound: there is no such account.
            Conflict: nobody would administer.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            record = await self._client.hget(keys.ACCOUNTS, account)
        removed = _decode(record) if record else None
        key = name_key(removed.name) if removed else ""
        names = [keys.ACCOUNTS, keys.ACCOUNT_NAMES, keys.ACCOUNT_ORDER, keys.MEMBERS, keys.INVITED, keys.PASSWORDS]
        names += [keys.sessions(account), keys.tokens(account), _memory(request)]
        prefixes = [keys.invitation(""), keys.session(""), keys.token("")]
        arguments = [account, key, *prefixes, *remembering(request, self._settings)]
        answer = await run(self._client, Call(script("remove_account"), names, arguments))
        refuse_mismatch(answer[0])
        _refuse(answer[0], account)
        return removed, answer[0] == b"replayed"

    async def account(self, account: str) -> Account:
        """Raises: NotFound, where there is no such account."""
        with translated():
            record = await self._client.hget(keys.ACCOUNTS, account)
        if record is None:
            raise _no_account(account)
        return _decode(record)

    async def listed(self, after: str, limit: int) -> Listing[Account]:
        """Accounts by name.

        Args:
            after: name, as it is compared, to begin behind; "" for the first.
            limit: most accounts.
        """
        start = f"({after}" if after else "-"
        with translated():
            found = await self._client.zrangebylex(keys.ACCOUNT_ORDER, start, "+", start=0, num=limit + 1)
            names = found[:limit]
            ids = await self._client.hmget(keys.ACCOUNT_NAMES, names) if names else []
        accounts = await self._read([account for account in ids if account])
        return Listing(accounts, names[-1].decode() if len(found) > limit else "")

    async def members(self, site: str) -> list[Account]:
        """Accounts that hold a role on a site itself, by name."""
        with translated():
            found = await self._client.zrangebylex(keys.MEMBERS, f"[{site} ", f"({site}!", start=0, num=MOST_MEMBERS)
        accounts = await self._read([member.partition(b" ")[2] for member in found])
        return sorted((one for one in accounts if site in one.roles), key=lambda one: name_key(one.name))

    async def set_member(self, site: str, name: str, role: str) -> Invited:
        """Give somebody a role on a site; an account is made where there is none.

        Raises:
            Conflict: too many accounts, members, or roles of that account.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        code = new_secret()
        names = [keys.ACCOUNTS, keys.ACCOUNT_NAMES, keys.ACCOUNT_ORDER, keys.MEMBERS, keys.INVITED]
        arguments: list[Argument] = [new_account_id(), name, name_key(name), site, role, *_invitation(code)]
        arguments += [MOST_ACCOUNTS, MOST_MEMBERS, MOST_PLACES]
        call = Call(script("set_member"), [*names, keys.invitation(digest(code))], arguments)
        answer = await run(self._client, call)
        _refuse(answer[0], name)
        return _invited(answer, code)

    async def remove_member(self, site: str, name: str, request: Request) -> tuple[Account, bool]:
        """Take away the role that somebody holds on a site.

        Returns:
            the account, and whether an earlier request with the same key did.

        Raises:
            NotFound: they hold none there.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = [keys.ACCOUNTS, keys.ACCOUNT_NAMES, keys.MEMBERS, _memory(request)]
        arguments = [name_key(name), site, *remembering(request, self._settings)]
        answer = await run(self._client, Call(script("remove_member"), names, arguments))
        refuse_mismatch(answer[0])
        if answer[0] == b"unknown":
            raise NotFound("member", name, "list them with GET …/members")
        return _decode(answer[1]), answer[0] == b"replayed"

    async def _read(self, accounts: list[bytes]) -> list[Account]:
        if not accounts:
            return []
        with translated():
            records = await self._client.hmget(keys.ACCOUNTS, accounts)
        return [_decode(record) for record in records if record is not None]


def new_account_id() -> str:
    """A fresh id of an account."""
    return secrets.token_hex(6)


def _memory(request: Request) -> str:
    return keys.accounts_idempotency(scoped(request))


def _invitation(code: str) -> list[Argument]:
    return [digest(code), keys.invitation(""), INVITATION_KEEP_MS]


def _decode(record: bytes) -> Account:
    return msgspec.json.decode(record, type=Account)


def _invited(answer: list[Any], code: str, *, replayed: bool = False) -> Invited:
    expires_at = int(answer[2])
    return Invited(_decode(answer[1]), code if expires_at else None, expires_at, replayed)


def _no_account(name: str) -> NotFound:
    return NotFound("account", name, "list them with GET /-/api/v1/accounts")


def _refuse(outcome: bytes, name: str) -> None:
    """Raises: NotFound, Conflict, where that is what a script answered."""
    if outcome == b"unknown":
        raise _no_account(name)
    if outcome in _CONFLICTS:
        detail, mend = _CONFLICTS[outcome]
        raise Conflict(detail.format(name=name), mend)


_CONFLICTS = {
    b"exists": ("There is an account named {name!r}.", _EXISTS_MEND),
    b"full": (f"There are {MOST_ACCOUNTS:,} accounts, which is the most there can be.", "remove one first"),
    b"crowded": (
        f"{{name!r}} would be more than {MOST_MEMBERS} members of one site, or hold more than {MOST_PLACES} roles.",
        "remove a member first, or give a role on every site",
    ),
    b"gone": ("The account that this request made is gone.", "use a new Idempotency-Key to make another"),
    b"last": ("Without this account nobody could administer.", "make another account an administrator first"),
}
