"""From a stream's entry to a piece of work, and from a failure to what becomes of it: decisions, no effects."""

import math
from typing import NamedTuple

from services.builder.child import Fault
from shared.errors import Undecodable
from shared.events import ConfigPublished, UnknownEvent, decode_event
from shared.retry import backoff_ms
from shared.streams import Entry


class Work(NamedTuple):
    """A build that somebody asked for.

    Attributes:
        entry: the entry it came in.
        event: what was asked.
    """

    entry: Entry
    event: ConfigPublished


class Retry(NamedTuple):
    """Try again later.

    Attributes:
        delay_ms: how much later.
    """

    delay_ms: int


class GiveUp(NamedTuple):
    """Make it a dead letter."""


class Future(NamedTuple):
    """An event of a type that only a newer builder knows; left for one, for a while."""


# An entry delivered more often than this has taken as many builders down with it.
MOST_DELIVERIES = 3
# So long after somebody published, somebody is likely to publish again.
PEOPLE_ARE_HERE_MS = 2_000
LONGEST_REST_MS = 100
EXPIRED = Fault("unknown-event", False, "No builder that knows events of this type came in time.")


def read_entry(entry: Entry) -> Work | Future | Fault:
    """Read what an entry asks for."""
    try:
        event = decode_event(entry.data)
    except Undecodable as error:
        return Fault(error.code, error.retryable, f"The entry cannot be read: {error}.")
    if isinstance(event, UnknownEvent):
        return Future()
    if not isinstance(event, ConfigPublished):
        return Fault("not-work", False, f"Events of type {entry.type[:100]!r} ask for nothing.")
    return Work(entry, event)


def suspect(entry: Entry) -> Fault | None:
    """What to say of an entry that was delivered so often that it must be what takes its builders down."""
    if entry.deliveries <= MOST_DELIVERIES:
        return None
    reason = f"It was taken {entry.deliveries} times and never finished: it takes its builders down."
    return Fault("poison", False, reason)


def rest_ms(took_ms: float, quiet_ms: int | None) -> int:
    """How long to rest after a batch of the bulk lane, in milliseconds: while people publish, as long as it took.

    Args:
        took_ms: how long the batch took.
        quiet_ms: since the newest interactive entry came; None where none ever did.
    """
    if quiet_ms is None or quiet_ms >= PEOPLE_ARE_HERE_MS:
        return 0
    return min(LONGEST_REST_MS, math.ceil(took_ms))


def judge(fault: Fault, attempt: int, attempts: int, dice: float) -> Retry | GiveUp:
    """Decide what becomes of a failed build.

    Args:
        attempt: attempts made so far, >= 1.
        attempts: attempts allowed.
        dice: a random number, 0 <= dice < 1.
    """
    if fault.retryable and attempt < attempts:
        return Retry(backoff_ms(attempt, dice))
    return GiveUp()
