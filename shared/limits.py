"""How long a connection may take for what: bounds in time, which `shared/http1.py` holds it to."""

# Longer than a gateway keeps its idle connections (nginx: 60 s), so that the gateway is never the one to be surprised.
KEEP_ALIVE_S = 75.0
HEAD_WITHIN_S = 10.0
STALLED_S = 60.0
LINGER_S = 5.0


class Limits:
    """Bounds of a connection, in seconds and about as exact: what is measured is looked at once a second.

    Args:
        keep_alive_s: how long one may be idle, before its first request too.
        head_within_s: how long the head of a request may take, from its first byte.
        stalled_s: how long an answer may wait for a client that reads nothing of it.
        linger_s: how long a client that was refused may take to read that, and how long an answer that a client has
            hung up on may take.
    """

    __slots__ = ("head_within_s", "keep_alive_s", "linger_s", "stalled_s")

    def __init__(
        self,
        keep_alive_s: float = KEEP_ALIVE_S,
        head_within_s: float = HEAD_WITHIN_S,
        stalled_s: float = STALLED_S,
        linger_s: float = LINGER_S,
    ) -> None:
        self.keep_alive_s, self.head_within_s = keep_alive_s, head_within_s
        self.stalled_s, self.linger_s = stalled_s, linger_s
