"""From a stream's entry to a piece of work, and from a failure to what becomes of it: decisions, no effects."""

from typing import NamedTuple

from services.builder.child import Fault
from shared.errors import Undecodable
from shared.events import ConfigPublished, decode_event
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


def read_entry(entry: Entry, most_deliveries: int) -> Work | Fault:
    """Read what an entry asks for. How often it was delivered is looked at first: it may be unreadable.

    Args:
        most_deliveries: an entry delivered more often than this has taken its builders down with it.
    """
    if entry.deliveries > most_deliveries:
        reason = f"It was taken {entry.deliveries} times and never finished: it takes its builders down."
        return Fault("poison", False, reason)
    try:
        event = decode_event(entry.data)
    except Undecodable as error:
        return Fault(error.code, error.retryable, f"The entry cannot be read: {error}.")
    if not isinstance(event, ConfigPublished):
        return Fault("unknown-event", False, f"This builder does not know events of type {entry.type!r}.")
    return Work(entry, event)


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
