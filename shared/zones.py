"""Local times: from what a clock on a wall shows, and where, to the instant that is meant.

Zones come from the package `tzdata`, whose version the lock file fixes, and never from the machine, so that every
process knows the same zones and the same rules. A time that a change of the clocks leaves out, or shows twice, is
refused with the choices there are: which instant is meant then, nobody but the writer knows.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.errors import Invalid

LOCAL_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?$(?!\n)"
LOCAL_MEND = "write it like 2026-12-24T09:00, as a clock in that zone shows it, without an offset"
LONGEST_ZONE = 64

_LOCAL = re.compile(LOCAL_PATTERN)
_MINUTE = timedelta(minutes=1)


class Instant(NamedTuple):
    """An instant, and what the clocks of a zone show then.

    Attributes:
        at: milliseconds since the epoch, UTC.
        fold: 1 where the clocks show this for the second time, otherwise 0.
        text: ISO 8601, local and with its offset.
    """

    at: int
    fold: int
    text: str


def instant_of(local: str, zone: str, fold: int | None = None) -> Instant:
    """Find the instant at which clocks show a time.

    Args:
        local: date and time without an offset, to the minute or the second.
        zone: name of an IANA time zone, such as Europe/Berlin.
        fold: which of the two where the clocks show it twice: 0 the first time, 1 the second.

    Raises:
        Invalid: there is no such zone, no such date, or no one such instant; the error points to /at, /zone or /fold.
    """
    rules, naive = _rules_of(zone), _parse(local)
    first, second = (naive.replace(tzinfo=rules, fold=number) for number in (0, 1))
    before, after = _offset(first), _offset(second)
    if before < after:
        raise _left_out(naive, zone, _first_after(first, second))
    if before > after and fold is None:
        raise _shown_twice(naive, zone, first, second)
    chosen = second if before > after and fold else first
    return Instant(round(chosen.timestamp()) * 1000, chosen.fold, chosen.isoformat())


@cache
def zones() -> Mapping[str, str]:
    """Names of all zones, by themselves in small letters."""
    names = (files("tzdata") / "zones").read_text().split()
    return {name.lower(): name for name in names}


def _rules_of(zone: str) -> ZoneInfo:
    known = zones()
    if known.get(zone.lower()) != zone:
        raise Invalid(f"{zone[:LONGEST_ZONE]!r} is not a time zone.", pointer="/zone", mend=_zone_mend(zone, known))
    return _load(zone)


@cache
def _load(zone: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=zone)


def _zone_mend(zone: str, known: Mapping[str, str]) -> str:
    close = get_close_matches(zone.lower()[:LONGEST_ZONE], known, n=1)
    meant = f"did you mean {known[close[0]]}? " if close else ""
    return f"{meant}Use the name of an IANA time zone, such as Europe/Berlin or UTC".strip()


def _parse(local: str) -> datetime:
    try:
        if not _LOCAL.fullmatch(local):
            raise ValueError
        return datetime.fromisoformat(local)
    except ValueError:
        raise Invalid(f"{local[:40]!r} is not a date and a time.", pointer="/at", mend=LOCAL_MEND) from None


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta()


def _first_after(first: datetime, second: datetime) -> datetime:
    """What the clocks show as soon as they were put forward, by halving the time in which that happened.

    Args:
        first, second: a time that was left out, read with the offset before and after: of these two the second is
            the earlier instant, and the clocks are put forward between them.
    """
    zone, offset = first.tzinfo, _offset(second)
    low, high = int(second.timestamp()), int(first.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        is_after = _offset(datetime.fromtimestamp(middle, UTC).astimezone(zone)) == offset
        low, high = (low, middle) if is_after else (middle, high)
    return datetime.fromtimestamp(high, UTC).astimezone(zone)


def _left_out(naive: datetime, zone: str, after: datetime) -> Invalid:
    gap = _offset(after) - _offset(naive.replace(tzinfo=after.tzinfo, fold=0))
    shown = after.replace(tzinfo=None)
    last = shown - gap - _MINUTE
    detail = (
        f"{_written(naive)} does not exist in {zone}: the clocks go from {_written(shown - gap)} to {_written(shown)}."
    )
    return Invalid(detail, pointer="/at", mend=f"use {_written(last)} before that, or {_written(shown)} after it")


def _shown_twice(naive: datetime, zone: str, first: datetime, second: datetime) -> Invalid:
    return Invalid(
        f"{_written(naive)} comes twice in {zone}, where the clocks are put back.",
        pointer="/fold",
        mend=f"add fold: 0 for {first.isoformat()}, 1 for {second.isoformat()}",
    )


def _written(naive: datetime) -> str:
    return naive.isoformat(timespec="minutes" if naive.second == 0 else "seconds")
