"""The audit log: every change and every refusal of one, who it was, and nothing that is secret."""

import asyncio
import logging
from typing import Any

import httpx2
import msgspec
import pytest

from services.api.app import ENDPOINTS
from services.api.endpoint import Endpoint
from shared import keys
from shared.accounts import audit
from shared.accounts.audit import AuditLog
from shared.accounts.records import AuditEntry, Who
from shared.connection import Client
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.api.conftest import CONFIG, IDS, PAGE, V1, Opener
from tests.integration.api.people import PASSWORD, anonymous, join, sign_in, sign_in_as

CHANGES = [endpoint for endpoint in ENDPOINTS if endpoint.is_change and endpoint.is_noted]


@pytest.fixture(autouse=True)
def brief_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is noted is written a moment later, together; hundreds of tests need not wait that long."""
    monkeypatch.setattr(audit, "WRITE_EVERY_S", 0.01)


async def entries(web: httpx2.AsyncClient, count: int, path: str = "audit") -> list[dict[str, Any]]:
    """The newest entries, once there are as many."""
    found: list[dict[str, Any]] = []

    async def are_there() -> bool:
        found[:] = (await web.get(f"{V1}/{path}")).json()["items"]
        return len(found) >= count

    await wait_until(are_there)
    return found


async def ask(web: httpx2.AsyncClient, endpoint: Endpoint, headers: dict[str, str]) -> httpx2.Response:
    body: dict[str, Any] = {} if endpoint.body is None else {"json": endpoint.body_example}
    return await web.request(endpoint.method, endpoint.path.format(site="acme", **IDS), headers=headers, **body)


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("endpoint", CHANGES, ids=lambda endpoint: endpoint.name)
async def test_every_change_is_noted_whatever_becomes_of_it(
    web: httpx2.AsyncClient, client: Client, endpoint: Endpoint
) -> None:
    headers = await sign_in_as(client, {"*": "admin"}, "Cleo")

    answer = await ask(web, endpoint, headers)

    newest = (await entries(web, 2))[0]
    assert (newest["action"], newest["status"]) == (endpoint.name, answer.status_code)
    assert newest["outcome"] == ("done" if answer.is_success else "refused")
    assert newest["site"] == ("acme" if endpoint.is_of_site else "")
    assert newest["page"] == ("spring" if "{page}" in endpoint.path else "")
    if endpoint.needs is not None:
        assert (newest["who"]["name"], newest["via"]) == ("Cleo", "session")


@pytest.mark.parametrize("who", ["nobody", "a stranger"])
@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.is_change and one.needs], ids=lambda endpoint: endpoint.name
)
async def test_every_refusal_is_noted(web: httpx2.AsyncClient, client: Client, endpoint: Endpoint, who: str) -> None:
    headers = await sign_in_as(client, {}, "Stranger") if who == "a stranger" else {"authorization": "Bearer wrong"}

    answer = await ask(web, endpoint, headers)

    newest = (await entries(web, 1))[0]
    assert answer.status_code in {401, 403, 404, 409, 422} or endpoint.checks_itself
    assert (newest["action"], newest["status"]) == (endpoint.name, answer.status_code)
    assert newest["who"]["name"] == ("Stranger" if who == "a stranger" else "")


def test_only_what_an_open_editor_sends_all_the_time_is_left_out() -> None:
    left_out = {endpoint.name for endpoint in ENDPOINTS if not endpoint.is_noted}

    # Whatever else comes to this list would be missing from the log.
    assert left_out == {"sayPresent", "saveDraft", "makePreview"}


@pytest.mark.usefixtures("site")
async def test_a_draft_that_somebody_else_overtook_is_noted(web: httpx2.AsyncClient) -> None:
    first = {"if-match": '"r0"'}

    saved = await web.put(f"{PAGE}/draft", json={"config": CONFIG}, headers=first)
    late = await web.put(f"{PAGE}/draft", json={"config": {}}, headers=first)

    assert [saved.status_code, late.status_code] == [200, 412]
    found = [(entry["action"], entry["status"]) for entry in await entries(web, 2)]
    assert found == [("saveDraft", 412), ("createSite", 201)]


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if not one.is_change], ids=lambda one: one.name)
async def test_reading_is_not_noted(web: httpx2.AsyncClient, client: Client, endpoint: Endpoint) -> None:
    await ask(web, endpoint, {})
    await web.post(f"{V1}/sites", json={"slug": "after"})

    assert [entry["action"] for entry in await entries(web, 1)] == ["createSite"]


@pytest.mark.usefixtures("site")
async def test_what_is_sent_all_the_time_is_noted_only_where_it_is_not_allowed(
    web: httpx2.AsyncClient, client: Client
) -> None:
    viewer = await sign_in_as(client, {"acme": "viewer"}, "Viewer")
    page = f"{V1}/sites/acme/pages/spring"
    draft, beat = {"config": {}}, {"tab": "one"}
    first = {"if-match": '"r0"'}
    assert (await web.put(f"{page}/draft", json=draft, headers=first)).status_code == 200
    assert (await web.post(f"{page}/presence", json=beat)).status_code == 200

    assert (await web.put(f"{page}/draft", json=draft, headers=first | viewer)).status_code == 403
    assert (await web.post(f"{page}/presence", json=beat, headers=viewer)).status_code == 403

    found = [(entry["who"]["name"], entry["action"]) for entry in await entries(web, 3)]
    assert found == [("Viewer", "sayPresent"), ("Viewer", "saveDraft"), ("admin", "createSite")]


async def test_refused_by_origin_and_by_limit_is_noted(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "admin"}) | {"sec-fetch-site": "cross-site"}

    await web.post(f"{V1}/sites", json={"slug": "acme"}, headers=headers)

    newest = (await entries(web, 1))[0]
    assert (newest["status"], newest["outcome"], newest["who"]["name"]) == (403, "refused", "Somebody")


async def test_a_wrong_password_is_noted_with_the_account_that_was_tried(web: httpx2.AsyncClient) -> None:
    await join(web)
    [account] = (await web.get(f"{V1}/accounts")).json()["items"]

    await sign_in(web, password="a wrong guess")
    await sign_in(web, name="My Secret Password")

    unknown, known = (await entries(web, 4))[:2]
    assert (known["action"], known["status"], known["target"]) == ("signIn", 401, account["id"])
    assert known["who"] == {"id": "", "name": ""}
    assert "My Secret Password" not in str(unknown)


async def test_an_account_is_named_as_it_was_called_also_when_it_is_gone(web: httpx2.AsyncClient) -> None:
    made = (await web.post(f"{V1}/accounts", json={"name": "Grace"})).json()["account"]
    account = f"{V1}/accounts/{made['id']}"
    await web.put(f"{account}/roles", json={"roles": {"*": "viewer"}})
    await web.post(f"{account}/invitation")
    await sign_in(web, "GRACE", "a wrong guess")
    await web.delete(account)

    found = await entries(web, 5)

    assert [one["action"] for one in found] == ["removeAccount", "signIn", "inviteAccount", "setRoles", "addAccount"]
    assert {one["target"] for one in found} == {made["id"]}
    assert [one["target_name"] for one in found] == ["Grace", "GRACE", "Grace", "Grace", "Grace"]


async def test_an_entry_without_names_has_those_that_accounts_have_now(web: httpx2.AsyncClient, client: Client) -> None:
    ids = [
        (await web.post(f"{V1}/accounts", json={"name": name})).json()["account"]["id"] for name in ("Grace", "Linus")
    ]
    await web.delete(f"{V1}/accounts/{ids[1]}")
    await entries(web, 3)
    await client.delete(keys.AUDIT)
    for who, target in (ids, reversed(ids)):
        old = msgspec.json.decode(msgspec.json.encode(entry(who=who)))
        del old["target_name"]
        old |= {"who": {"id": who, "name": ""}, "target": target}
        await client.xadd(keys.AUDIT, {"entry": msgspec.json.encode(old)})

    found = await entries(web, 2)

    assert [(one["who"], one["target"], one["target_name"]) for one in found] == [
        ({"id": ids[1], "name": ""}, ids[0], "Grace"),
        ({"id": ids[0], "name": "Grace"}, ids[1], ""),
    ]


@pytest.mark.parametrize(("name", "sent"), [("", ["XREVRANGE", "HMGET"]), ("Grace", ["XREVRANGE"])])
async def test_names_cost_a_stretch_of_the_log_one_round_trip_and_none_where_all_are_there(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str, sent: list[str]
) -> None:
    log, commands, send = AuditLog(client), [], client.execute_command
    for number in range(20):
        log.note(msgspec.structs.replace(entry(), target=f"{number:012x}", target_name=name))
    await log.stop()

    async def noted(*command: Any, **options: Any) -> Any:
        commands.append(command[0])
        return await send(*command, **options)

    monkeypatch.setattr(client, "execute_command", noted)
    found = await log.read("", "", 50)

    assert commands == sent
    assert [one.target_name for one in found.items] == [name] * 20


async def test_whoever_reads_a_sites_part_learns_of_no_account_by_its_id(
    web: httpx2.AsyncClient, client: Client
) -> None:
    made = (await web.post(f"{V1}/accounts", json={"name": "Grace"})).json()["account"]
    await web.post(f"{V1}/sites", json={"slug": "acme"})
    await web.put(f"{V1}/sites/acme/members/{made['id']}", json={"role": "viewer"})

    newest = (await entries(web, 1, "sites/acme/audit"))[0]

    assert (newest["target"], newest["target_name"]) == (made["id"], "")


async def test_no_secret_is_in_the_log(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await join(web, "Ada", {"*": "admin"})
    made = await web.post(f"{V1}/tokens", json={"name": "ci", "role": "viewer"}, headers=headers)

    await entries(web, 3)

    log = await client.dump(keys.AUDIT)
    assert PASSWORD.encode() not in log
    assert made.json()["token"].encode() not in log
    assert headers["cookie"].partition("=")[2].encode() not in log


@pytest.mark.usefixtures("site")
async def test_a_token_is_named_by_what_it_is_for(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "admin"}, "Ada")
    made = await web.post(f"{V1}/tokens", json={"name": "nightly", "role": "publisher"}, headers=headers)

    await web.post(
        f"{PAGE}/versions", json={"config": CONFIG}, headers={"authorization": f"Bearer {made.json()['token']}"}
    )

    newest = (await entries(web, 3))[0]
    assert (newest["who"]["name"], newest["via"], newest["page"]) == ("Ada", "nightly", "spring")


@pytest.mark.usefixtures("site")
async def test_a_site_has_its_own_part_in_stretches(web: httpx2.AsyncClient) -> None:
    await web.post(f"{V1}/sites", json={"slug": "other"})
    for site in ("acme", "other", "acme"):
        await web.put(f"{V1}/sites/{site}/hostnames", json={"hostnames": []})
    await entries(web, 2, "sites/acme/audit")

    first = (await web.get(f"{V1}/sites/acme/audit?limit=1")).json()
    second = (await web.get(f"{V1}/sites/acme/audit?limit=1&cursor={first['next']}")).json()

    assert [entry["site"] for entry in first["items"] + second["items"]] == ["acme", "acme"]
    assert first["items"][0]["id"] != second["items"][0]["id"]
    assert second["next"] is None


async def test_who_asks_for_sites_that_are_not_there_makes_no_keys(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {})
    for number in range(3):
        await web.post(f"{V1}/sites/nowhere{number}/rebuilds", headers=headers)

    await entries(web, 3)

    assert await client.keys("platen:{accounts}:audit:*") == []


def entry(number: int = 0, *, who: str = "ada", outcome: Any = "done") -> AuditEntry:
    return AuditEntry(
        at=number, who=Who(id=who, name=who), via="session", action=f"a{number}", outcome=outcome, status=200
    )


async def test_what_waits_is_written_when_the_process_stops(client: Client) -> None:
    log = AuditLog(client)
    log.start()
    for number in range(1200):
        log.note(entry(number))

    await log.stop()

    assert await client.xlen(keys.AUDIT) == 1200


async def test_the_api_writes_what_waits_when_it_stops(opened: Opener, settings: Settings, client: Client) -> None:
    async with opened(settings) as web:
        await web.post(f"{V1}/sites", json={"slug": "acme"})

    assert await client.xlen(keys.AUDIT) == 1


async def test_a_change_does_not_wait_for_the_log(web: httpx2.AsyncClient, client: Client) -> None:
    answer = await web.post(f"{V1}/sites", json={"slug": "acme"})

    assert answer.status_code == 201
    assert await client.exists("platen:{0}:site:acme")


async def test_what_waits_is_bounded_and_the_loss_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(audit, "MOST_WAITING", 10)
    caplog.set_level(logging.ERROR)
    log = AuditLog(client)
    for number in range(15):
        log.note(entry(number))

    log.start()
    await wait_until(lambda: "5 entries" in caplog.text)
    await log.stop()

    found = await log.read("", "", 50)
    assert [one.action for one in found.items] == [f"a{number}" for number in range(14, 4, -1)]


async def test_nobody_in_particular_cannot_push_everything_else_out(client: Client) -> None:
    log = AuditLog(client)

    for number in range(audit.MOST_ANONYMOUS_PER_MINUTE + 20):
        log.note(entry(number, who="", outcome="refused"))
    log.note(entry(1))
    await log.stop()

    assert await client.xlen(keys.AUDIT) == audit.MOST_ANONYMOUS_PER_MINUTE + 1


async def test_the_log_keeps_the_newest(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_ENTRIES", 100)
    log = AuditLog(client)
    for number in range(2000):
        log.note(entry(number))

    await log.stop()

    assert await client.xlen(keys.AUDIT) < 500
    assert (await log.read("", "", 1)).items[0].action == "a1999"


async def test_entries_outlive_an_absence_of_redis(opened: Opener, settings: Settings, client: Client) -> None:
    async with opened(settings) as web:
        await client.client_pause(700)
        asked = asyncio.create_task(anonymous(web, "POST", "session", {"name": "Ada", "password": "x"}))
        await asked
        await web.post(f"{V1}/sites", json={"slug": "acme"})

        assert any(found["action"] == "createSite" for found in await entries(web, 2))
