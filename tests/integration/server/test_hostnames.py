"""Hostnames in the servers' memory: told at once, found when nobody told, and written back when Redis forgot."""

import asyncio

import pytest

from services.server.hosts import CHUNK, Hosts
from shared.connection import Client
from shared.hostnames import HostnameStore
from shared.idempotency import Request
from shared.keys import HOSTNAME_CHANGES, HOSTNAME_LISTS, HOSTNAME_OWNERS, Keys
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.server.conftest import TRACE, Own, Publisher, Site, StartServer
from tests.stores import Stores

pytestmark = pytest.mark.redis7

ACME, OTHER = "www.acme.example", "acme.example"


async def is_home(site: Site, host: str = ACME, text: str = "home") -> bool:
    answer = await site.http.get("/", headers={"host": host})
    return (answer.status_code, answer.text) == (200, text)


@pytest.fixture
def hosts(client: Client, keys: Keys) -> Hosts:
    return Hosts(HostnameStore(client, keys, Settings()))


async def test_every_server_knows_a_hostname_at_once_and_forgets_it_at_once(
    start_server: StartServer, publisher: Publisher
) -> None:
    sites = [await start_server(), await start_server()]
    await publisher.publish(b"home", page="index")
    assert not any([await is_home(site) for site in sites])

    await publisher.name(ACME)
    for site in sites:
        await wait_until(lambda site=site: is_home(site), 0.9)

    await publisher.name(OTHER)
    for site in sites:
        await wait_until(lambda site=site: is_home(site, OTHER), 0.9)
        assert not await is_home(site)


async def test_a_server_that_starts_knows_them_before_it_answers(
    start_server: StartServer, publisher: Publisher
) -> None:
    await publisher.publish(b"home", page="index")
    await publisher.name(ACME)

    site = await start_server(ready=False)

    assert await is_home(site)


async def test_a_change_of_which_nobody_told_is_found(
    site: Site, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await publisher.publish(b"home", page="index")

    # As if the api had died between the map and the event.
    keys_of_map = {HOSTNAME_OWNERS, HOSTNAME_LISTS, HOSTNAME_CHANGES}
    async with client.pipeline(transaction=True) as writing:
        writing.hset(HOSTNAME_OWNERS, ACME, "acme")
        writing.hset(HOSTNAME_LISTS, "acme", f"1767225600000 {ACME}")
        writing.zadd(HOSTNAME_CHANGES, {"acme": 1767225600000})
        await writing.execute()

    await wait_until(lambda: is_home(site))
    assert len(keys_of_map) == await client.exists(*keys_of_map)


async def test_hostnames_outlive_a_flush_of_redis(
    start_server: StartServer, publisher: Publisher, client: Client
) -> None:
    site = await start_server()
    await publisher.publish(b"home", page="index")
    await publisher.name(ACME, OTHER)
    await wait_until(lambda: is_home(site))

    await client.flushall()

    async def is_written_back() -> bool:
        return await client.hgetall(HOSTNAME_OWNERS) == {ACME.encode(): b"acme", OTHER.encode(): b"acme"}

    await wait_until(is_written_back)
    assert await is_home(site)
    later = await start_server()
    await wait_until(lambda: is_home(later))


async def test_what_was_set_after_redis_went_back_wins(
    client: Client, publisher: Publisher, hosts: Hosts, keys: Keys
) -> None:
    for name in ("globex", "initech"):
        await publisher.stores.sites.create(name, name, Request("ada", TRACE, name, "f"))
    await publisher.name("a.example", "b.example")
    await publisher.name("c.example", site="globex")
    await hosts.load()
    newest = await HostnameStore(client, keys, Settings()).newest()
    await client.flushall()

    async def is_later() -> bool:
        seconds, microseconds = await client.time()
        return bool(seconds * 1000 + microseconds // 1000 > newest)

    # A change is known by its millisecond, and a Redis that was emptied knows of none before.
    await wait_until(is_later)
    # People go on: a name of acme's is given away, and globex has another.
    await publisher.name("b.example", site="initech")
    await publisher.name("d.example", site="globex")

    await hosts.start_over()

    owners = {name.decode(): site.decode() for name, site in (await client.hgetall(HOSTNAME_OWNERS)).items()}
    assert owners == {"a.example": "acme", "b.example": "initech", "d.example": "globex"}
    # And whoever reads from there agrees.
    others = Hosts(HostnameStore(client, keys, Settings()))
    for read in (hosts, others):
        await read.start_over()
        assert {name: read.site_of(name.encode()) for name in owners} == owners
        assert read.site_of(b"c.example") is None


async def test_an_older_map_gives_way_to_what_a_server_knows(
    client: Client, publisher: Publisher, hosts: Hosts
) -> None:
    await publisher.stores.sites.create("globex", "Globex", Request("ada", TRACE, "globex", "f"))
    await publisher.name("a.example", "b.example")
    backup = {key: await client.dump(key) for key in (HOSTNAME_OWNERS, HOSTNAME_LISTS, HOSTNAME_CHANGES)}
    await publisher.name("a.example")
    await publisher.name("b.example", site="globex")
    await hosts.load()
    for key, value in backup.items():
        await client.restore(key, 0, value, replace=True)

    # The newest change that Redis knows is older than the one known here.
    await hosts.catch_up()

    assert await client.hgetall(HOSTNAME_OWNERS) == {b"a.example": b"acme", b"b.example": b"globex"}


async def test_more_sites_than_one_read_takes(client: Client, hosts: Hosts, stores: Stores, keys: Keys) -> None:
    names = HostnameStore(client, keys, Settings())
    many = CHUNK + 3
    for number in range(many):
        await names.set(f"s{number}", [f"s{number}.example"], Request("ada", TRACE, f"k{number}", "f"))

    await hosts.load()

    assert len(hosts) == many
    assert hosts.site_of(f"s{many - 1}.example".encode()) == f"s{many - 1}"


async def test_a_damaged_map_stops_no_page(site: Site, publisher: Publisher, client: Client) -> None:
    await publisher.publish(b"home", page="index")
    await publisher.name(ACME)
    await wait_until(lambda: is_home(site))

    await client.set(HOSTNAME_CHANGES, b"junk")
    await publisher.publish(b"newer", page="index")

    await wait_until(lambda: is_home(site, text="newer"))
    assert (await site.http.get("/-/readyz")).status_code == 200


async def test_while_nobody_can_say_whose_a_host_is_nothing_is_guessed(own: Own, start_server: StartServer) -> None:
    await own.publisher.publish(b"home", page="index")
    await own.publisher.name(ACME)
    await asyncio.to_thread(own.valkey.kill)
    site = await start_server(ready=False, redis_url=own.valkey.url)

    answers = [await site.http.get(path, headers={"host": ACME}) for path in ("/", "/robots.txt")]

    assert [answer.status_code for answer in answers] == [503, 503]
    await asyncio.to_thread(own.valkey.start)
    await wait_until(lambda: is_home(site))
