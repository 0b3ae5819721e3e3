"""The audit log: who changed what, and who was refused.

Entries are written by a task of its own, so no publish waits for them. What was noted within the last fifth of a
second, or while Redis was away, is lost if the process dies; a process that stops writes it first. In Redis the log is
bounded: the newest entries of all, and the newest of each site.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from shared import keys
from shared.accounts.records import Account, AuditEntry
from shared.connection import Client, translated
from shared.errors import Unavailable
from shared.listing import Listing
from shared.tasks import end

log = logging.getLogger(__name__)

MOST_ENTRIES = 100_000
MOST_ENTRIES_OF_SITE = 10_000
SITE_KEEP_S = 366 * 86_400
MOST_WAITING = 10_000
MOST_AT_ONCE = 500
WRITE_EVERY_S = 0.2
STOP_WITHIN_S = 2.0
AGAIN_S = 5.0
# Refusals of nobody in particular: anybody can cause them, and would push everything else out.
MOST_ANONYMOUS_PER_MINUTE = 60

_ACCOUNT_ID = re.compile(r"[0-9a-f]{12}")


class AuditLog:
    """Notes what happened, and reads it.

    Args:
        client: for short calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: deque[AuditEntry] = deque()
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._lost = 0
        self._minute, self._anonymous = 0, 0

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write_all())

    async def stop(self) -> None:
        """Write what waits, within a bound of time, and stop."""
        await end(self._task)
        with contextlib.suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(STOP_WITHIN_S):
                while self._waiting:
                    await self._write_some()
        if self._waiting:
            log.error("%d entries of the audit log were not written", len(self._waiting))

    def note(self, entry: AuditEntry) -> None:
        """Keep an entry until it is written. Of more than can wait, the oldest are lost, and the log says so."""
        if not entry.who.id and entry.outcome == "refused" and not self._has_room(entry.at):
            return
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(entry)
        self._came.set()

    async def read(self, site: str, before: str, limit: int) -> Listing[AuditEntry]:
        """Entries, the newest first, each with the names that are known: those it was written with, or what accounts
        are called now.

        Args:
            site: slug; "" for all of them.
            before: id of an entry; "" for the newest.
            limit: most entries.
        """
        key = keys.audit_of(site) if site else keys.AUDIT
        with translated():
            found = await self._client.xrevrange(key, f"({before}" if before else "+", "-", count=limit + 1)
        items = [_decode(*entry) for entry in found[:limit]]
        return Listing(await self._named(items), items[-1].id if len(found) > limit else "")

    async def _named(self, entries: list[AuditEntry]) -> list[AuditEntry]:
        """Entries with the names of the accounts that they name by id alone, in one round trip; none where all have
        theirs."""
        ids = sorted({account for entry in entries for account in _nameless(entry)})
        if not ids:
            return entries
        with translated():
            records = await self._client.hmget(keys.ACCOUNTS, ids)
        found = zip(ids, records, strict=True)
        names = {account: msgspec.json.decode(record, type=Account).name for account, record in found if record}
        return [_with_names(entry, names) for entry in entries]

    def _has_room(self, at: int) -> bool:
        minute = at // 60_000
        if minute != self._minute:
            self._minute, self._anonymous = minute, 0
        self._anonymous += 1
        return self._anonymous <= MOST_ANONYMOUS_PER_MINUTE

    async def _write_all(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            while self._waiting:
                await asyncio.sleep(WRITE_EVERY_S)
                await self._try_to_write()
            self._tell_lost()

    async def _try_to_write(self) -> None:
        try:
            await self._write_some()
        except Unavailable:
            return
        except Exception:
            # A bug, or a key of another type. Whatever it is, it must not end the log for good without a word.
            log.exception("the audit log is not written")
            await asyncio.sleep(AGAIN_S)

    async def _write_some(self) -> None:
        """Write the oldest. Where the answer is lost they are written again: better twice than not at all."""
        entries = [self._waiting[index] for index in range(min(MOST_AT_ONCE, len(self._waiting)))]
        with translated():
            pipeline: Any = self._client.pipeline(transaction=True)
            for entry in entries:
                _append(pipeline, entry)
            await pipeline.execute()
        for entry in entries:
            # What came meanwhile may have pushed some of them out.
            if self._waiting and self._waiting[0] is entry:
                self._waiting.popleft()

    def _tell_lost(self) -> None:
        if self._lost:
            log.error("%d entries of the audit log were lost while Redis was away", self._lost)
            self._lost = 0


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return int(time.time() * 1000)


def _append(pipeline: Any, entry: AuditEntry) -> None:
    fields = {"entry": msgspec.json.encode(entry)}
    pipeline.xadd(keys.AUDIT, fields, maxlen=MOST_ENTRIES, approximate=True)
    # Where somebody is told that there is no such site, there may be none, and no list of it shall come into being.
    if entry.site and entry.status not in {401, 404}:
        key = keys.audit_of(entry.site)
        pipeline.xadd(key, fields, maxlen=MOST_ENTRIES_OF_SITE, approximate=True)
        pipeline.expire(key, SITE_KEEP_S)


def _nameless(entry: AuditEntry) -> Iterator[str]:
    """Ids in an entry that are, or may be, those of accounts, and have no name beside them."""
    if entry.who.id and not entry.who.name:
        yield entry.who.id
    # What is about an account is about no site; whoever reads one site's part learns of no account beside it.
    if not entry.site and not entry.target_name and _ACCOUNT_ID.fullmatch(entry.target):
        yield entry.target


def _with_names(entry: AuditEntry, names: Mapping[str, str]) -> AuditEntry:
    who = msgspec.structs.replace(entry.who, name=entry.who.name or names.get(entry.who.id, ""))
    target_name = entry.target_name or ("" if entry.site else names.get(entry.target, ""))
    return msgspec.structs.replace(entry, who=who, target_name=target_name)


def _decode(name: bytes, fields: dict[bytes, bytes]) -> AuditEntry:
    entry = msgspec.json.decode(fields[b"entry"], type=AuditEntry)
    return msgspec.structs.replace(entry, id=name.decode())
