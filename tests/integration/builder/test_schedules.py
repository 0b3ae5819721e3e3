"""A builder fires schedules by itself, and builds what they ask for."""

import pytest

from shared.connection import Client
from shared.keys import Keys
from shared.schedules import ScheduleStore
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.builder.conftest import StartBuilder, is_in
from tests.integration.schedules import SITE, Editor, asking
from tests.stores import Stores

pytestmark = pytest.mark.redis7


async def test_a_builder_makes_a_scheduled_version_live_without_any_api(
    client: Client, keys: Keys, stores: Stores, settings: Settings, start_builder: StartBuilder
) -> None:
    await stores.sites.create(SITE, "Acme", asking("site"))
    editor = Editor(client, keys, stores, ScheduleStore(client, keys, settings))
    await editor.save()
    made = await editor.schedule(in_s=0.2)

    await start_builder()

    async def is_done() -> bool:
        return (await editor.show(made)).state == "done"

    await wait_until(is_done)
    await wait_until(lambda: is_in(stores, 1, "live"))
    publication = await stores.publications.show(SITE, "spring", 1)
    assert [step.state for step in publication.steps] == ["queued", "building", "live"]
    assert publication.cause == "schedule"
