"""Rebuilds that meet each other, and what people ask for, at the worst moment: no page stays as it was."""

import pytest

from services.builder.child import Built
from services.builder.commit import Ledger
from services.builder.rebuilds import Rebuilds
from services.builder.work import Work, read_entry
from services.builder.worker import Worker, new_name
from shared.connection import Client
from shared.errors import Conflict
from shared.idempotency import Request
from shared.keys import Keys
from shared.rebuilds import RebuildStore
from shared.scripts import run
from shared.settings import Settings
from tests.integration.builder.conftest import TRACE, Publish, config, state_of
from tests.stores import Stores

REQUEST = Request("ada", TRACE, "rebuild", "f")
BUILT = Built(b"bytes", 5, "etag", "csp")


class ByHand:
    """A builder whose steps the test decides.

    Args:
        client: for all its calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client = client
        self._queue = Worker(client, client, settings, new_name()).queue
        self.ledger, self.feeder = Ledger(keys, settings, "by-hand"), Rebuilds(client, keys, settings, "by-hand")

    async def take(self) -> Work:
        """The work that was asked for last."""
        await self._queue.ensure_groups()
        work = read_entry((await self._queue.take(10, None))[-1])
        assert isinstance(work, Work)
        return work

    async def start(self, work: Work) -> bytes:
        """What came of beginning a build."""
        outcome: bytes = (await run(self._client, self.ledger.start(work)))[0]
        return outcome

    async def commit(self, work: Work) -> bytes:
        """What came of committing it."""
        outcome: bytes = (await run(self._client, self.ledger.commit(work, BUILT, 1.0)))[0]
        return outcome


@pytest.fixture
def by_hand(client: Client, keys: Keys, settings: Settings) -> ByHand:
    return ByHand(client, keys, settings)


@pytest.fixture
def rebuilds(client: Client, keys: Keys, settings: Settings) -> RebuildStore:
    return RebuildStore(client, keys, settings)


async def test_a_second_rebuild_waits_until_every_page_of_the_first_has_ended(
    stores: Stores, publish: Publish, rebuilds: RebuildStore, by_hand: ByHand
) -> None:
    """It would supersede what the first one has queued; called off then, it would leave those pages to nobody."""
    await publish(config("Page"))
    work = await by_hand.take()
    assert (await by_hand.start(work), await by_hand.commit(work)) == (b"build", b"live")
    await rebuilds.begin("acme", REQUEST)
    await by_hand.feeder.turn()

    with pytest.raises(Conflict, match="Rebuild 1"):
        await rebuilds.begin("acme", REQUEST._replace(idempotency_key="second"))

    work = await by_hand.take()
    assert (await by_hand.start(work), await by_hand.commit(work)) == (b"build", b"live")
    second, _ = await rebuilds.begin("acme", REQUEST._replace(idempotency_key="second"))
    assert (second.number, await state_of(stores, 2)) == (2, "live")
