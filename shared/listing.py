"""Lists are read in stretches: each says where the next one begins, so none is longer than somebody asked for."""

from typing import Generic, NamedTuple, TypeVar

from shared.connection import Client, translated

Item = TypeVar("Item")


class Listing(NamedTuple, Generic[Item]):
    """One stretch of a list.

    Attributes:
        items: what it holds, in order.
        after: where the next stretch begins; "" at the end.
    """

    items: list[Item]
    after: str


async def read_slugs(client: Client, key: str, after: str, limit: int) -> Listing[str]:
    """A stretch of the slugs in a sorted set.

    Args:
        client: for short calls.
        key: the set; all its scores are 0.
        after: slug to begin behind, "" for the first.
        limit: most slugs.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    with translated():
        found = await client.zrangebylex(key, f"({after}" if after else "-", "+", 0, limit + 1)
    slugs = [slug.decode() for slug in found]
    return Listing(slugs[:limit], slugs[limit - 1] if len(slugs) > limit else "")
