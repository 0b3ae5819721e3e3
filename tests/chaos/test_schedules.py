"""Schedules while Redis's clock jumps: it decides when they are due, and none ever fires twice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.valkey import Valkey
from shared.connection import Client, connect
from shared.firing import Firing
from shared.keys import Keys
from shared.schedules import ScheduleStore
from shared.settings import Settings
from tests.chaos.shim import Shim
from tests.conftest import wait_until
from tests.integration.schedules import SITE, Editor, asking, now_ms
from tests.stores import Stores

pytestmark = pytest.mark.redis7

HOUR_S = 3600


@pytest.fixture
def shim(own_server: Valkey, tmp_path: Path) -> Shim:
    """A shim of a server that runs."""
    shim = Shim(tmp_path)
    with shim.preloaded():
        own_server.start()
    return shim


@pytest.fixture
async def client(own_server: Valkey, shim: Shim) -> AsyncIterator[Client]:
    client = connect(own_server.url)
    yield client
    await client.aclose()


@pytest.fixture
async def editor(client: Client, keys: Keys, own_server: Valkey) -> AsyncIterator[Editor]:
    """An editor of a page that is live, beside two processes that fire."""
    settings = Settings(redis_url=own_server.url)
    stores = Stores(client, keys, settings)
    await stores.sites.create(SITE, "Acme", asking("site"))
    editor = Editor(client, keys, stores, ScheduleStore(client, keys, settings))
    await editor.build()
    async with Firing(client, keys, settings), Firing(client, keys, settings):
        yield editor


async def set_clock(shim: Shim, client: Client, ahead_s: int) -> None:
    """Put Redis's clock ahead, and wait until it has noticed."""
    before_ms = await now_ms(client)
    was_s = shim._clock_s
    shim.set_clock(ahead_s)

    async def has_noticed() -> bool:
        return abs(await now_ms(client) - before_ms - (ahead_s - was_s) * 1000) < 60_000

    await wait_until(has_noticed)


async def looks(client: Client, count: int) -> None:
    """Wait until the due set was looked at some times more."""
    first = (await client.info("commandstats"))["cmdstat_zrange"]["calls"]

    async def have_looked() -> bool:
        return bool((await client.info("commandstats"))["cmdstat_zrange"]["calls"] >= first + count)

    await wait_until(have_looked)


async def test_a_clock_set_forward_makes_due_what_it_passes_once(editor: Editor, client: Client, shim: Shim) -> None:
    passed, later = await editor.schedule(in_s=HOUR_S / 2), await editor.schedule(in_s=2 * HOUR_S)

    await set_clock(shim, client, HOUR_S)
    await wait_until(lambda: _has_fired(editor, 1))
    await set_clock(shim, client, 0)
    await looks(client, 4)

    assert (await editor.show(passed)).state == "done"
    assert (await editor.show(later)).state == "scheduled"
    assert len(await editor.events("schedule-fired")) == 1
    await set_clock(shim, client, HOUR_S)
    await looks(client, 4)
    assert len(await editor.events("schedule-fired")) == 1


async def test_a_clock_set_back_puts_off_what_is_due_and_loses_nothing(
    editor: Editor, client: Client, shim: Shim
) -> None:
    made = await editor.schedule(in_s=2)
    await set_clock(shim, client, -2 * HOUR_S)
    await looks(client, 8)
    assert (await editor.show(made)).state == "scheduled"

    await set_clock(shim, client, 0)
    await wait_until(lambda: _has_fired(editor, 1))

    found = await editor.show(made)
    assert (found.state, found.publication_seq) == ("done", 2)
    # From when the clock was right again it took no longer than a look.
    assert found.late_ms < 10_000


async def _has_fired(editor: Editor, count: int) -> bool:
    return len(await editor.events("schedule-fired")) >= count
