"""Schedules: at an instant to come a version goes live, or a page is taken off.

Here one is made, looked at and called off; `firing.py` does what is due. Instants are judged by Redis's clock, which
also decides when they have come.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from shared.connection import Client, translated
from shared.errors import Conflict, Invalid, NotFound, Undecodable
from shared.events import Action
from shared.idempotency import Request, refuse_mismatch, scoped
from shared.keys import Keys
from shared.listing import Listing
from shared.pages import check_page
from shared.publishing import about_change
from shared.records import Failure
from shared.scripts import Argument, Call, run, script
from shared.settings import Settings
from shared.sites import no_site
from shared.versions import no_version
from shared.zones import instant_of

log = logging.getLogger(__name__)

# Of one site; those that have ended give way to new ones.
MOST = 1_000
MOST_AHEAD_S = 5 * 366 * 86_400
OVERDUE_MS = 5_000

ScheduleState = Literal["scheduled", "done", "cancelled", "failed"]
STATES: tuple[ScheduleState, ...] = get_args(ScheduleState)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done to a page at an instant.

    Attributes:
        id: its number in the site: 1, 2, …
        page: slug.
        action: what is to be done.
        version: the version that goes live, 0 for an unpublish.
        local: what the clocks of the zone show then.
        zone: IANA time zone.
        fold: 1 where the clocks show that for the second time, otherwise 0.
        instant: the same in ISO 8601, with its offset.
        at: the same in milliseconds since the epoch, UTC.
        by: name of the token that asked for it.
        created_at: milliseconds since the epoch, UTC.
        state: where it stands; one that has ended never changes.
        is_overdue: whether it should have fired more than 5 seconds ago, and has not.
        fired_at: when it fired, ms since the epoch; 0 where it has not.
        late_ms: how long after its instant that was.
        publication_seq: the publication that it made, 0 for none.
        failure: why it could not be done.
        cancelled_by: name of the token that called it off, "" where none did.
        cancelled_at: when, ms since the epoch; 0 where it was not.
    """

    id: int
    page: str
    action: Action
    version: int
    local: str
    zone: str
    fold: int
    instant: str
    at: int
    by: str
    created_at: int
    state: ScheduleState
    is_overdue: bool = False
    fired_at: int = 0
    late_ms: int = 0
    publication_seq: int = 0
    failure: Failure | None = None
    cancelled_by: str = ""
    cancelled_at: int = 0


class Plan(NamedTuple):
    """What to schedule.

    Attributes:
        action: what is to be done.
        version: the version that goes live, 0 for the newest there is now; of no meaning for an unpublish.
        local: what the clocks of the zone show then.
        zone: IANA time zone.
        fold: which of the two where they show it twice, None where they do not.
    """

    action: Action
    version: int
    local: str
    zone: str
    fold: int | None = None


class _About(msgspec.Struct, frozen=True):
    """What is known of a schedule before it is made."""

    action: Action
    version: int
    local: str
    zone: str
    fold: int
    instant: str
    at: int


class ScheduleStore:
    """Schedules in Redis.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._keys, self._settings = client, keys, settings

    async def schedule(self, site: str, page: str, plan: Plan, request: Request) -> tuple[Schedule, bool]:
        """Make a schedule.

        Returns:
            the schedule, and whether an earlier request with the same key made it.

        Raises:
            Invalid: no such zone, no one such instant, or one that is over or too far away.
            NotFound: no such page or version.
            Conflict: the site has as many as it may have.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        at, fold, text = instant_of(plan.local, plan.zone, plan.fold)
        version = plan.version if plan.action == "publish" else 0
        about = _About(plan.action, version, plan.local, plan.zone, fold, text, at)
        names, partition = self._keys, self._keys.partition(site)
        script_keys = [
            names.head(site, page),
            names.versions(site, page),
            names.schedules(site),
            names.scheduled(partition),
            names.idempotency(site, scoped(request)),
            names.events(partition),
        ]
        bounds: list[Argument] = [MOST_AHEAD_S * 1000, MOST]
        arguments = [*about_change(site, page, request, self._settings), msgspec.json.encode(about), *bounds]
        outcome, *rest = await run(self._client, Call(script("schedule"), script_keys, arguments))
        if outcome == b"no-page":
            raise await self._missing(site, page)
        if outcome == b"no-version":
            raise no_version(int(rest[0])).at("/version")
        _refuse(outcome, text)
        return self._made(rest[0]), outcome == b"replayed"

    async def cancel(self, site: str, page: str, number: int, request: Request) -> tuple[Schedule, bool]:
        """Call a schedule off; one that was called off before stays so.

        Returns:
            the schedule, and whether an earlier request with the same key called it off.

        Raises:
            NotFound: no such page, or it has no such schedule.
            Conflict: it has fired.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names, partition = self._keys, self._keys.partition(site)
        script_keys = [
            names.schedules(site),
            names.scheduled(partition),
            names.idempotency(site, scoped(request)),
            names.events(partition),
        ]
        arguments = [*about_change(site, page, request, self._settings), number]
        outcome, *rest = await run(self._client, Call(script("cancel_schedule"), script_keys, arguments))
        refuse_mismatch(outcome)
        if outcome == b"unknown":
            await check_page(self._client, self._keys, site, page)
            raise _no_schedule(number)
        found = self._made(rest[0])
        if outcome == b"over" and found.state != "cancelled":
            raise Conflict(f"Schedule {number} has fired already.", "look at what it made; going back is a publication")
        return found, outcome == b"replayed"

    async def show(self, site: str, page: str, number: int) -> Schedule:
        """One schedule of a page.

        Raises:
            NotFound: no such page, or it has no such schedule.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            pipeline: Any = self._client.pipeline(transaction=True)
            pipeline.time()
            pipeline.hget(self._keys.schedules(site), str(number))
            time, data = await pipeline.execute()
        found = _read(data, _milliseconds(time)) if data else None
        if found is None or found.page != page:
            await check_page(self._client, self._keys, site, page)
            raise _no_schedule(number)
        return found

    async def of_page(self, site: str, page: str, below: int, limit: int) -> Listing[Schedule]:
        """A page's schedules, newest first.

        Args:
            below: number to begin under, 0 for the newest.
            limit: most schedules.

        Raises:
            NotFound: no such page.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        found = [each for each in await self._all(site) if each.page == page]
        if not found:
            await check_page(self._client, self._keys, site, page)
        return _stretch(found, below, limit)

    async def of_site(self, site: str, state: str, below: int, limit: int) -> Listing[Schedule]:
        """A site's schedules, newest first.

        Args:
            state: only those in it; "" for all.
            below: number to begin under, 0 for the newest.
            limit: most schedules.

        Raises:
            NotFound: no such site.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        found = [each for each in await self._all(site) if state in {"", each.state}]
        return _stretch(found, below, limit)

    # Parts

    async def _all(self, site: str) -> list[Schedule]:
        """All that are remembered, newest first."""
        with translated():
            pipeline: Any = self._client.pipeline(transaction=True)
            pipeline.time()
            pipeline.exists(self._keys.site(site))
            pipeline.hgetall(self._keys.schedules(site))
            time, exists, fields = await pipeline.execute()
        if not exists:
            raise no_site(site)
        return sorted(_readable(fields, _milliseconds(time)), key=lambda found: found.id, reverse=True)

    async def _missing(self, site: str, page: str) -> NotFound:
        try:
            await check_page(self._client, self._keys, site, page)
        except NotFound as error:
            return error
        return no_version(1).at("/version")

    @staticmethod
    def _made(data: bytes) -> Schedule:
        """What a script has just made, and so is not overdue; or once made, and has forgotten since."""
        if not data:
            raise NotFound("schedule", "of this key", "it has ended, and was forgotten since")
        return _read(data, 0)


def _refuse(outcome: bytes, text: str) -> None:
    refuse_mismatch(outcome)
    if outcome == b"past":
        raise Invalid(f"{text} is over.", pointer="/at", mend="choose a time to come, or publish now")
    if outcome == b"far":
        raise Invalid(f"{text} is too far away.", pointer="/at", mend="choose a time within five years")
    if outcome == b"full":
        raise Conflict(f"The site has {MOST:,} schedules to come.", "cancel some, or wait until some have fired")


def _stretch(found: list[Schedule], below: int, limit: int) -> Listing[Schedule]:
    following = [each for each in found if not below or each.id < below]
    chosen = following[:limit]
    return Listing(chosen, str(chosen[-1].id) if len(following) > limit else "")


def _readable(fields: Mapping[bytes, bytes], now_ms: int) -> Iterator[Schedule]:
    for name, data in fields.items():
        if name == b"next":
            continue
        try:
            yield _read(data, now_ms)
        except Undecodable as error:
            log.error("schedule %s: %s", name.decode(errors="replace"), error)


def _read(data: bytes, now_ms: int) -> Schedule:
    try:
        found = msgspec.json.decode(data, type=Schedule)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(f"damaged schedule: {error}") from error
    is_overdue = found.state == "scheduled" and now_ms - found.at > OVERDUE_MS
    return msgspec.structs.replace(found, is_overdue=is_overdue)


def _milliseconds(time: tuple[int, int]) -> int:
    seconds, microseconds = time
    return seconds * 1000 + microseconds // 1000


def _no_schedule(number: int) -> NotFound:
    return NotFound("schedule", str(number), "list them with GET …/schedules")
