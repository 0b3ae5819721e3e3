"""What lets an account in, its sessions and its API tokens: listed by their ids, and ended one by one.

Of a secret only the digest is stored; the list of an account says which digest an id stands for.
"""

import secrets
from collections.abc import Callable
from typing import Any

from shared import keys
from shared.connection import Client, translated
from shared.errors import NotFound
from shared.idempotency import Request, refuse_mismatch, remembering, scoped
from shared.scripts import Call, run, script
from shared.settings import Settings


class CredentialList:
    """What accounts have of one kind.

    Args:
        client: for short calls.
        settings: bounds.
        kind: "session" or "token".
        list_of: the key of an account's list.
        prefix: what stands before the digest in the key of each.
    """

    def __init__(
        self, client: Client, settings: Settings, kind: str, list_of: Callable[[str], str], prefix: str
    ) -> None:
        self._client, self._settings = client, settings
        self._kind, self._list_of, self._prefix = kind, list_of, prefix

    async def read(self, account: str) -> list[dict[str, str]]:
        """The fields of those that are still there, the newest first."""
        with translated():
            listed = await self._client.hgetall(self._list_of(account))
            pipeline: Any = self._client.pipeline(transaction=False)
            for name in sorted(listed, reverse=True):
                pipeline.hgetall(self._prefix + listed[name].decode())
            found = await pipeline.execute() if listed else []
        return [{name.decode(): value.decode() for name, value in fields.items()} for fields in found if fields]

    async def end(self, account: str, which: str, request: Request) -> bool:
        """Take one away.

        Args:
            which: its id.

        Returns:
            whether an earlier request with the same key did.

        Raises:
            NotFound: the account has no such one.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = [self._list_of(account), keys.accounts_idempotency(scoped(request))]
        arguments = [which, self._prefix, *remembering(request, self._settings)]
        outcome: bytes = await run(self._client, Call(script("end_credential"), names, arguments))
        refuse_mismatch(outcome)
        if outcome == b"unknown":
            raise NotFound(self._kind, which, f"list them with GET /-/api/v1/{self._kind}s")
        return outcome == b"replayed"


def new_id(now_ms: int) -> str:
    """A fresh id that sorts by time.

    Args:
        now_ms: milliseconds since the epoch.
    """
    return f"{now_ms:011x}{secrets.token_hex(3)}"
