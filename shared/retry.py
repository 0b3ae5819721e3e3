"""When to try a failed build again: pure arithmetic, so that tests decide the time and the dice."""

FIRST_MS = 500
LONGEST_MS = 60_000


def backoff_ms(attempt: int, dice: float) -> int:
    """Delay before the next attempt: exponential, capped, with full jitter over its upper half.

    Args:
        attempt: how many attempts have failed, >= 1.
        dice: a random number, 0 <= dice < 1.

    Returns:
        milliseconds to wait.
    """
    ceiling = min(LONGEST_MS, FIRST_MS * 2 ** min(attempt - 1, 20))
    return int(ceiling / 2 + dice * ceiling / 2)
