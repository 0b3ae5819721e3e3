"""Where `/-/` is answered once the console has a host of its own."""

import pytest

from shared.idempotency import Request
from tests.conftest import wait_until
from tests.integration.server.conftest import TRACE, Publisher, Site, StartServer

pytestmark = pytest.mark.redis7

CONSOLE, OWN, SHARED = "console.example.com", "www.acme.example", "pages.example.com"


async def status(site: Site, host: str, path: str, method: str = "GET") -> int:
    return (await site.http.request(method, path, headers={"host": host})).status_code


@pytest.fixture
async def site(start_server: StartServer, publisher: Publisher) -> Site:
    await publisher.publish(b"home", page="index")
    await publisher.stores.sites.create("globex", "Globex", _request())
    await publisher.publish(b"theirs", page="index", site="globex")
    await publisher.name(OWN)
    return await start_server(console_host=CONSOLE)


async def test_what_is_platens_is_found_under_the_consoles_host_alone(site: Site) -> None:
    table = [
        # path, on the console's host, on acme's, elsewhere
        ("/-/healthz", 200, 200, 200),
        ("/-/readyz", 200, 200, 200),
        ("/-/metrics", 200, 404, 404),
        ("/-/%6detrics", 200, 404, 404),
        ("/-/events?site=A_b", 422, 404, 404),
        ("/-/v/acme/index/1", 200, 200, 404),
        ("/-/v/globex/index/1", 200, 404, 404),
        ("/-/v/acme", 404, 404, 404),
        ("/-/api/v1/sites", 404, 404, 404),
        ("/acme", 200, 404, 200),
        ("/", 404, 200, 404),
    ]

    for path, *expected in table:
        found = [await status(site, host, path) for host in (CONSOLE, OWN, SHARED)]
        assert found == expected, path
    assert await status(site, "CONSOLE.example.com:8443", "/-/metrics") == 200
    refused = await site.http.post("/-/metrics", headers={"host": OWN}, content=b"x" * 100_000)
    assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")
    assert refused.headers["cache-control"] == "no-store"


async def test_without_a_host_of_its_own_the_console_is_everywhere(
    start_server: StartServer, publisher: Publisher
) -> None:
    await publisher.publish(b"home", page="index")
    await publisher.name(OWN)
    site = await start_server()

    async def is_known() -> bool:
        return await status(site, OWN, "/") == 200

    await wait_until(is_known)
    for host in (CONSOLE, OWN, SHARED):
        assert await status(site, host, "/-/metrics") == 200
        assert await status(site, host, "/-/v/acme/index/1") == 200


def _request() -> Request:
    return Request("ada", TRACE, "globex", "f")
