"""Is the api ready to accept a publish?"""

from services.api.api import Api
from services.api.budget import Budget
from shared.connection import check_partitions
from shared.errors import Misconfigured, Unavailable


async def check_ready(api: Api) -> dict[str, str]:
    """What must be well for a publish to be accepted: name -> "ok" or a sentence.

    The check writes, so that a Redis that is read-only, full or loading counts as away.
    """
    try:
        await Budget().spend(check_partitions(api.client, api.settings.partitions))
    except (Unavailable, Misconfigured) as error:
        return {"redis": str(error) or "Redis is away."}
    return {"redis": "ok"}
