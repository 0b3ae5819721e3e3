"""Rebuilds: every page of a site built anew, in the bulk lane, with progress and cancel.

The builders queue the pages (services/builder/rebuilds.py); here one is begun, looked at and called off.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from shared.connection import Client, translated
from shared.errors import Conflict, NotFound
from shared.idempotency import Request, refuse_mismatch, remembering, scoped
from shared.keys import Keys
from shared.scripts import Call, run, script
from shared.settings import Settings
from shared.sites import no_site

KEEP = 20


class Rebuild(msgspec.Struct, frozen=True, kw_only=True):
    """One rebuild of a site.

    Attributes:
        number: 1, 2, … per site.
        state: "running" until every page has ended, then "done"; "cancelled" where it was called off.
        total: pages the site had when it began.
        queued: pages queued so far.
        skipped: pages passed over: nothing of them is live, or somebody's publication is under way.
        live, failed, superseded, cancelled: how the queued ones ended.
        created_at: milliseconds since the epoch, UTC.
        by: name of the token that asked.
    """

    number: int
    state: Literal["running", "done", "cancelled"]
    total: int
    queued: int
    skipped: int
    live: int
    failed: int
    superseded: int
    cancelled: int
    created_at: int
    by: str


_FIELDS = ("state", "total", "queued", "skipped", "live", "failed", "superseded", "cancelled", "created_at", "by")


class RebuildStore:
    """Rebuilds in Redis.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._keys, self._settings = client, keys, settings

    async def begin(self, site: str, request: Request) -> tuple[Rebuild, bool]:
        """Begin to build every page of a site anew.

        Returns:
            the rebuild, and whether an earlier request with the same key began it.

        Raises:
            NotFound: no such site.
            Conflict: one is running.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names, partition = self._keys, self._keys.partition(site)
        script_keys = [
            names.site(site),
            names.pages(site),
            names.rebuilds(site),
            names.rebuilding(partition),
            names.idempotency(site, scoped(request)),
        ]
        about = [site, request.actor, request.traceparent, *remembering(request, self._settings)]
        outcome, *rest = await run(self._client, Call(script("start_rebuild"), script_keys, [*about, KEEP]))
        if outcome == b"no-site":
            raise no_site(site)
        refuse_mismatch(outcome)
        number = int(rest[0])
        if outcome == b"running":
            raise Conflict(
                f"Rebuild {number} of {site!r} is running.",
                f"wait for it, or call it off with DELETE …/rebuilds/{number}",
            )
        return await self.show(site, number), outcome == b"replayed"

    async def show(self, site: str, number: int) -> Rebuild:
        """How far a rebuild is.

        Raises:
            NotFound: no such rebuild.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            values = await self._client.hmget(self._keys.rebuilds(site), [f"{number}:{name}" for name in _FIELDS])
        found = dict(zip(_FIELDS, values, strict=True))
        if found["state"] is None:
            raise _no_rebuild(number)
        return _read(number, found)

    async def newest(self, site: str) -> list[Rebuild]:
        """The rebuilds that are remembered, newest first.

        Raises:
            NotFound: no such site.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            pipeline = self._client.pipeline(transaction=True)
            pipeline.exists(self._keys.site(site))
            pipeline.hgetall(self._keys.rebuilds(site))
            exists, fields = await pipeline.execute()
        if not exists:
            raise no_site(site)
        last = int(fields.get(b"next", 0))
        rebuilds = []
        for number in range(last, max(0, last - KEEP), -1):
            rebuilds.append(_read(number, {name: fields.get(f"{number}:{name}".encode()) for name in _FIELDS}))
        return rebuilds

    async def cancel(self, site: str, number: int) -> Rebuild:
        """Call a rebuild off: no more pages are queued, and those that wait end as cancelled.

        Raises:
            NotFound: no such rebuild.
            Conflict: it is over.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        script_keys = [self._keys.rebuilds(site), self._keys.rebuilding(self._keys.partition(site))]
        [outcome] = await run(self._client, Call(script("end_rebuild"), script_keys, [site, number, "cancelled"]))
        if outcome == b"unknown":
            raise _no_rebuild(number)
        found = await self.show(site, number)
        if outcome == b"over" and found.state != "cancelled":
            raise Conflict(f"Rebuild {number} is over.", "there is nothing left to call off")
        return found


def _read(number: int, found: Mapping[str, bytes | None]) -> Rebuild:
    counts = {name: int(found[name] or 0) for name in _FIELDS if name not in {"state", "by"}}
    ended = sum(counts[name] for name in ("live", "failed", "superseded", "cancelled"))
    state: Literal["running", "done", "cancelled"] = "running"
    if found["state"] == b"cancelled":
        state = "cancelled"
    elif found["state"] == b"queued" and ended >= counts["queued"]:
        state = "done"
    return Rebuild(number=number, state=state, by=(found["by"] or b"").decode(), **counts)


def _no_rebuild(number: int) -> NotFound:
    return NotFound("rebuild", str(number), "begin one with POST …/rebuilds; the newest 20 are remembered")
