"""Hostnames of sites, over the API."""

from typing import Any

import httpx2
import msgspec
import pytest

from shared.connection import Client
from shared.keys import HOSTNAME_OWNERS, Keys
from tests.integration.api.conftest import PAGE, V1, Opener, everything

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]

HOSTNAMES = f"{V1}/sites/acme/hostnames"


async def put(web: httpx2.AsyncClient, *names: str, site: str = "acme", key: str = "") -> httpx2.Response:
    headers = {"idempotency-key": key} if key else {}
    return await web.put(f"{V1}/sites/{site}/hostnames", json={"hostnames": names}, headers=headers)


async def owners(client: Client) -> dict[str, str]:
    return {name.decode(): site.decode() for name, site in (await client.hgetall(HOSTNAME_OWNERS)).items()}


async def test_hostnames_are_set_and_shown_and_taken_away(web: httpx2.AsyncClient, client: Client) -> None:
    answer = await put(web, "www.acme.example", "acme.example")

    assert answer.status_code == 200
    assert answer.json()["hostnames"] == ["www.acme.example", "acme.example"]
    assert (await web.get(f"{V1}/sites/acme")).json()["hostnames"] == ["www.acme.example", "acme.example"]
    [listed] = (await web.get(f"{V1}/sites")).json()["items"]
    assert listed["hostnames"] == ["www.acme.example", "acme.example"]
    assert (await put(web, "shop.acme.example")).status_code == 200
    assert await owners(client) == {"shop.acme.example": "acme"}
    assert (await put(web)).json()["hostnames"] == []
    assert await owners(client) == {}


async def test_spellings_of_one_name_are_one_name(web: httpx2.AsyncClient) -> None:
    answer = await put(web, "WWW.Acme.Example", "www.acme.example.", "bücher.example", "xn--bcher-kva.example")

    assert answer.json()["hostnames"] == ["www.acme.example", "xn--bcher-kva.example"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("www.acme.example:8000", "write a name such as"),
        ("https://acme.example", "write a name such as"),
        ("acme.example/", "write a name such as"),
        ("*.acme.example", "write a name such as"),
        ("a_b.example", "write a name such as"),
        ("-a.example", "write a name such as"),
        ("a..example", "write a name such as"),
        ("", "write a name such as"),
        ("localhost", "write a name such as"),
        ("10.0.0.1", "write a name such as"),
        ("[::1]", "write a name such as"),
        (f"{'a' * 64}.example", "write a name such as"),
        (".".join(["a" * 60] * 5), "write a name such as"),
        ("xn--\u0080.example", "write a name such as"),
        ("straße.example", "write its A-label"),
        ("a.example\n", "write a name such as"),
    ],
)
async def test_what_is_no_hostname_is_refused_with_the_mend(
    web: httpx2.AsyncClient, client: Client, name: str, said: str
) -> None:
    before = await everything(client)

    answer = await put(web, "good.example", name)

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/hostnames/1")
    assert said in error["mend"]
    assert await everything(client) == before


async def test_a_site_has_at_most_twenty(web: httpx2.AsyncClient) -> None:
    answer = await put(web, *(f"a{number}.example" for number in range(21)))

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/hostnames")
    assert (await put(web, *(f"a{number}.example" for number in range(20)))).status_code == 200


async def test_a_hostname_belongs_to_one_site(web: httpx2.AsyncClient, client: Client) -> None:
    await web.post(f"{V1}/sites", json={"slug": "globex"})
    assert (await put(web, "a.example")).status_code == 200

    answer = await put(web, "b.example", "A.example", site="globex")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/hostnames/1")
    assert "belongs to the site 'acme'" in answer.json()["detail"]
    assert await owners(client) == {"a.example": "acme"}
    await put(web)
    assert (await put(web, "a.example", site="globex")).status_code == 200


async def test_a_site_can_be_created_with_hostnames(web: httpx2.AsyncClient, client: Client) -> None:
    body = {"slug": "globex", "hostnames": ["globex.example"]}
    keyed = {"idempotency-key": "k"}

    first = await web.post(f"{V1}/sites", json=body, headers=keyed)
    again = await web.post(f"{V1}/sites", json=body, headers=keyed)

    assert (first.status_code, first.json()["hostnames"]) == (201, ["globex.example"])
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    before = await everything(client)
    taken = await web.post(f"{V1}/sites", json={"slug": "initech", "hostnames": ["globex.example"]})
    assert (taken.status_code, taken.json()["errors"][0]["pointer"]) == (409, "/hostnames/0")
    assert await everything(client) == before
    exists = await web.post(f"{V1}/sites", json={"slug": "acme", "hostnames": ["new.example"]})
    assert (exists.status_code, exists.json()["errors"][0]["pointer"]) == (409, "/slug")
    assert await owners(client) == {"globex.example": "globex"}


async def test_what_a_crash_left_undone_is_done_by_the_same_request(web: httpx2.AsyncClient, client: Client) -> None:
    body = {"slug": "globex", "hostnames": ["globex.example"]}
    first = await web.post(f"{V1}/sites", json=body, headers={"idempotency-key": "k"})
    # As if the process had died after the site was made.
    await client.delete(*await client.keys("platen:{hostnames}:*"))

    again = await web.post(f"{V1}/sites", json=body, headers={"idempotency-key": "k"})

    assert again.json() == first.json()
    assert await owners(client) == {"globex.example": "globex"}


async def test_a_request_sent_again_does_not_undo_a_later_one(web: httpx2.AsyncClient) -> None:
    await put(web, "a.example", key="one")
    await put(web, "b.example")

    again = await put(web, "a.example", key="one")

    assert (again.json()["hostnames"], again.headers["idempotency-replayed"]) == (["b.example"], "true")
    assert (await put(web, "c.example", key="one")).status_code == 422
    other = await web.post(f"{PAGE}/versions", json={"config": {"title": "A"}}, headers={"idempotency-key": "one"})
    assert other.json()["code"] == "idempotency-mismatch"


async def test_builders_find_the_first_hostname_with_the_site(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    for names in (("a.example", "b.example"), ("b.example",), ()):
        await put(web, *names)
        assert await client.hget(keys.site("acme"), "hostname") == (names[0].encode() if names else b"")


async def test_an_event_tells(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await put(web, "a.example")

    [(_, fields)] = await client.xrange(keys.events(0))
    data: dict[str, Any] = msgspec.json.decode(fields[b"data"])
    assert fields[b"type"] == b"hostnames-set"
    assert (data["type"], data["site"], data["by"]) == ("hostnames-set", "acme", "admin")


async def test_only_a_site_that_exists_can_have_them(web: httpx2.AsyncClient) -> None:
    assert (await put(web, "a.example", site="nobody")).status_code == 404
    assert (await web.delete(HOSTNAMES)).status_code == 405


async def test_no_site_takes_platens_own_hosts(settings: Any, opened: Opener, client: Client) -> None:
    own = msgspec.structs.replace(
        settings, console_host="console.example.com", public_url="https://pages.example.com:8443"
    )

    async with opened(own) as web:
        web.headers["host"] = "console.example.com"
        for name in ("console.example.com", "Pages.example.com"):
            answer = await put(web, "a.example", name)
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/hostnames/1")
        assert (await web.get("/-/metrics")).status_code == 200
        web.headers["host"] = "pages.example.com"
        assert (await web.get("/-/metrics")).status_code == 404
    assert await owners(client) == {}
