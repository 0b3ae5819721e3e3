"""API tokens of accounts, in Redis."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from shared import keys
from shared.accounts.credentials import CredentialList, new_id
from shared.accounts.records import TokenRecord
from shared.connection import Client
from shared.credentials import digest, new_token
from shared.errors import Conflict, NotFound
from shared.idempotency import Request, refuse_mismatch, remembering, scoped
from shared.principal import ADMINISTRATOR
from shared.scripts import Argument, Call, run, script
from shared.settings import Settings

MOST_TOKENS = 50
SHOWN_CHARACTERS = 4
DAY_MS = 86_400_000


class AskedToken(NamedTuple):
    """What a token shall be.

    Attributes:
        name: what it is for.
        roles: site, or `*` for every site, -> role.
        days: until it expires.
    """

    name: str
    roles: Mapping[str, str]
    days: int


class MadeToken(NamedTuple):
    """A token that was made.

    Attributes:
        secret: shown once.
        record: what is kept.
        replayed: an earlier request with the same key made it; its secret was replaced by this one.
    """

    secret: str
    record: TokenRecord
    replayed: bool


class TokenStore:
    """API tokens in Redis.

    Args:
        client: for short calls.
        settings: bounds.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self._credentials = CredentialList(client, settings, "token", keys.tokens, keys.token(""))

    async def make(self, account: str, asked: AskedToken, now_ms: int, request: Request) -> MadeToken:
        """Make a token.

        Args:
            account: id of its maker.
            asked: what it shall be.
            now_ms: milliseconds since the epoch; its id sorts by it.

        Raises:
            NotFound: there is no such account.
            Conflict: it has too many tokens, or a replay finds the token gone.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        secret = new_token()
        names = [keys.token(digest(secret)), keys.tokens(account), keys.ACCOUNTS]
        names.append(keys.accounts_idempotency(scoped(request)))
        arguments: list[Argument] = [account, new_id(now_ms), digest(secret), asked.name]
        arguments += [
            msgspec.json.encode(asked.roles),
            secret[-SHOWN_CHARACTERS:],
            asked.days * DAY_MS,
            MOST_TOKENS,
            keys.token(""),
        ]
        arguments += [int(account == ADMINISTRATOR), *remembering(request, self._settings)]
        answer = await run(self._client, Call(script("make_token"), names, arguments))
        _refuse(answer[0], account)
        pairs = zip(answer[1][::2], answer[1][1::2], strict=True)
        fields = {field.decode(): value.decode() for field, value in pairs}
        return MadeToken(secret, _token(fields), answer[0] == b"replayed")

    async def listed(self, account: str) -> list[TokenRecord]:
        """An account's tokens, the newest first."""
        return [_token(fields) for fields in await self._credentials.read(account)]

    async def revoke(self, account: str, token: str, request: Request) -> bool:
        """Revoke a token.

        Args:
            token: its id.

        Returns:
            whether an earlier request with the same key did.

        Raises:
            NotFound: the account has no such token.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        return await self._credentials.end(account, token, request)


def _token(fields: dict[str, str]) -> TokenRecord:
    return TokenRecord(
        id=fields["id"],
        name=fields["name"],
        roles=msgspec.json.decode(fields["roles"]),
        created_at=int(fields["created_at"]),
        expires_at=int(fields["ends_at"]),
        used_at=int(fields["seen_at"]),
        last=fields["last"],
    )


def _refuse(outcome: bytes, account: str) -> None:
    refuse_mismatch(outcome)
    if outcome == b"unknown":
        raise NotFound("account", account)
    if outcome == b"full":
        raise Conflict(f"An account can have {MOST_TOKENS} tokens.", "revoke one that is no longer used")
    if outcome == b"gone":
        raise Conflict("The token that this request made is gone.", "use a new Idempotency-Key to make another")
