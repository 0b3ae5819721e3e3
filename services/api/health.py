"""Is the api ready to accept a publish, and what does Redis hold that somebody should look at?"""

from math import nan

from services.api.api import Api
from services.api.budget import Budget
from shared.connection import check_partitions
from shared.errors import Misconfigured, Unavailable

# Of a scrape, which has a time of its own; the other metrics are to be told while Redis is away, too.
COUNT_WITHIN_S = 0.5


async def check_ready(api: Api) -> dict[str, str]:
    """What must be well for a publish to be accepted: name -> "ok" or a sentence.

    The check writes, so that a Redis that is read-only, full or loading counts as away.
    """
    try:
        await Budget().spend(check_partitions(api.client, api.settings.partitions))
    except (Unavailable, Misconfigured) as error:
        return {"redis": str(error) or "Redis is away."}
    return {"redis": "ok"}


async def count_dead_letters(api: Api) -> None:
    """Bring the gauge of dead letters up to date. While Redis is away, it says that nobody knows."""
    try:
        number = await Budget(COUNT_WITHIN_S).spend(api.dead_letters.count())
    except (Unavailable, Misconfigured):
        api.dead.set(nan)
    else:
        api.dead.set(number)
