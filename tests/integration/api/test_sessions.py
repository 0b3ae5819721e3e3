"""Sessions: what signing in gives, how long it lasts, and what ends it."""

import time

import httpx2
import pytest

from shared import keys
from shared.accounts.passwords import Passwords
from shared.accounts.sessions import MOST_SESSIONS, Comer, SessionStore
from shared.auth import Tokens
from shared.connection import Client
from shared.credentials import COOKIE, Credential, digest
from shared.errors import Busy
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.api.conftest import TOKEN, V1, Opener
from tests.integration.api.people import (
    OWN_PAGE,
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


async def test_signing_in_tells_who_and_what_they_may_do(web: httpx2.AsyncClient) -> None:
    await join(web, "Ada", {"acme": "publisher", "other": "viewer"})

    answer = await sign_in(web, "ADA")

    assert answer.status_code == 201
    assert answer.json()["account"]["name"] == "Ada"
    assert answer.json()["permissions"] == {"acme": ["look", "draft", "publish"], "other": ["look"]}
    again = await web.get(f"{V1}/session", headers=as_session(secret_of(answer)))
    assert again.json() == answer.json()


@pytest.mark.parametrize(
    ("host", "name", "is_secure"),
    [
        ("console.example.com", COOKIE, True),
        ("localhost.example.com", COOKIE, True),
        ("localhost", "platen", False),
        ("localhost:8000", "platen-8000", False),
        ("127.0.0.1:8000", "platen-8000", False),
        ("[::1]:8000", "platen-8000", False),
        ("[::1]", "platen", False),
    ],
)
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    web: httpx2.AsyncClient, host: str, name: str, is_secure: bool
) -> None:
    await join(web)

    cookie = (await sign_in(web, host=host)).headers["set-cookie"]

    parts = cookie.split("; ")
    assert parts[0].startswith(f"{name}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(parts)
    assert ("Secure" in parts) is is_secure
    assert "domain" not in cookie.lower()


async def test_a_plain_cookie_counts_on_this_machine_alone(web: httpx2.AsyncClient, client: Client) -> None:
    secret = (await sign_in_as(client, {}))["cookie"].partition("=")[2]
    cookie = {"authorization": "", "cookie": f"platen={secret}"}

    assert await who(web, {**cookie, "host": "localhost"}) == 200
    # Another Platen on this machine has a cookie of its own.
    assert await who(web, {**cookie, "host": "localhost:8001"}) == 401
    assert await who(web, {"authorization": "", "cookie": f"platen-8001={secret}", "host": "localhost:8001"}) == 200
    assert await who(web, {**cookie, "host": "console.example.com"}) == 401


async def test_what_is_stored_opens_nothing(web: httpx2.AsyncClient, client: Client) -> None:
    await join(web)
    secret = secret_of(await sign_in(web))

    found = b"".join([await client.dump(key) + key for key in await client.keys("*")])

    assert secret.encode() not in found
    assert PASSWORD.encode() not in found
    assert await who(web, as_session(digest(secret))) == 401


async def test_an_unknown_name_is_answered_as_a_wrong_password_is_and_costs_as_much(
    web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await join(web)
    await invite(web, "Not yet", {})
    checked: list[str] = []
    check = Passwords.is_right

    async def watched(self: Passwords, password: str, stored: str) -> bool:
        checked.append(password)
        return await check(self, password, stored)

    monkeypatch.setattr(Passwords, "is_right", watched)

    wrong = await sign_in(web, "Ada", "not her password")
    unknown = await sign_in(web, "Nobody", "not her password")
    without = await sign_in(web, "Not yet", "not her password")

    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong-password")
    assert wrong.content == unknown.content == without.content
    assert checked == ["not her password"] * 3


async def test_a_session_that_nobody_uses_ends(client: Client) -> None:
    headers = await sign_in_as(client, {}, session_idle_s=0.3)
    credential = Credential("session", digest(headers["cookie"].partition("=")[2]))
    assert (await Tokens(client).look_up([credential]))[0] is not None

    async def has_ended() -> bool:
        return not await client.exists(keys.session(credential.digest))

    await wait_until(has_ended)
    assert await Tokens(client).look_up([credential]) == [None]


async def test_a_session_that_is_used_lives_on_but_not_for_ever(client: Client) -> None:
    headers = await sign_in_as(client, {}, session_idle_s=600, session_keep_s=900)
    credential = Credential("session", digest(headers["cookie"].partition("=")[2]))
    key = keys.session(credential.digest)
    began, ends_at = (int(value) for value in await client.hmget(key, ["created_at", "ends_at"]))

    # Nine of the ten minutes without a use are over.
    long_ago = str(began - 540_000)
    await client.hset(key, "seen_at", long_ago)
    await client.pexpireat(key, began + 60_000)
    assert (await Tokens(client).look_up([credential]))[0] is not None
    used = await client.pexpiretime(key)
    await client.hset(key, mapping={"seen_at": long_ago, "ends_at": str(began + 300_000)})
    assert (await Tokens(client).look_up([credential]))[0] is not None
    last = await client.pexpiretime(key)

    assert ends_at - began == 900_000
    assert began + 600_000 <= used < began + 660_000
    assert last == began + 300_000


async def test_signing_out_ends_the_session_at_once(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {})
    assert await who(web, headers) == 200

    answer = await web.delete(f"{V1}/session", headers=headers)

    assert answer.status_code == 200
    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=; Path=/; Max-Age=0")
    assert await who(web, headers) == 401
    assert not await client.keys("platen:{accounts}:session:*")


async def test_a_session_that_was_ended_elsewhere_is_remembered_for_seconds_only(
    opened: Opener, settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead_s = 0.0
    monkeypatch.setattr("shared.auth.Tokens.__init__.__defaults__", (lambda: time.monotonic() + ahead_s,))
    headers = await sign_in_as(client, {})
    async with opened(settings) as web:
        assert await who(web, headers) == 200
        await client.delete(keys.session(digest(headers["cookie"].partition("=")[2])))
        remembered = await who(web, headers)
        ahead_s = 5.0

        assert remembered == 200
        assert await who(web, headers) == 401


async def test_signing_in_never_takes_over_a_secret_that_was_there_before(
    web: httpx2.AsyncClient, client: Client
) -> None:
    await join(web)
    first = secret_of(await sign_in(web))
    planted = "planted-by-somebody-else-0123456789abcdef"

    second = secret_of(await sign_in(web, cookie=f"{COOKIE}={first}"))
    third = secret_of(await sign_in(web, cookie=f"{COOKIE}={planted}"))

    assert len({first, second, third, planted}) == 4
    assert await who(web, as_session(first)) == 401
    assert await who(web, as_session(planted)) == 401
    assert await who(web, as_session(second)) == await who(web, as_session(third)) == 200


async def test_a_new_password_ends_all_other_sessions(web: httpx2.AsyncClient) -> None:
    own = await join(web)
    other = as_session(secret_of(await sign_in(web)))
    new = "four quiet otters knitting"

    answer = await web.put(f"{V1}/session/password", json={"current": PASSWORD, "password": new}, headers=own)

    assert answer.status_code == 200
    assert await who(web, as_session(secret_of(answer))) == 200
    assert [await who(web, headers) for headers in (own, other)] == [401, 401]
    assert (await sign_in(web, password=PASSWORD)).status_code == 401
    assert (await sign_in(web, password=new)).status_code == 201


async def test_a_new_password_needs_the_current_one(web: httpx2.AsyncClient) -> None:
    own = await join(web)
    body = {"current": "not this one", "password": "four quiet otters knitting"}

    answer = await web.put(f"{V1}/session/password", json=body, headers=own)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/current")
    assert (await sign_in(web)).status_code == 201


async def test_a_new_password_is_not_the_name(web: httpx2.AsyncClient) -> None:
    own = await join(web, "Ada Lovelace")
    body = {"current": PASSWORD, "password": "Ada Lovelace"}

    answer = await web.put(f"{V1}/session/password", json=body, headers=own)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/password")
    assert await who(web, own) == 200


async def test_one_sees_ones_sessions_and_ends_them(web: httpx2.AsyncClient) -> None:
    own = await join(web)
    other = as_session(secret_of(await sign_in(web, user_agent="Other browser\x07")))

    listed = (await web.get(f"{V1}/sessions", headers=own)).json()["items"]
    [elsewhere] = [session for session in listed if not session["is_current"]]
    ended = await web.delete(f"{V1}/sessions/{elsewhere['id']}", headers=own)
    again = await web.delete(f"{V1}/sessions/{elsewhere['id']}", headers=own)

    assert len(listed) == 2
    assert elsewhere["agent"] == "Other browser"
    assert [ended.status_code, again.status_code] == [200, 404]
    assert [await who(web, headers) for headers in (own, other)] == [200, 401]


async def test_nobody_ends_the_sessions_of_others(web: httpx2.AsyncClient, client: Client) -> None:
    ada, bob = await sign_in_as(client, {}, "Ada"), await sign_in_as(client, {"*": "admin"}, "Bob")
    [session] = (await web.get(f"{V1}/sessions", headers=ada)).json()["items"]

    answer = await web.delete(f"{V1}/sessions/{session['id']}", headers=bob)

    assert answer.status_code == 404
    assert await who(web, ada) == 200


async def test_of_too_many_sessions_the_oldest_ends(web: httpx2.AsyncClient, client: Client) -> None:
    first = await sign_in_as(client, {}, "Ada")
    account = (await web.get(f"{V1}/session", headers=first)).json()["account"]["id"]
    store, began_ms = SessionStore(client, Settings()), int(time.time() * 1000)
    await wait_until(lambda: int(time.time() * 1000) > began_ms)

    for _ in range(MOST_SESSIONS):
        await store.open(account, Comer("", "", None))

    assert len(await store.listed(account, "")) == MOST_SESSIONS
    assert len(await client.keys("platen:{accounts}:session:*")) == MOST_SESSIONS
    assert not await client.exists(keys.session(digest(first["cookie"].partition("=")[2])))


async def test_a_token_wins_over_a_session(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {}) | {"authorization": f"Bearer {TOKEN}"}

    known = await web.get(f"{V1}/session", headers=headers)
    unknown = await web.get(f"{V1}/session", headers={**headers, "authorization": "Bearer wrong"})

    assert known.json()["account"]["id"] == "admin"
    assert unknown.status_code == 401


@pytest.mark.parametrize("host", ["console.example.com", "localhost"])
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 403),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, 201),
        ({"sec-fetch-site": "same-site", "origin": "https://{host}"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"sec-fetch-site": ""}, 403),
        ({"origin": "https://{host}"}, 201),
        ({"origin": "http://{host}"}, 201),
        ({"origin": "https://{host}:443"}, 201),
        ({"origin": "https://{host}:8443"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "https://{host}.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "https://[broken"}, 403),
    ],
    ids=str,
)
async def test_a_change_by_session_comes_from_platens_own_pages(
    web: httpx2.AsyncClient, client: Client, host: str, sent: dict[str, str], status: int
) -> None:
    headers = await sign_in_as(client, {"*": "admin"})
    if host == "localhost":
        headers["cookie"] = headers["cookie"].removeprefix("__Host-")
    del headers["sec-fetch-site"]
    sent = {name: value.replace("{host}", host) for name, value in sent.items()}

    answer = await web.post(f"{V1}/sites", json={"slug": "acme"}, headers=headers | sent | {"host": host})

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "foreign-origin"
        assert answer.json()["errors"][0]["mend"]
        assert not await client.exists("platen:{0}:site:acme")


@pytest.mark.parametrize("sent", [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}], ids=str)
async def test_a_change_by_token_may_come_from_anywhere(web: httpx2.AsyncClient, sent: dict[str, str]) -> None:
    assert (await web.post(f"{V1}/sites", json={"slug": "acme"}, headers=sent)).status_code == 201


async def test_reading_by_session_needs_no_word_of_where_from(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await sign_in_as(client, {}) | {"sec-fetch-site": "cross-site"}

    assert await who(web, headers) == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [({}, 401), (OWN_PAGE, 401), ({"sec-fetch-site": "cross-site"}, 403), ({"origin": "https://evil.example"}, 403)],
    ids=str,
)
async def test_no_other_page_signs_somebody_in(web: httpx2.AsyncClient, sent: dict[str, str], status: int) -> None:
    assert (await sign_in(web, **sent)).status_code == status


async def test_when_too_many_passwords_wait_more_are_put_off(
    web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_self: Passwords, _password: str, _stored: str) -> bool:
        raise Busy("Too many.")

    monkeypatch.setattr(Passwords, "is_right", refuse)

    answer = await sign_in(web)

    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "1")
    assert "Redis" not in answer.json()["detail"]


async def test_nothing_secret_is_logged(
    opened: Opener, client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with opened(settings) as web:
        await join(web)
        answer = await sign_in(web)
        await anonymous(web, "POST", "session", {"name": "Ada", "password": "wrong password"})

    assert secret_of(answer) not in caplog.text
    assert PASSWORD not in caplog.text
    assert "wrong password" not in caplog.text
