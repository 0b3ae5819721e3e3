"""Rebuilds that meet what people ask for at the worst moment: nobody loses a page, and no page stays as it was."""

import pytest

from services.builder.child import Built, Fault
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
from tests.conftest import wait_until
from tests.integration.builder.conftest import TRACE, Publish, StartBuilder, config, count, is_in, state_of
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

    async def fail(self, work: Work) -> bytes:
        """What came of giving it up."""
        outcome: bytes = (await run(self._client, self.ledger.fail(work, Fault("broken", False, "It broke."))))[0]
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


async def test_what_was_being_built_when_a_rebuild_passed_is_built_once_more(
    client: Client,
    keys: Keys,
    stores: Stores,
    publish: Publish,
    rebuilds: RebuildStore,
    by_hand: ByHand,
    start_builder: StartBuilder,
) -> None:
    """The build may have begun on what the rebuild is to replace, such as another title of the site."""
    await publish(config("Page"))
    work = await by_hand.take()
    assert await by_hand.start(work) == b"build"
    await stores.sites.set_title("acme", "A new title", REQUEST._replace(idempotency_key="title"))
    await rebuilds.begin("acme", REQUEST)
    await by_hand.feeder.turn()

    assert await by_hand.commit(work) == b"again"

    assert await state_of(stores, 1) == "building"
    await start_builder()
    await wait_until(lambda: is_in(stores, 1, "live"))
    assert await client.hget(keys.page("acme", "spring"), "etag") != b"etag"
    assert await count(client, keys, "page-built", 1)
    assert (await rebuilds.show("acme", 1)).skipped == 1


async def test_a_late_build_from_before_a_rebuild_does_not_forestall_the_one_that_began_since(
    client: Client,
    keys: Keys,
    stores: Stores,
    publish: Publish,
    settings: Settings,
    rebuilds: RebuildStore,
    by_hand: ByHand,
) -> None:
    await publish(config("Page"))
    work = await by_hand.take()
    assert await by_hand.start(work) == b"build"
    await rebuilds.begin("acme", REQUEST)
    await by_hand.feeder.turn()
    heir = Ledger(keys, settings, "heir")
    assert (await run(client, heir.start(work)))[0] == b"build"

    assert await by_hand.commit(work) == b"again"

    assert await state_of(stores, 1) == "building"
    assert (await run(client, heir.commit(work, BUILT, 1.0)))[0] == b"live"
    assert await by_hand.start(await by_hand.take()) == b"ended"


async def test_a_rebuild_leaves_alone_what_is_being_built_although_a_newer_publication_failed(
    stores: Stores, publish: Publish, rebuilds: RebuildStore, by_hand: ByHand
) -> None:
    await publish(config("Live"))
    first = await by_hand.take()
    assert (await by_hand.start(first), await by_hand.commit(first)) == (b"build", b"live")
    await publish(config("Slow"))
    slow = await by_hand.take()
    assert await by_hand.start(slow) == b"build"
    await publish(config("Broken"))
    assert await by_hand.fail(await by_hand.take()) == b"failed"
    await rebuilds.begin("acme", REQUEST)
    await by_hand.feeder.turn()

    assert await by_hand.commit(slow) == b"live"

    assert (await stores.pages.show("acme", "spring")).head.live_version == 2
    assert (await rebuilds.show("acme", 1)).skipped == 1
