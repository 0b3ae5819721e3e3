"""What a builder does to single entries of the interactive lane, step by step, without one."""

from typing import NamedTuple

from services.builder.child import Fault
from services.builder.commit import Ledger
from services.builder.work import Work, read_entry
from shared.connection import Client
from shared.keys import Keys
from shared.queue import Queue
from shared.scripts import Call, run
from shared.settings import Settings

BUILDER = "b1"
FAULT = Fault("render-timed-out", True, "It took too long.")


class Taken(NamedTuple):
    """An entry in a builder's hands."""

    work: Work
    ledger: Ledger


async def take(client: Client, keys: Keys, settings: Settings | None = None) -> list[Taken]:
    """Take what the lanes of all partitions hold."""
    queue = Queue(client, client, keys, BUILDER, range(keys.partitions))
    await queue.ensure_groups()
    ledger = Ledger(keys, settings or Settings(), BUILDER)
    works = [read_entry(entry) for entry in await queue.take(100, None)]
    return [Taken(work, ledger) for work in works if isinstance(work, Work)]


async def start(client: Client, keys: Keys, taken: Taken) -> bytes:
    """Begin its build; what that came to. It counts as no part of a burst."""
    await client.hdel(keys.head(taken.work.event.site, taken.work.event.page), "started_at")
    return await _outcome(client, taken.ledger.start(taken.work))


async def fail_for_now(client: Client, _keys: Keys, taken: Taken) -> bytes:
    """Let its build fail, to be tried again a second later."""
    return await _outcome(client, taken.ledger.retry(taken.work, FAULT, 1000))


async def fail_for_good(client: Client, _keys: Keys, taken: Taken) -> bytes:
    """Let its build fail."""
    return await _outcome(client, taken.ledger.fail(taken.work, FAULT))


async def _outcome(client: Client, call: Call) -> bytes:
    answer = await run(client, call)
    return bytes(answer[0])
