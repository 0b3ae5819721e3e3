"""What the streams have in common: their entries and their positions.

`shared.queue` hands out work to the builders' group, `shared.event_log` reads what happened.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

START = "0-0"

_POSITION = re.compile(r"(\d{1,15})-(\d{1,19})")


class Entry(NamedTuple):
    """One entry of a stream.

    Attributes:
        stream: the key it was read from.
        partition: the partition of that key.
        id: its position, `<ms>-<n>`.
        fields: what it holds, as bytes; empty where it was trimmed while pending.
        deliveries: how often it was handed to a builder, by Redis's own count.
    """

    stream: str
    partition: int
    id: str
    fields: Mapping[bytes, bytes]
    deliveries: int = 1

    @property
    def type(self) -> str:
        return self.fields.get(b"type", b"").decode(errors="replace")

    @property
    def data(self) -> bytes:
        return self.fields.get(b"data", b"")

    @property
    def traceparent(self) -> str:
        """The trace context; "" where it is not one. It travels on into events, so nothing else may pass for it."""
        return self.fields.get(b"traceparent", b"")[:64].decode("ascii", errors="replace")

    @property
    def since(self) -> str:
        """When it was first put off for a newer builder, ms; "" where it was not."""
        return self.fields.get(b"since", b"")[:16].decode("ascii", errors="replace")


def parse_position(text: str) -> tuple[int, int] | None:
    """Read a stream position, such as an SSE client's last id.

    Returns:
        the two numbers, which compare in stream order; None where the text is not a position.
    """
    match = _POSITION.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def position(text: str) -> tuple[int, int]:
    """Read a stream position that Redis gave us."""
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number)


def by_stream(answer: Any) -> list[tuple[str, Any]]:
    """What a read of several streams found: the stream and its raw entries, for each that has some."""
    return [(stream.decode(), entries) for stream, entries in answer or []]
