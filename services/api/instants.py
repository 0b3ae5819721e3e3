"""Instants as people and programs write them in an address."""

import re
from datetime import UTC, datetime

INSTANT_MEND = (
    "use an ISO 8601 time with its offset, such as 2026-01-01T09:00:00Z or 2026-01-01T10:00:00%2B01:00, "
    "or milliseconds since the epoch"
)

# The end of the year 9999, which is the last that datetime knows.
_LATEST_MS = 253_402_300_799_999
_MS = re.compile(r"[0-9]{1,15}")
# A plus in a query is read as a blank; nothing else can stand there.
_LOST_PLUS = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:?[0-9]{2}$)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_instant(text: str) -> int | None:
    """Milliseconds since the epoch; None for what is no instant, or one before the epoch, or has no offset.

    Args:
        text: an ISO 8601 time with its offset, or milliseconds.
    """
    if _MS.fullmatch(text):
        return int(text) if int(text) <= _LATEST_MS else None
    if len(text) > 40 or "T" not in text.upper():
        return None
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub("+", text))
        since = moment - _EPOCH if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
    if since is None or since.days < 0:
        return None
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
