"""Idempotency: a request that is sent again is known again, and changes nothing twice.

Each script that changes something remembers the request's key together with what it made, in the same step. The same
key with another request is refused.
"""

from hashlib import sha256
from typing import Any, NamedTuple

from shared.connection import Client, translated
from shared.errors import IdempotencyMismatch
from shared.keys import Keys
from shared.scripts import Argument
from shared.settings import Settings


class Request(NamedTuple):
    """Who asks for a change, and how to know the same asking again.

    Attributes:
        actor: who asks, as people call them.
        traceparent: W3C trace context.
        idempotency_key: the caller's, or one made for this request alone.
        fingerprint: digest of what is asked; the same key with another one is refused.
        scope: whose the key is; the actor's where nothing is given.
    """

    actor: str
    traceparent: str
    idempotency_key: str
    fingerprint: str
    scope: str = ""


async def claim(client: Client, keys: Keys, settings: Settings, site: str, request: Request) -> None:
    """Tie an idempotency key to one request, before and apart from what it asks for.

    Only for what is written elsewhere than keys are remembered, since what is atomic lives in one slot: a new site may
    be in any partition, and hostnames are in none. Dying in between is harmless, since the same request may pass here
    again. A site that exists uses the key up as well: whether it was there before or a request beside this one made it,
    nobody can tell.

    Args:
        client: for short calls.
        keys: names.
        settings: how long keys are remembered.
        site: whose key it is, "" where sites are created.
        request: the request.

    Raises:
        IdempotencyMismatch: the key was used with another request.
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    key = keys.idempotency(site, scoped(request))
    with translated():
        pipeline: Any = client.pipeline(transaction=True)
        pipeline.hsetnx(key, "fingerprint", request.fingerprint)
        pipeline.hget(key, "fingerprint")
        pipeline.expire(key, settings.idempotency_keep_s)
        _, fingerprint, _ = await pipeline.execute()
    refuse_mismatch(b"mismatch" if fingerprint != request.fingerprint.encode() else b"")


def scoped(request: Request) -> str:
    """An idempotency key counts per account or token: two clients that choose the same one do not meet."""
    return sha256(f"{request.scope or request.actor}\0{request.idempotency_key}".encode()).hexdigest()


def remembering(request: Request, settings: Settings) -> list[Argument]:
    """What a script has to know to remember a request: what is asked, and for how many seconds."""
    return [request.fingerprint, settings.idempotency_keep_s]


def refuse_mismatch(outcome: bytes) -> None:
    """Raises: IdempotencyMismatch, where that is what a script answered."""
    if outcome == b"mismatch":
        raise IdempotencyMismatch(
            "This Idempotency-Key was used before with another request.",
            "use a new key for a new request, and the same body for a repeated one",
        )
