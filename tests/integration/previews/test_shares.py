"""A share: seen by whoever has its address, until it ends or is taken back, and told to no log."""

import asyncio
import logging
import re
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from services.builder.worker import Worker
from shared import keys as names
from shared.connection import Client
from shared.errors import StoreUnavailable
from shared.keys import Keys
from shared.previews import PreviewLane
from shared.shares import Address, ShareStore, sign
from tests.integration.api.conftest import CONFIG, PAGE, V1
from tests.integration.api.test_roles import as_somebody

pytestmark = pytest.mark.redis7

DAY_MS = 86_400_000
KEY = {"idempotency-key": "the-same"}


async def share(web: httpx2.AsyncClient, **body: Any) -> Any:
    answer = await web.post(f"{PAGE}/shares", json=body or {"config": CONFIG})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.usefixtures("builder")
async def test_whoever_has_the_address_sees_the_page_and_is_to_tell_nobody(
    web: httpx2.AsyncClient, anybody: httpx2.AsyncClient
) -> None:
    made = await share(web)
    preview = (await web.post(f"{PAGE}/previews", json={"config": CONFIG})).json()

    page = await anybody.get(made["url"])

    assert page.status_code == 200
    assert page.content == (await web.get(preview["url"])).content
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["content-type"] == "text/html; charset=utf-8"


async def test_a_share_is_rendered_once_for_many_visits(
    web: httpx2.AsyncClient, anybody: httpx2.AsyncClient, builder: Worker
) -> None:
    made = await share(web)

    pages = [await anybody.get(made["url"]) for _ in range(3)]

    assert [page.status_code for page in pages] == [200] * 3
    assert builder.previews.made == 1


@pytest.mark.usefixtures("builder")
async def test_a_version_is_shared_as_it_was_saved(web: httpx2.AsyncClient, anybody: httpx2.AsyncClient) -> None:
    for title in ("First", "Second"):
        await web.post(f"{PAGE}/versions", json={"config": {"title": title}})
    made = await share(web, version=1)

    page = await anybody.get(made["url"])

    assert made["version"] == 1
    assert "First" in page.text
    assert "Second" not in page.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"config": CONFIG, "version": 1}, ""),
        ({"version": 0}, "/version"),
        ({"config": CONFIG, "expires_in_s": 30 * 86_400 + 1}, "/expires_in_s"),
        ({"config": CONFIG, "expires_in_s": 59}, "/expires_in_s"),
        ({"config": {"title": ""}}, "/config/title"),
    ],
)
async def test_what_cannot_be_shared_is_refused_where_it_is_wrong(
    web: httpx2.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await web.post(f"{PAGE}/shares", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert answer.json()["errors"][0]["mend"]


async def test_a_version_or_a_site_that_is_not_there_is_not_shared(web: httpx2.AsyncClient) -> None:
    no_version = await web.post(f"{PAGE}/shares", json={"version": 9})
    no_site = await web.post(f"{V1}/sites/nobody/pages/a/shares", json={"config": CONFIG})

    assert (no_version.status_code, no_site.status_code) == (404, 404)
    assert no_version.json()["errors"][0]["pointer"] == "/version"


async def test_a_share_lasts_a_week_unless_something_else_is_asked_for(web: httpx2.AsyncClient) -> None:
    week, month = await share(web), await share(web, config=CONFIG, expires_in_s=30 * 86_400)

    assert week["expires_at"] - week["created_at"] == 7 * DAY_MS
    assert month["expires_at"] - month["created_at"] == 30 * DAY_MS


async def test_shares_are_listed_with_their_addresses_newest_first(web: httpx2.AsyncClient) -> None:
    first = await share(web)
    second = await share(web, config={"title": "Second"})
    listed = (await web.get(f"{PAGE}/shares")).json()["items"]
    of_another = (await web.get(f"{V1}/sites/acme/pages/other/shares")).json()["items"]

    assert sorted(listed, key=lambda one: str(one["id"])) == sorted([first, second], key=lambda one: str(one["id"]))
    assert listed[0]["created_at"] >= listed[1]["created_at"]
    assert of_another == []


@pytest.mark.usefixtures("builder")
async def test_a_share_that_was_taken_back_shows_nothing_at_once(
    web: httpx2.AsyncClient, anybody: httpx2.AsyncClient, client: Client
) -> None:
    made, other = await share(web), await share(web, config={"title": "Other"})
    assert (await anybody.get(made["url"])).status_code == 200

    ended = await web.delete(f"{PAGE}/shares/{made['id']}")

    page = await anybody.get(made["url"])
    assert (ended.status_code, ended.json()) == (200, {"id": made["id"]})
    assert page.status_code == 410
    assert "Ask them for a new one" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert (await anybody.get(other["url"])).status_code == 200
    assert [one["id"] for one in (await web.get(f"{PAGE}/shares")).json()["items"]] == [other["id"]]
    assert (await web.get(f"/-/previews/acme/share-{made['id']}")).status_code == 404
    assert not [key for key in await client.keys("*") if b":share:" in key and made["id"].encode() in key]


@pytest.mark.usefixtures("builder")
async def test_a_share_that_has_expired_shows_nothing_and_is_not_listed(
    web: httpx2.AsyncClient, anybody: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    made = await share(web)
    key, listing = keys.share("acme", made["id"]), keys.shares("acme", "spring")
    assert 0 < await client.pttl(key) <= 7 * DAY_MS
    assert 0 < await client.pttl(listing) <= 7 * DAY_MS
    await client.hset(listing, made["id"], (await client.hget(listing, made["id"])).replace(b"expires_at", b"was"))
    await client.pexpire(key, 1)
    while await client.exists(key):  # noqa: ASYNC110 - it is Redis that ends it
        await asyncio.sleep(0)

    assert (await anybody.get(made["url"])).status_code == 410


async def test_shares_that_are_over_make_room_for_new_ones(
    web: httpx2.AsyncClient, client: Client, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.shares.MOST_PER_PAGE", 1)
    made = await share(web)
    listing = keys.shares("acme", "spring")

    too_many = await web.post(f"{PAGE}/shares", json={"config": CONFIG})
    record = (await client.hget(listing, made["id"])).replace(str(made["expires_at"]).encode(), b"1")
    await client.hset(listing, made["id"], record)
    listed = (await web.get(f"{PAGE}/shares")).json()["items"]
    again = await share(web)

    assert (too_many.status_code, too_many.json()["code"]) == (409, "conflict")
    assert listed == []
    assert [key.decode() for key in await client.hkeys(listing)] == [again["id"]]


@pytest.mark.usefixtures("builder")
async def test_an_address_that_was_not_signed_here_opens_nothing(
    web: httpx2.AsyncClient, anybody: httpx2.AsyncClient, client: Client
) -> None:
    made, other = await share(web), await share(web, config={"title": "Other"})
    head, _, signature = made["url"].rpartition(".")
    last = "A" if signature[-1] != "A" else "B"
    forged = [
        f"{head}.{signature[:-1]}{last}",
        f"{head}.{other['url'].rpartition('.')[2]}",
        f"{head}.{sign(b'another secret', Address('acme', made['id']))}",
        f"{head}.",
        head,
        "/-/shared/x",
        f"{made['url']}.more",
        made["url"].replace("acme", "other"),
    ]

    pages = [await anybody.get(path) for path in forged]
    await client.delete(names.SHARE_SECRET)
    ended = await anybody.get(made["url"])

    assert [page.status_code for page in pages] == [404] * len(forged)
    assert ended.status_code == 404
    assert all("Spring is here" not in page.text for page in pages)


async def test_signatures_are_compared_in_constant_time(
    web: httpx2.AsyncClient, anybody: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await share(web)
    compared = []
    monkeypatch.setattr("shared.shares.hmac.compare_digest", lambda one, other: compared.append((one, other)))

    await anybody.get(made["url"])

    assert compared == [(made["url"].rpartition(".")[2],) * 2]


async def test_the_secret_is_made_once(web: httpx2.AsyncClient, client: Client) -> None:
    made = await asyncio.gather(*(share(web, config={"title": f"Page {number}"}) for number in range(5)))

    secret = await client.get(names.SHARE_SECRET)

    assert len(secret) == 64
    for one in made:
        assert one["url"].endswith("." + sign(secret, Address("acme", one["id"])))


async def test_the_same_request_makes_one_share_and_takes_it_back_once(web: httpx2.AsyncClient) -> None:
    made = [await web.post(f"{PAGE}/shares", json={"config": CONFIG}, headers=KEY) for _ in range(2)]
    other = await web.post(f"{PAGE}/shares", json={"config": {"title": "B"}}, headers=KEY)
    address = f"{PAGE}/shares/{made[0].json()['id']}"
    ended = [await web.delete(address, headers={"idempotency-key": "end"}) for _ in range(2)]
    once_more = await web.delete(address)
    over = await web.post(f"{PAGE}/shares", json={"config": CONFIG}, headers=KEY)

    assert made[0].json() == made[1].json()
    assert made[1].headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    assert [answer.status_code for answer in ended] == [200, 200]
    assert ended[1].headers["idempotency-replayed"] == "true"
    assert (once_more.status_code, over.status_code) == (404, 409)


async def test_a_viewer_sees_no_address_of_a_share(web: httpx2.AsyncClient, client: Client) -> None:
    await share(web)
    headers = await as_somebody(client, {"acme": "viewer"})

    assert (await web.get(f"{PAGE}/shares", headers=headers)).status_code == 403


async def test_where_no_builder_is_alive_visitors_are_asked_to_come_back(
    web: httpx2.AsyncClient, anybody: httpx2.AsyncClient
) -> None:
    made = await share(web)

    page = await anybody.get(made["url"])

    assert page.status_code == 503
    assert page.headers["retry-after"] == "1"
    assert "try again shortly" in page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.usefixtures("builder")
async def test_the_shares_of_a_page_that_is_moved_come_along(
    web: httpx2.AsyncClient, anybody: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})
    made = await share(web)
    summer = f"{V1}/sites/acme/pages/summer"
    early = (await web.post(f"{summer}/shares", json={"config": CONFIG, "expires_in_s": 60})).json()

    moved = await web.post(f"{PAGE}/move", json={"to": "summer"})
    there, here = await web.get(f"{summer}/shares"), await web.get(f"{PAGE}/shares")
    page = await anybody.get(made["url"])
    ended = await web.delete(f"{summer}/shares/{made['id']}")

    assert moved.status_code == 200
    assert {one["id"] for one in there.json()["items"]} == {made["id"], early["id"]}
    assert here.json()["items"] == []
    assert await client.pttl(keys.shares("acme", "summer")) > 60_000
    assert (page.status_code, ended.status_code) == (200, 200)
    assert (await anybody.get(made["url"])).status_code == 410


async def _refuse(*_: object) -> None:
    raise StoreUnavailable("away")


async def _crash(*_: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("fault", [None, _refuse, _crash])
async def test_the_address_of_a_share_reaches_no_log_and_no_answer(
    app: Starlette,
    web: httpx2.AsyncClient,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: Any,
) -> None:
    made = await share(web)
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    if fault:
        monkeypatch.setattr(ShareStore, "show", fault)
        monkeypatch.setattr(PreviewLane, "page", fault)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.test") as anybody:
        answers = [await anybody.get(made["url"]), await anybody.post(made["url"])]
        answers += [await anybody.get(made["url"] + "/"), await anybody.get(made["url"].replace("shared", "s%68ared"))]
    secret = made["url"].rpartition(".")[2]
    # The client of this test logs what it asks for.
    ours = [record for record in caplog.records if not record.name.startswith("http")]

    assert answers[0].status_code == (500 if fault is _crash else 503)
    assert not any(secret in record.getMessage() for record in ours)
    assert not any(secret in answer.text for answer in answers)
    assert not any(re.search(r"[A-Za-z0-9_-]{43}", str(record.args)) for record in ours)
    assert bool(ours) == bool(fault) or fault is None
