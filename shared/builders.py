"""The builders, seen from outside: who is there, what they do, and who shall be quiet."""

from typing import Any, Literal

import msgspec

from shared import keys
from shared.connection import Client, translated
from shared.heartbeat import read_alive


class Doing(msgspec.Struct, kw_only=True):
    """What a builder says of itself with each heartbeat.

    Attributes:
        builder: its name.
        pid, host: where it runs.
        state: "quiet" takes nothing new; "draining" is about to leave.
        built, failed: pages since it started.
        batch: entries in its hands.
        previews: rendered since it started.
    """

    builder: str
    pid: int
    host: str
    state: Literal["idle", "building", "quiet", "draining"] = "idle"
    built: int = 0
    failed: int = 0
    batch: int = 0
    previews: int = 0


async def read_builders(client: Client) -> list[Doing]:
    """The builders that beat, by name; what dead ones left in the register goes.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    alive = await read_alive(client, keys.BUILDERS, keys.QUIET)
    return [msgspec.json.decode(said, type=Doing) for said in alive.values()]


async def set_quiet(client: Client, builder: str, by: str) -> None:
    """Tell a builder, or all of them, to take nothing new.

    Args:
        builder: a name, or `keys.EVERY_BUILDER`.
        by: who asks.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    with translated():
        await client.hset(keys.QUIET, builder, by)


async def unset_quiet(client: Client, builder: str) -> None:
    """Take that back; for all of them, whoever was told by name goes on as well.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    with translated():
        await (client.delete(keys.QUIET) if builder == keys.EVERY_BUILDER else client.hdel(keys.QUIET, builder))


async def is_quiet(client: Client, builder: str) -> bool:
    """Whether a builder was told to take nothing new.

    Raises:
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    with translated():
        told: list[Any] = await client.hmget(keys.QUIET, [builder, keys.EVERY_BUILDER])
    return any(told)
