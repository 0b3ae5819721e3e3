"""Addresses × hosts, on a real server and a real Redis: what a visitor gets where."""

import asyncio

import pytest

from shared.idempotency import Request
from tests.conftest import wait_until
from tests.integration.server.conftest import TRACE, Publisher, Site, StartServer

pytestmark = pytest.mark.redis7

SHARED, ACME, GLOBEX = "localhost:8000", "www.acme.example", "globex.example"
OK, THERE, GONE, NONE = 200, 308, 410, 404


async def ask(site: Site, host: str, path: str) -> tuple[int, str]:
    """What an address answers, sent as it is written: its status, and its body, or where it sends."""
    port = int(site.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[:-1]
    headers = dict(line.split(": ", 1) for line in lines)
    body = await reader.readexactly(int(headers["content-length"]))
    writer.close()
    await writer.wait_closed()
    return int(status.split()[1]), headers.get("location") or body.decode()


@pytest.fixture(params=[True, False], ids=["fast", "slow"])
async def town(request: pytest.FixtureRequest, start_server: StartServer, publisher: Publisher) -> Site:
    """Two sites with hostnames, each with its own home page and one more; one page was taken off."""
    site = await start_server(fast_path=request.param)
    await publisher.stores.sites.create("globex", "Globex", _request())
    for name in ("acme", "globex"):
        await publisher.publish(f"{name} home".encode(), page="index", site=name)
        await publisher.publish(f"{name} spring".encode(), site=name)
    await publisher.publish(b"over", page="winter")
    await publisher.unpublish("winter")
    await publisher.name(ACME, "acme.example")
    await publisher.name(GLOBEX, site="globex")

    async def both_are_known() -> bool:
        found = [await ask(site, host, "/") for host in (ACME, GLOBEX)]
        return found == [(OK, "acme home"), (OK, "globex home")]

    await wait_until(both_are_known)
    return site


async def test_each_address_on_each_host(town: Site) -> None:
    table: list[tuple[str, tuple[int, str], tuple[int, str]]] = [
        # path, on the shared host, on acme's own
        ("/", (NONE, ""), (OK, "acme home")),
        ("/acme", (OK, "acme home"), (NONE, "")),
        ("/globex", (OK, "globex home"), (NONE, "")),
        ("/acme/spring", (OK, "acme spring"), (NONE, "")),
        ("/globex/spring", (OK, "globex spring"), (NONE, "")),
        ("/spring", (NONE, ""), (OK, "acme spring")),
        ("/acme/winter", (GONE, ""), (NONE, "")),
        ("/winter", (NONE, ""), (GONE, "")),
        ("/index", (NONE, ""), (THERE, "/")),
        ("/acme/index?a=1&a=%202", (THERE, "/acme?a=1&a=%202"), (NONE, "")),
        ("/spring/?from=mail", (THERE, "/spring?from=mail"), (THERE, "/spring?from=mail")),
        ("/acme/spring/", (THERE, "/acme/spring"), (NONE, "")),
        ("/SPRING?x", (NONE, ""), (THERE, "/spring?x")),
        ("/Acme/Spring", (THERE, "/acme/spring"), (NONE, "")),
        ("/Acme/Nothing", (NONE, ""), (NONE, "")),
        ("/%73pring", (THERE, "/spring"), (THERE, "/spring")),
        ("/acme/%73pring?q=%20", (THERE, "/acme/spring?q=%20"), (NONE, "")),
        ("/acme%2Fspring", (NONE, ""), (NONE, "")),
        ("/acme//spring", (NONE, ""), (NONE, "")),
        ("//spring", (NONE, ""), (NONE, "")),
        ("/%2e%2e/spring", (NONE, ""), (NONE, "")),
        ("/acme/%2e/spring", (NONE, ""), (NONE, "")),
    ]

    # Twice: what was held by the first round must not answer otherwise.
    for path, shared, own in 2 * table:
        for host, expected in ((SHARED, shared), (ACME, own)):
            status, said = await ask(town, host, path)
            assert (status, said if status in {OK, THERE} else "") == expected, (host, path)


@pytest.mark.parametrize(
    "host", [ACME, "WWW.ACME.example", f"{ACME}:8000", f"{ACME}.", f"{ACME}.:443", "acme.example", "Acme.Example:1"]
)
async def test_case_port_and_last_dot_of_a_host_do_not_matter(town: Site, host: str) -> None:
    assert await ask(town, host, "/spring") == (OK, "acme spring")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "[::1]", "nobody.example", "acme.example.evil.example", "acme.exampl"]
)
async def test_every_other_host_is_the_shared_one(town: Site, host: str) -> None:
    assert await ask(town, host, "/globex/spring") == (OK, "globex spring")
    assert (await ask(town, host, "/spring"))[0] == NONE


async def test_a_site_has_its_own_page_for_what_is_not_there(town: Site, publisher: Publisher) -> None:
    await publisher.publish(b"lost?", page="404")

    async def is_shown() -> bool:
        return await ask(town, ACME, "/nothing") == (NONE, "lost?")

    await wait_until(is_shown)
    for host, path in ((ACME, "/a_b"), (ACME, "/acme/spring"), (SHARED, "/acme/nothing"), (SHARED, "/acme/a_b")):
        assert await ask(town, host, path) == (NONE, "lost?")
    for host, path in ((GLOBEX, "/nothing"), (SHARED, "/globex/nothing"), (SHARED, "/nothing")):
        status, said = await ask(town, host, path)
        assert status == NONE
        assert "There is no page here" in said
    missing = await town.http.get("/nothing", headers={"host": ACME, "if-none-match": "*"})
    assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")
    assert missing.headers["content-security-policy"] == "default-src 'none'"
    assert not {"etag", "last-modified", "cdn-cache-control", "surrogate-key"} & set(missing.headers)
    head = await town.http.head("/nothing", headers={"host": ACME})
    assert (head.status_code, head.content, head.headers["content-length"]) == (404, b"", "5")
    # Once it is taken off, it is the plain notice again.
    await publisher.unpublish("404")
    await wait_until(lambda: _is_plain(town))


async def _is_plain(site: Site) -> bool:
    return "There is no page here" in (await ask(site, ACME, "/nothing"))[1]


def _request() -> Request:
    return Request("ada", TRACE, "globex", "f")
