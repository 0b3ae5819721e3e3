"""People who sign in, for tests: most of them without a password, since hashing one takes its time."""

import secrets
from collections.abc import Mapping
from typing import Any

import httpx2

from shared.accounts.accounts import AccountStore
from shared.accounts.sessions import Comer, SessionStore
from shared.connection import Client
from shared.credentials import COOKIE
from shared.idempotency import Request
from shared.settings import Settings
from tests.integration.api.conftest import V1

PASSWORD = "correct horse battery staple"
# What a browser says of a change that a page of Platen's own asks for.
OWN_PAGE = {"sec-fetch-site": "same-origin"}


def as_session(secret: str) -> dict[str, str]:
    """Headers of a session, without the token that the tests' client sends otherwise."""
    return {"authorization": "", "cookie": f"{COOKIE}={secret}", **OWN_PAGE}


async def sign_in_as(
    client: Client, roles: Mapping[str, str], name: str = "Somebody", **changes: Any
) -> dict[str, str]:
    """Headers of a new account's session, opened beside the api.

    Args:
        changes: of the settings.
    """
    settings = Settings(**changes)
    request = Request("tests", "", secrets.token_hex(8), "f")
    invited = await AccountStore(client, settings).add(name, dict(roles), request)
    opened = await SessionStore(client, settings).open(invited.account.id, Comer("", "", None))
    return as_session(opened.secret)


async def invite(web: httpx2.AsyncClient, name: str, roles: Mapping[str, str]) -> str:
    """Make an account. Returns the invitation's code."""
    answer = await web.post(f"{V1}/accounts", json={"name": name, "roles": roles})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["invitation"]["path"].partition("#")[2])


async def join(web: httpx2.AsyncClient, name: str = "Ada", roles: Mapping[str, str] | None = None) -> dict[str, str]:
    """Make an account with a password. Returns headers of its session."""
    code = await invite(web, name, roles or {})
    answer = await anonymous(web, "POST", "invitations/accept", {"code": code, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return as_session(secret_of(answer))


async def sign_in(
    web: httpx2.AsyncClient, name: str = "Ada", password: str = PASSWORD, **headers: str
) -> httpx2.Response:
    """Try to sign in."""
    return await anonymous(web, "POST", "session", {"name": name, "password": password}, **headers)


async def anonymous(
    web: httpx2.AsyncClient, method: str, path: str, body: object = None, **headers: str
) -> httpx2.Response:
    """Ask without a token."""
    given = {"authorization": "", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await web.request(method, f"{V1}/{path}", json=body, headers=given)


def secret_of(answer: httpx2.Response) -> str:
    """The secret of the session that an answer sets."""
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]


async def who(web: httpx2.AsyncClient, headers: Mapping[str, str]) -> int:
    """Status of asking who one is."""
    return (await web.get(f"{V1}/session", headers=headers)).status_code
