"""A preview: asked for, rendered, looked at by whoever may, and bounded."""

import asyncio
import json
from typing import Any

import httpx2
import msgspec
import pytest

from services.api import previewing
from services.builder.worker import Worker
from shared import previews as lane
from shared.codec import decompress
from shared.connection import Client
from shared.keys import Keys
from shared.roles import EVERYWHERE, ROLES
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.api.conftest import CONFIG, PAGE, V1, Opener, everything
from tests.integration.api.people import sign_in_as
from tests.integration.api.test_roles import as_somebody
from tests.integration.previews.conftest import StartBuilder, wait_until_listed
from tests.stores import Stores

pytestmark = pytest.mark.redis7

KEY = {"idempotency-key": "the-same"}


async def ask(web: httpx2.AsyncClient, config: dict[str, Any] = CONFIG, page: str = PAGE, **more: Any) -> Any:
    answer = await web.post(f"{page}/previews", json={"config": config}, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.usefixtures("builder")
async def test_a_preview_shows_the_page_and_is_for_nobody_to_keep(web: httpx2.AsyncClient) -> None:
    made = await ask(web)

    page = await web.get(made["url"])

    assert made["url"] == f"/-/previews/acme/{made['id']}"
    assert page.status_code == 200
    assert "Spring is here" in page.text
    assert len(page.content) == made["size"]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]


@pytest.mark.usefixtures("builder")
async def test_a_preview_has_the_bytes_and_the_policy_that_publishing_gives(
    web: httpx2.AsyncClient, stores: Stores
) -> None:
    made = await ask(web)
    await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True})

    async def is_live() -> bool:
        return bool((await web.get(PAGE)).json()["live"])

    await wait_until(is_live)
    [published] = await stores.published.read([("acme", "spring")])
    page = await web.get(made["url"])

    assert published is not None
    assert page.content == decompress(published.body)
    assert page.headers["content-security-policy"] == published.csp
    assert made["etag"] == published.etag


@pytest.mark.usefixtures("builder")
async def test_a_preview_touches_nothing_of_the_page_and_leaves_nothing_that_stays(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})
    await ask(web, {"title": "Another"})
    after = await everything(client)

    new = {key for key in after if await client.ttl(key) != -1}

    assert await client.xlen(keys.previews(0)) == 0
    assert (await web.get(f"{PAGE}/versions")).json()["items"][0]["number"] == 1
    assert (await web.get(PAGE)).json()["wanted"] is None
    assert any(b":preview:" in key for key in new)
    for key in after:
        if b"preview" in key and key != keys.previews(0).encode():
            assert 0 < await client.ttl(key) <= 600, key


@pytest.mark.usefixtures("builder")
async def test_a_preview_that_is_over_is_a_page_that_says_so(web: httpx2.AsyncClient, client: Client) -> None:
    made = await ask(web)
    await client.delete(Keys().preview("acme", made["id"]))

    page = await web.get(made["url"])

    assert page.status_code == 404
    assert "kept for ten minutes" in page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("builder")
async def test_the_same_request_makes_one_preview(web: httpx2.AsyncClient, builder: Worker) -> None:
    first = await web.post(f"{PAGE}/previews", json={"config": CONFIG}, headers=KEY)
    second = await web.post(f"{PAGE}/previews", json={"config": CONFIG}, headers=KEY)
    other = await web.post(f"{PAGE}/previews", json={"config": {"title": "Other"}}, headers=KEY)

    assert second.json() | {"took_ms": 0} == first.json() | {"took_ms": 0}
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    assert builder.previews.made == 1


async def test_where_no_builder_is_alive_that_is_said_at_once(web: httpx2.AsyncClient, client: Client) -> None:
    before = await everything(client)

    answer = await web.post(f"{PAGE}/previews", json={"config": CONFIG})

    assert (answer.status_code, answer.json()["code"]) == (503, "builders-unavailable")
    assert answer.json()["detail"] == "No builder is alive."
    assert answer.json()["errors"][0]["mend"] == "an operator has to start one"
    assert answer.headers["retry-after"] == "1"
    assert await everything(client) == before


@pytest.mark.usefixtures("builder")
async def test_builders_that_are_told_to_be_quiet_take_no_previews(
    web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previewing, "SEEN_S", 0)
    await web.post(f"{V1}/builders/all/quiet")

    async def is_refused() -> bool:
        answer = await web.post(f"{PAGE}/previews", json={"config": CONFIG})
        return answer.status_code == 503 and "quiet" in answer.json()["detail"]

    await wait_until(is_refused)
    await web.delete(f"{V1}/builders/all/quiet")

    async def is_made() -> bool:
        return (await web.post(f"{PAGE}/previews", json={"config": CONFIG})).status_code == 201

    await wait_until(is_made)


async def test_a_builder_that_is_told_to_be_quiet_leaves_previews_to_the_others(
    web: httpx2.AsyncClient, start_builder: StartBuilder
) -> None:
    quiet, other = await start_builder(), await start_builder()
    await wait_until_listed(web, 2)
    await web.post(f"{V1}/builders/{quiet.name}/quiet")
    await wait_until(lambda: quiet.is_quiet)
    before = quiet.previews.made

    for number in range(8):
        await ask(web, {"title": f"Page {number}"})

    # It may have begun to wait for one when it was told.
    assert quiet.previews.made <= before + 1
    assert other.previews.made >= 7


@pytest.mark.usefixtures("builder")
async def test_a_config_that_is_wrong_is_refused_where_it_is_wrong(web: httpx2.AsyncClient) -> None:
    wrong = {"title": "A", "widgets": [{"type": "hero", "title": ""}]}

    answer = await web.post(f"{PAGE}/previews", json={"config": wrong})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/config/widgets/0/title"


@pytest.mark.usefixtures("builder")
async def test_a_site_that_is_not_there_has_no_previews(web: httpx2.AsyncClient) -> None:
    answer = await web.post(f"{V1}/sites/nobody/pages/a/previews", json={"config": CONFIG})

    assert answer.status_code == 404


async def test_somebody_who_asks_too_often_is_told_when_to_come_back(
    web: httpx2.AsyncClient, client: Client, opened: Opener, settings: Settings, start_builder: StartBuilder
) -> None:
    await start_builder()
    await wait_until_listed(web)
    async with opened(msgspec.structs.replace(settings, previews_per_minute=2)) as strict:
        for title in ("One", "Two"):
            await ask(strict, {"title": title})

        refused = await strict.post(f"{PAGE}/previews", json={"config": CONFIG})
        headers = await as_somebody(client, {"acme": "editor"})
        other = await strict.post(f"{PAGE}/previews", json={"config": CONFIG}, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (429, "too-many")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["errors"][0]["mend"] == f"wait {refused.headers['retry-after']} s"
    assert other.status_code == 201


@pytest.mark.parametrize("held_on", ["acme", "other", EVERYWHERE])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.usefixtures("builder")
async def test_a_preview_is_shown_to_whoever_may_look_at_the_site(
    web: httpx2.AsyncClient, client: Client, role: str, held_on: str
) -> None:
    made = await ask(web)
    headers = await as_somebody(client, {held_on: role})

    page = await web.get(made["url"], headers=headers)

    assert page.status_code == (404 if held_on == "other" else 200)
    assert ("Spring is here" in page.text) == (held_on != "other")


@pytest.mark.usefixtures("builder")
async def test_a_preview_is_asked_for_and_seen_by_session(
    web: httpx2.AsyncClient, anybody: httpx2.AsyncClient, client: Client
) -> None:
    editor = await sign_in_as(client, {"acme": "editor"})
    stranger = await sign_in_as(client, {"other": "admin"}, "Stranger")
    made = await ask(web, headers=editor)
    cookie = {"cookie": editor["cookie"]}

    page = await anybody.get(made["url"], headers=cookie)
    theirs = await anybody.get(made["url"], headers={"cookie": stranger["cookie"]})

    assert (page.status_code, theirs.status_code) == (200, 404)
    assert "Spring is here" in page.text


@pytest.mark.usefixtures("builder")
async def test_the_audit_log_keeps_shares_and_no_previews(web: httpx2.AsyncClient) -> None:
    await ask(web)
    made = (await web.post(f"{PAGE}/shares", json={"config": CONFIG})).json()
    await web.delete(f"{PAGE}/shares/{made['id']}")

    async def noted() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await web.get(f"{V1}/sites/acme/audit")).json()["items"]
        return items

    async def are_there() -> bool:
        return {"makeShare", "endShare"} <= {entry["action"] for entry in await noted()}

    await wait_until(are_there)
    assert {entry["target"] for entry in await noted() if "Share" in entry["action"]} == {made["id"]}
    assert not [entry for entry in await noted() if entry["action"] == "makePreview"]


@pytest.mark.usefixtures("builder")
async def test_a_preview_is_shown_to_nobody_who_is_not_signed_in(
    web: httpx2.AsyncClient, anybody: httpx2.AsyncClient
) -> None:
    made = await ask(web)

    page = await anybody.get(made["url"])

    assert page.status_code == 401
    assert "Sign in" in page.text
    assert "Spring is here" not in page.text


@pytest.mark.usefixtures("builder")
async def test_the_preview_of_a_site_is_not_found_under_another(web: httpx2.AsyncClient) -> None:
    made = await ask(web)
    await web.post(f"{V1}/sites", json={"slug": "other"})

    assert (await web.get(f"/-/previews/other/{made['id']}")).status_code == 404
    assert (await web.get(f"/-/previews/acme/{made['id']}0")).status_code == 404
    assert (await web.get("/-/previews/acme/..%2fa")).status_code in {404, 422}
    assert (await web.post(made["url"])).status_code == 405
    assert (await web.head(made["url"])).status_code == 200


@pytest.mark.usefixtures("builder")
async def test_previews_and_shares_are_found_under_the_consoles_host_alone(
    web: httpx2.AsyncClient, opened: Opener, settings: Settings
) -> None:
    made = await ask(web)
    shared = (await web.post(f"{PAGE}/shares", json={"config": CONFIG})).json()
    async with opened(msgspec.structs.replace(settings, console_host="console.example.com")) as hosted:
        for url in (made["url"], shared["url"]):
            inside = await hosted.get(url, headers={"host": "console.example.com"})
            outside = await hosted.get(url, headers={"host": "www.example.com"})

            assert (inside.status_code, outside.status_code) == (200, 404)
            assert "Spring is here" not in outside.text
            assert shared["url"] not in outside.text


async def test_what_waits_too_long_is_not_rendered_any_more(
    web: httpx2.AsyncClient, client: Client, keys: Keys, builder: Worker
) -> None:
    await ask(web)
    made = builder.previews.made
    about = {"preview": "p", "preview_key": keys.preview("acme", "p"), "fingerprint": "f", "ticket": "t"}
    about |= {"mailbox": keys.mailbox(0, "x"), "within_ms": "10", "site_title": "", "hostname": "", "page": "acme/a"}
    seconds, _ = await client.time()
    late = {**about, "config": json.dumps({"title": "Late"})}
    await client.delete(keys.previews(0))
    await client.xadd(keys.previews(0), late, id=f"{(seconds - 60) * 1000}-1")
    await client.xadd(keys.previews(0), {"what": "is this?"})

    await ask(web, {"title": "In time"})

    assert builder.previews.made == made + 1
    assert not await client.exists(keys.preview("acme", "p"))
    assert not await client.exists(keys.mailbox(0, "x"))


async def test_the_render_child_is_ended_when_nobody_asks_any_more(
    web: httpx2.AsyncClient, settings: Settings, start_builder: StartBuilder
) -> None:
    worker = await start_builder(msgspec.structs.replace(settings, preview_idle_s=0.05))
    await wait_until_listed(web)
    assert worker.previews.child == 0

    await ask(web)

    await wait_until(lambda: worker.previews.child == 0, what="the child to end")
    await ask(web)


async def test_a_lane_that_is_full_refuses_and_empties_itself(
    web: httpx2.AsyncClient,
    client: Client,
    keys: Keys,
    settings: Settings,
    opened: Opener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane, "ROOM", 2)
    monkeypatch.setattr(previewing.Previewing, "_find_builders", _find_one)
    async with opened(msgspec.structs.replace(settings, preview_within_s=0.3)) as hasty:
        waiting = [asyncio.create_task(hasty.post(f"{PAGE}/previews", json={"config": CONFIG})) for _ in range(2)]
        await wait_until(lambda: _has(client, keys, 2))

        full = await hasty.post(f"{PAGE}/previews", json={"config": CONFIG})
        given_up = await asyncio.gather(*waiting)
        await hasty.post(f"{PAGE}/previews", json={"config": CONFIG})

    assert (full.status_code, full.json()["code"]) == (503, "builders-unavailable")
    assert "More previews are asked for" in full.json()["detail"]
    for answer in given_up:
        assert (answer.status_code, answer.json()["code"]) == (503, "builders-unavailable")
        assert "No builder answered within 0.3 s" in answer.json()["detail"]
        assert answer.headers["retry-after"] == "1"
    assert await client.xlen(keys.previews(0)) == 1


async def test_more_previews_at_once_than_an_api_takes_are_refused(
    web: httpx2.AsyncClient, client: Client, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previewing, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(previewing.Previewing, "_find_builders", _find_one)
    waiting = asyncio.create_task(web.post(f"{PAGE}/previews", json={"config": CONFIG}))
    await wait_until(lambda: _has(client, keys, 1))

    second = await web.post(f"{PAGE}/previews", json={"config": CONFIG})

    assert second.status_code == 503
    assert second.json()["detail"] == "Too many previews are being made."
    assert await client.xlen(keys.previews(0)) == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def _find_one(_: object) -> None:
    return None


async def _has(client: Client, keys: Keys, entries: int) -> bool:
    return bool(await client.xlen(keys.previews(0)) == entries)
