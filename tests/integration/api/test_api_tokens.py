"""API tokens of accounts: what they may do, how long, and what ends them."""

from typing import Any

import httpx2
import pytest

from shared import keys
from shared.connection import Client
from shared.credentials import digest
from tests.conftest import wait_until
from tests.integration.api.conftest import V1, everything
from tests.integration.api.people import sign_in_as, who

pytestmark = pytest.mark.redis7

KEY = {"idempotency-key": "k"}


async def make(web: httpx2.AsyncClient, headers: dict[str, str], **body: Any) -> httpx2.Response:
    return await web.post(f"{V1}/tokens", json={"name": "ci", "role": "viewer", **body}, headers=headers)


def bearer(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 201, answer.text
    return {"authorization": f"Bearer {answer.json()['token']}"}


async def test_a_token_is_shown_once_and_stored_nowhere(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"acme": "publisher"})

    made = await make(web, headers, role="editor", sites=["acme"])
    listed = (await web.get(f"{V1}/tokens", headers=headers)).json()["items"]

    secret = made.json()["token"]
    assert secret.startswith("platen_")
    assert [(token["name"], token["roles"], token["last"]) for token in listed] == [
        ("ci", {"acme": "editor"}, secret[-4:])
    ]
    assert secret not in str(listed)
    assert secret.encode() not in b"".join([key + await client.dump(key) for key in await client.keys("*")])


@pytest.mark.parametrize(
    ("roles", "body", "is_allowed"),
    [
        ({"acme": "publisher"}, {"role": "publisher", "sites": ["acme"]}, True),
        ({"acme": "publisher"}, {"role": "editor", "sites": ["acme"]}, True),
        ({"acme": "publisher"}, {"role": "admin", "sites": ["acme"]}, False),
        ({"acme": "publisher"}, {"role": "operator", "sites": ["acme"]}, False),
        ({"acme": "publisher"}, {"role": "viewer"}, False),
        ({"acme": "publisher"}, {"role": "viewer", "sites": ["acme", "other"]}, False),
        ({"*": "editor", "acme": "publisher"}, {"role": "editor"}, True),
        ({"*": "editor", "acme": "publisher"}, {"role": "publisher"}, False),
        ({"*": "admin"}, {"role": "admin"}, True),
        ({}, {"role": "viewer"}, False),
    ],
    ids=str,
)
async def test_a_token_is_no_wider_than_its_maker(
    web: httpx2.AsyncClient, client: Client, roles: dict[str, str], body: dict[str, Any], is_allowed: bool
) -> None:
    headers = await sign_in_as(client, roles)

    answer = await make(web, headers, **body)

    assert answer.status_code == (201 if is_allowed else 403)
    if not is_allowed:
        assert answer.json()["errors"][0]["pointer"] == "/role"
        assert not await client.keys("platen:{accounts}:token:*")


@pytest.mark.usefixtures("site")
async def test_a_token_does_less_than_its_maker_where_it_is_scoped(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "admin"})
    token = bearer(await make(web, headers, role="viewer", sites=["acme"]))
    assert (await web.post(f"{V1}/sites", json={"slug": "other"})).status_code == 201

    assert (await web.get(f"{V1}/sites/acme", headers=token)).status_code == 200
    assert (await web.get(f"{V1}/sites/other", headers=token)).status_code == 404
    assert (await web.get(f"{V1}/accounts", headers=token)).status_code == 403
    assert [site["slug"] for site in (await web.get(f"{V1}/sites", headers=token)).json()["items"]] == ["acme"]


@pytest.mark.usefixtures("site")
async def test_the_token_of_somebody_who_may_less_may_less(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "admin"})
    token = bearer(await make(web, headers, role="admin"))
    account = (await web.get(f"{V1}/session", headers=headers)).json()["account"]["id"]
    assert (await web.get(f"{V1}/accounts", headers=token)).status_code == 200

    await web.put(f"{V1}/accounts/{account}/roles", json={"roles": {"acme": "viewer"}})

    assert (await web.get(f"{V1}/accounts", headers=token)).status_code == 403
    session = (await web.get(f"{V1}/session", headers=token)).json()
    assert session["permissions"]["acme"] == ["look"]
    assert session["permissions"]["*"] == []
    assert [site["slug"] for site in (await web.get(f"{V1}/sites", headers=token)).json()["items"]] == ["acme"]


async def test_a_token_expires(web: httpx2.AsyncClient, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.accounts.tokens.DAY_MS", 300)
    monkeypatch.setattr("shared.auth.REMEMBERED_S", 0.0)
    headers = await sign_in_as(client, {"acme": "viewer"})
    token = bearer(await make(web, headers, sites=["acme"], expires_in_days=1))
    assert await who(web, token) == 200

    async def has_expired() -> bool:
        return await who(web, token) == 401

    await wait_until(has_expired)
    assert (await web.get(f"{V1}/tokens", headers=headers)).json()["items"] == []


async def test_how_long_a_token_lasts_is_what_was_asked(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "viewer"})

    made = (await make(web, headers, expires_in_days=7)).json()

    assert made["expires_at"] - made["created_at"] == 7 * 86_400_000
    assert 0 < await client.pttl(keys.token(digest(made["token"]))) <= 7 * 86_400_000
    assert [(await make(web, headers, expires_in_days=days)).status_code for days in (0, 367)] == [422, 422]


async def test_a_revoked_token_is_of_no_use(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "viewer"})
    made = await make(web, headers)
    assert await who(web, bearer(made)) == 200

    answers = [await web.delete(f"{V1}/tokens/{made.json()['id']}", headers=headers | KEY) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert await who(web, bearer(made)) == 401
    assert (await web.delete(f"{V1}/tokens/{made.json()['id']}", headers=headers)).status_code == 404


async def test_nobody_sees_or_revokes_the_tokens_of_others(web: httpx2.AsyncClient, client: Client) -> None:
    ada, bob = await sign_in_as(client, {"*": "viewer"}, "Ada"), await sign_in_as(client, {"*": "admin"}, "Bob")
    made = await make(web, ada)

    answer = await web.delete(f"{V1}/tokens/{made.json()['id']}", headers=bob)

    assert answer.status_code == 404
    assert (await web.get(f"{V1}/tokens", headers=bob)).json()["items"] == []
    assert await who(web, bearer(made)) == 200


async def test_a_token_makes_no_tokens(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "admin"})
    token = bearer(await make(web, headers, role="admin"))

    answer = await make(web, token)

    assert answer.status_code == 403
    assert answer.json()["errors"][0]["mend"].startswith("sign in")


async def test_the_first_administrators_token_makes_tokens(web: httpx2.AsyncClient) -> None:
    made = await web.post(f"{V1}/tokens", json={"name": "ci", "role": "operator"})

    token = bearer(made)
    assert (await web.get(f"{V1}/builders", headers=token)).status_code == 200
    assert (await web.get(f"{V1}/accounts", headers=token)).status_code == 403
    assert (await web.post(f"{V1}/tokens", json={"name": "more", "role": "viewer"}, headers=token)).status_code == 403


async def test_a_repeated_token_is_one_and_its_newest_secret_counts(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "viewer"}) | KEY

    first, second = await make(web, headers), await make(web, headers)

    assert first.json()["id"] == second.json()["id"]
    assert second.headers["idempotency-replayed"] == "true"
    assert [await who(web, bearer(answer)) for answer in (first, second)] == [401, 200]
    assert len((await web.get(f"{V1}/tokens", headers=headers)).json()["items"]) == 1
    assert await client.pttl(keys.token(digest(second.json()["token"]))) > 0


async def test_the_same_key_makes_no_other_token(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "viewer"}) | KEY
    await make(web, headers)

    assert (await make(web, headers, name="another")).status_code == 422


async def test_an_account_has_so_many_tokens(
    web: httpx2.AsyncClient, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.accounts.tokens.MOST_TOKENS", 2)
    headers = await sign_in_as(client, {"*": "viewer"})

    statuses = [(await make(web, headers)).status_code for _ in range(3)]

    assert statuses == [201, 201, 409]


async def test_it_is_known_when_a_token_was_used(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"*": "viewer"})
    made = await make(web, headers)
    [before] = (await web.get(f"{V1}/tokens", headers=headers)).json()["items"]

    await web.get(f"{V1}/sites", headers=bearer(made))

    [after] = (await web.get(f"{V1}/tokens", headers=headers)).json()["items"]
    assert before["used_at"] == 0
    assert after["used_at"] >= made.json()["created_at"]


async def test_a_use_is_written_once_in_ten_minutes(
    web: httpx2.AsyncClient, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.auth.REMEMBERED_S", 0.0)
    token = bearer(await make(web, await sign_in_as(client, {"*": "viewer"})))
    key = keys.token(digest(token["authorization"].partition(" ")[2]))
    await web.get(f"{V1}/sites", headers=token)
    seen = await client.hget(key, "seen_at")

    for _ in range(3):
        await web.get(f"{V1}/sites", headers=token)

    assert await client.hget(key, "seen_at") == seen


async def test_what_is_refused_changes_nothing(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {"acme": "viewer"})
    before = await everything(client)

    await make(web, headers, role="admin")

    assert await everything(client) == before
