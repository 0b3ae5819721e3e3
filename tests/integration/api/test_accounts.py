"""Accounts, invitations and members: who is let in, once, and by whom."""

import asyncio

import httpx2
import msgspec
import pytest

from shared import keys
from shared.accounts.invitations import InvitationStore
from shared.connection import Client
from shared.credentials import digest
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.api.conftest import V1, everything
from tests.integration.api.people import (
    PASSWORD,
    anonymous,
    as_session,
    invite,
    join,
    secret_of,
    sign_in,
    sign_in_as,
    who,
)

pytestmark = pytest.mark.redis7

KEY = {"idempotency-key": "k"}


async def first_code(client: Client) -> str:
    code = await InvitationStore(client, Settings()).invite_first()
    assert code is not None
    return code


async def accept(web: httpx2.AsyncClient, code: str, password: str = PASSWORD, **more: str) -> httpx2.Response:
    headers = {"idempotency_key": more.pop("key")} if "key" in more else {}
    return await anonymous(web, "POST", "invitations/accept", {"code": code, "password": password, **more}, **headers)


async def test_the_first_to_come_becomes_the_administrator(web: httpx2.AsyncClient, client: Client) -> None:
    code = await first_code(client)

    seen = await anonymous(web, "POST", "invitations/look", {"code": code})
    nameless = await accept(web, code)
    answer = await accept(web, code, name="Ada")

    assert seen.json()["is_first"] is True
    assert (nameless.status_code, nameless.json()["errors"][0]["pointer"]) == (422, "/name")
    assert answer.status_code == 201
    assert answer.json()["roles"] == {"*": "admin"}
    assert await who(web, as_session(secret_of(answer))) == 200


async def test_a_password_is_not_the_name_that_everybody_knows(web: httpx2.AsyncClient, client: Client) -> None:
    first = await accept(web, await first_code(client), password="ada lovelace", name="Ada Lovelace")
    code = await invite(web, "Grace Hopper", {})

    invited = await accept(web, code, password="GRACE HOPPER")

    for answer in (first, invited):
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/password")
    assert (await accept(web, code)).status_code == 201


async def test_there_is_one_first_administrator(web: httpx2.AsyncClient, client: Client) -> None:
    codes = [await first_code(client) for _ in range(2)]
    assert (await accept(web, codes[0], name="Ada")).status_code == 201

    late = await accept(web, codes[1], name="Eve")
    seen = await anonymous(web, "POST", "invitations/look", {"code": codes[1]})

    assert [late.status_code, seen.status_code] == [404, 404]
    assert await InvitationStore(client, Settings()).invite_first() is None


async def test_of_two_first_administrators_at_once_one_is_let_in(web: httpx2.AsyncClient, client: Client) -> None:
    codes = [await first_code(client) for _ in range(2)]

    answers = await asyncio.gather(*(accept(web, code, name=f"Ada {code[:4]}") for code in codes))

    assert sorted(answer.status_code for answer in answers) == [201, 404]
    assert await client.hlen(keys.ACCOUNTS) == 1


async def test_an_invitation_counts_once(web: httpx2.AsyncClient) -> None:
    code = await invite(web, "Ada", {"acme": "editor"})

    first, second = await accept(web, code), await accept(web, code, "another password")

    assert first.json()["permissions"] == {"acme": ["look", "draft"]}
    assert second.status_code == 404
    assert (await sign_in(web)).status_code == 201
    assert (await sign_in(web, password="another password")).status_code == 401


async def test_an_invitation_expires(web: httpx2.AsyncClient, client: Client) -> None:
    code = await invite(web, "Ada", {})
    key = keys.invitation(digest(code))
    assert 6 * 86_400_000 < await client.pttl(key) <= 7 * 86_400_000

    await client.pexpire(key, 1)

    async def is_gone() -> bool:
        return (await anonymous(web, "POST", "invitations/look", {"code": code})).status_code == 404

    await wait_until(is_gone)
    assert (await accept(web, code)).status_code == 404


async def test_a_new_invitation_takes_the_place_of_the_old_one(web: httpx2.AsyncClient) -> None:
    first = await invite(web, "Ada", {})
    [account] = (await web.get(f"{V1}/accounts")).json()["items"]

    again = await web.post(f"{V1}/accounts/{account['id']}/invitation")

    assert (await accept(web, first)).status_code == 404
    assert (await accept(web, again.json()["invitation"]["path"].partition("#")[2])).status_code == 201


async def test_a_lost_password_is_replaced_and_whoever_had_it_is_out(web: httpx2.AsyncClient) -> None:
    before = await join(web)
    [account] = (await web.get(f"{V1}/accounts")).json()["items"]
    link = (await web.post(f"{V1}/accounts/{account['id']}/invitation")).json()["invitation"]["path"]
    assert (await sign_in(web)).status_code == 201

    answer = await accept(web, link.partition("#")[2], "four quiet otters knitting")

    assert answer.json()["account"]["id"] == account["id"]
    assert await who(web, before) == 401
    assert (await sign_in(web)).status_code == 401


async def test_accepting_again_under_the_same_key_needs_the_same_password(web: httpx2.AsyncClient) -> None:
    code = await invite(web, "Ada", {})

    answers = [await accept(web, code, password, key="k") for password in (PASSWORD, PASSWORD, "somebody else's")]

    assert [answer.status_code for answer in answers] == [201, 201, 401]


@pytest.mark.parametrize("password", ["too short", "x" * 201])
async def test_a_password_has_its_bounds(web: httpx2.AsyncClient, password: str) -> None:
    answer = await accept(web, await invite(web, "Ada", {}), password)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/password")
    assert "10 to 200" in answer.json()["errors"][0]["mend"]


async def test_a_repeated_account_is_one_and_its_newest_link_counts(web: httpx2.AsyncClient) -> None:
    body = {"name": "Ada", "roles": {"acme": "editor"}}

    first, second = [await web.post(f"{V1}/accounts", json=body, headers=KEY) for _ in range(2)]

    assert [first.status_code, second.status_code] == [201, 201]
    assert second.headers["idempotency-replayed"] == "true"
    assert first.json()["account"] == second.json()["account"]
    codes = [answer.json()["invitation"]["path"].partition("#")[2] for answer in (first, second)]
    assert [(await accept(web, code)).status_code for code in codes] == [404, 201]


async def test_a_name_is_taken_once(web: httpx2.AsyncClient) -> None:
    await invite(web, "Ada", {})

    answer = await web.post(f"{V1}/accounts", json={"name": "ADA", "roles": {}})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/name")


async def test_a_role_is_held_on_a_site_or_everywhere(web: httpx2.AsyncClient) -> None:
    answer = await web.post(f"{V1}/accounts", json={"name": "Ada", "roles": {"no site": "editor"}})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/roles/no site")


async def test_accounts_come_by_name_in_stretches(web: httpx2.AsyncClient) -> None:
    for name in ("Cleo", "ada", "Bob"):
        await invite(web, name, {})

    first = (await web.get(f"{V1}/accounts?limit=2")).json()
    second = (await web.get(f"{V1}/accounts", params={"limit": 2, "cursor": first["next"]})).json()

    assert [account["name"] for account in first["items"] + second["items"]] == ["ada", "Bob", "Cleo"]
    assert second["next"] is None


async def test_new_roles_count_at_once(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "admin"})
    [account] = (await web.get(f"{V1}/accounts", headers=headers)).json()["items"]

    answer = await web.put(f"{V1}/accounts/{account['id']}/roles", json={"roles": {"acme": "viewer"}})

    assert answer.json()["roles"] == {"acme": "viewer"}
    assert (await web.get(f"{V1}/accounts", headers=headers)).status_code == 403
    assert await client.zrange(keys.MEMBERS, 0, -1) == [f"acme {account['id']}".encode()]


async def test_a_removed_account_leaves_nothing_that_opens_anything(web: httpx2.AsyncClient, client: Client) -> None:
    await join(web, "Ada", {"*": "admin"})
    headers = as_session(secret_of(await sign_in(web)))
    token = (await web.post(f"{V1}/tokens", json={"name": "ci", "role": "viewer"}, headers=headers)).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    await join(web, "Bob", {"*": "admin"})
    ada = (await web.get(f"{V1}/session", headers=bearer)).json()["account"]["id"]

    answer = await web.delete(f"{V1}/accounts/{ada}", headers=KEY)
    again = await web.delete(f"{V1}/accounts/{ada}", headers=KEY)

    assert [answer.status_code, again.status_code] == [200, 200]
    assert [await who(web, held) for held in (headers, bearer)] == [401, 401]
    assert (await sign_in(web)).status_code == 401
    left = [key for key in await everything(client) if ada.encode() in key]
    assert left == []
    assert (await web.post(f"{V1}/accounts", json={"name": "Ada", "roles": {}})).json()["account"]["id"] != ada


@pytest.mark.parametrize("how", ["remove", "demote"])
async def test_the_last_administrator_stays(web: httpx2.AsyncClient, client: Client, how: str) -> None:
    await join(web, "Ada", {"*": "admin"})
    await invite(web, "Not yet", {"*": "admin"})
    ada = (await web.get(f"{V1}/accounts")).json()["items"][0]["id"]
    path = f"{V1}/accounts/{ada}"

    answer = await (
        web.delete(path) if how == "remove" else web.put(f"{path}/roles", json={"roles": {"*": "publisher"}})
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (await sign_in(web)).json()["roles"] == {"*": "admin"}


@pytest.mark.usefixtures("site")
async def test_a_member_is_invited_once_and_holds_a_role_on_the_site_alone(web: httpx2.AsyncClient) -> None:
    members = f"{V1}/sites/acme/members"

    made = await web.put(f"{members}/Ada", json={"role": "editor"})
    code = made.json()["invitation"]["path"].partition("#")[2]
    joined = await accept(web, code)
    changed = await web.put(f"{members}/ada", json={"role": "publisher"})

    assert joined.json()["permissions"] == {"acme": ["look", "draft"]}
    assert changed.json()["invitation"] is None
    assert (await web.get(members)).json()["items"] == [{"account": joined.json()["account"], "role": "publisher"}]


@pytest.mark.usefixtures("site")
async def test_a_member_that_was_never_invited_elsewhere_gets_a_new_link(web: httpx2.AsyncClient) -> None:
    path = f"{V1}/sites/acme/members/Ada"

    links = [(await web.put(path, json={"role": role})).json()["invitation"] for role in ("editor", "viewer")]

    codes = [link["path"].partition("#")[2] for link in links]
    assert [(await accept(web, code)).status_code for code in codes] == [404, 201]


@pytest.mark.usefixtures("site")
async def test_whoever_manages_one_site_gets_no_link_to_an_account_of_others(
    web: httpx2.AsyncClient, client: Client
) -> None:
    manager = await sign_in_as(client, {"acme": "admin"}, "Manager")
    code = await invite(web, "Ada", {"*": "admin"})

    answer = await web.put(f"{V1}/sites/acme/members/Ada", json={"role": "viewer"}, headers=manager)

    assert answer.json()["invitation"] is None
    assert (await accept(web, code)).status_code == 201


@pytest.mark.usefixtures("site")
async def test_a_member_who_leaves_keeps_the_account_and_other_sites(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"acme": "editor", "other": "viewer"}, "Ada")
    path = f"{V1}/sites/acme/members/ada"

    answers = [await web.delete(path, headers=KEY) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await web.delete(path)).status_code == 404
    assert (await web.get(f"{V1}/session", headers=headers)).json()["roles"] == {"other": "viewer"}
    assert (await web.get(f"{V1}/sites/acme/members")).json()["items"] == []


async def test_a_site_that_does_not_exist_has_no_members(web: httpx2.AsyncClient, client: Client) -> None:
    answer = await web.put(f"{V1}/sites/nowhere/members/Ada", json={"role": "editor"})

    assert answer.status_code == 404
    assert (await web.get(f"{V1}/accounts")).json()["items"] == []


async def test_only_a_name_can_be_a_member(web: httpx2.AsyncClient) -> None:
    answer = await web.put(f"{V1}/sites/acme/members/%20", json={"role": "editor"})

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "name")


async def test_a_record_of_an_account_survives_what_scripts_do_with_it(web: httpx2.AsyncClient) -> None:
    answer = await web.post(f"{V1}/accounts", json={"name": "Zoë O'Hara", "roles": {}})
    account = answer.json()["account"]

    given = await web.put(f"{V1}/accounts/{account['id']}/roles", json={"roles": {}})

    assert given.json() == account
    assert msgspec.json.encode(account["roles"]) == b"{}"
