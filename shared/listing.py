"""Lists are read in stretches: each says where the next one begins, so none is longer than somebody asked for."""

from collections.abc import Awaitable, Callable, Sequence
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
    return cut([slug.decode() for slug in found], limit)


def cut(slugs: Sequence[str], limit: int) -> Listing[str]:
    """The first of some slugs, at most so many."""
    return Listing(list(slugs[:limit]), slugs[limit - 1] if len(slugs) > limit else "")


async def look_through(
    look: Callable[[str, int], Awaitable[Listing[Item]]], after: str, limit: int, most: int
) -> Listing[Item]:
    """Look at one stretch of a list after the other until enough is found.

    Args:
        look: finds at most so many items in the stretch behind a slug.
        after: slug to begin behind, "" for the first.
        limit: most items.
        most: stretches to look at.

    Returns:
        what was found; there may be none although others follow.
    """
    found: list[Item] = []
    for _ in range(most):
        stretch = await look(after, limit - len(found))
        found += stretch.items
        after = stretch.after
        if not after or len(found) == limit:
            break
    return Listing(found, after)
