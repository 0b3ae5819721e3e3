"""The address that a page names as its own, through hostnames and moves."""

import msgspec
import pytest

from shared.codec import decompress
from shared.connection import Client
from shared.hostnames import HostnameStore
from shared.idempotency import Request
from shared.keys import Keys
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.builder.conftest import TRACE, Publish, StartBuilder, config, is_in
from tests.stores import Stores

pytestmark = pytest.mark.redis7


async def body_of(stores: Stores, page: str) -> str:
    [found] = await stores.published.read([("acme", page)])
    assert found is not None
    return decompress(found.body).decode()


def canonical(address: str) -> str:
    return f'<link rel="canonical" href="{address}">'


async def test_a_page_names_its_hostname_once_it_is_built_anew_and_its_new_address_once_it_is_moved(
    client: Client, keys: Keys, settings: Settings, stores: Stores, publish: Publish, start_builder: StartBuilder
) -> None:
    await start_builder(msgspec.structs.replace(settings, public_url="https://pages.example.com"))
    await publish(config("Hello"))
    await wait_until(lambda: is_in(stores, 1, "live"))
    assert canonical("https://pages.example.com/acme/spring") in await body_of(stores, "spring")

    names = HostnameStore(client, keys, settings)
    await names.set("acme", ["www.acme.example"], Request("ada", TRACE, "names", "f"))
    await stores.publishing.republish("acme", "spring", 1, Request("ada", TRACE, "again", "f"))
    await wait_until(lambda: is_in(stores, 2, "live"))
    assert canonical("https://www.acme.example/spring") in await body_of(stores, "spring")

    # The move is publication 3; what it queues to be built anew is publication 4.
    moved = await stores.publishing.move("acme", "spring", "summer", Request("ada", TRACE, "move", "f"))
    assert moved.publication is not None
    assert (moved.publication.seq, moved.publication.state) == (3, "live")
    await wait_until(lambda: is_in(stores, 4, "live", "summer"))
    assert canonical("https://www.acme.example/summer") in await body_of(stores, "summer")
