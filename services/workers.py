"""Several server processes on one port.

The parent listens and answers nobody. Its children take connections from the one socket that they inherit, so a
connection that waits there is anybody's: where a child dies, nobody is refused, and no connections end but its own.
Each child is a server in every respect, with a name, a memory and status streams of its own.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator

from services.children import Child, environment_of
from shared.connection import check_partitions, connect
from shared.errors import Unavailable
from shared.lifecycle import bind, stop_on_signals
from shared.settings import Settings
from shared.telemetry import set_up_logging

# Of the grace period; what is left of it is for saying goodbye to Redis.
DRAINING = 0.8


async def run_workers(settings: Settings, count: int) -> None:
    """Keep servers running on one port until a signal ends them.

    Args:
        settings: where they listen; they read their own from the environment again.
        count: how many.

    Raises:
        Misconfigured: the port is taken, or every server would refuse to start.
    """
    set_up_logging(settings.log_level, "server")
    stop = stop_on_signals()
    with _listening(settings) as inherited:
        await _check(settings)
        children = [_child(settings, number, inherited) for number in range(1, count + 1)]
        for child in children:
            child.start()
        await stop.wait()
    # Closed here first: once the children have closed theirs, nobody waits in a queue that no one serves.
    await asyncio.gather(*(child.stop() for child in children))


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[int]:
    with bind(settings.host, settings.port) as bound:
        yield bound.fileno()


async def _check(settings: Settings) -> None:
    """Refuse here what each of them would refuse, or they would be started again and again."""
    client = connect(settings.redis_url)
    try:
        with contextlib.suppress(Unavailable):
            await check_partitions(client, settings.partitions)
    finally:
        await client.aclose()


def _child(settings: Settings, number: int, inherited: int) -> Child:
    own = {name: value for name, value in os.environ.items() if name.startswith("PLATEN_")}
    own |= {"PLATEN_WORKERS": "1", "PLATEN_DRAIN_S": str(settings.drain_s * DRAINING)}
    command = [sys.executable, "-m", "services", "server", "--inherited", str(inherited)]
    return Child(f"server {number}", command, environment_of(own), settings.drain_s, [inherited])
