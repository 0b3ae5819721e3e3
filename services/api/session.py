"""One's own session: sign in and out, see where one is signed in, and change the password."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import once_more
from services.api.comer import find_comer
from services.api.ended import Ended, end_own
from services.api.endpoint import V1, Answer, Endpoint
from shared.accounts.passwords import Password, TriedPassword, refuse_name
from shared.accounts.records import AccountName, SessionRecord, Who
from shared.accounts.sessions import Comer, Opened
from shared.credentials import cookie_header, cookie_name
from shared.errors import Conflict, Invalid, WrongPassword
from shared.http import json_response
from shared.principal import Principal
from shared.roles import Permission

EXAMPLE = {
    "account": {"id": "5d41c07b9a21", "name": "Ada"},
    "roles": {"acme": "publisher"},
    "permissions": {"acme": ["look", "draft", "publish"]},
    "expires_at": 1768435200000,
}
_RECORD = {
    "id": "19b7a1c2e40a1b2c3",
    "created_at": 1767225600000,
    "seen_at": 1767229200000,
    "ends_at": 1768435200000,
    "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
    "is_current": True,
}


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who wants to sign in.

    Attributes:
        name: of the account.
        password: of the account.
    """

    name: AccountName
    password: TriedPassword


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A password in place of another.

    Attributes:
        current: the one that counts now.
        password: the new one.
    """

    current: TriedPassword
    password: Password


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, and what they may do.

    Attributes:
        account: who.
        roles: site, or `*` for every site, -> role.
        permissions: site, or `*` for every site, -> what they may do there.
        expires_at: when they have to sign in again at the latest, milliseconds since the epoch; null for never.
    """

    account: Who
    roles: dict[str, str]
    permissions: dict[str, list[Permission]]
    expires_at: int | None


class SessionList(msgspec.Struct, frozen=True, kw_only=True):
    """An account's sessions.

    Attributes:
        items: the newest first.
        next: always null: there are few.
    """

    items: list[SessionRecord]
    next: None = None


def session_of(principal: Principal) -> Session:
    """What is told of whoever asks."""
    return Session(
        account=Who(id=principal.id, name=principal.name),
        roles=principal.roles,
        permissions=principal.permissions(),
        expires_at=principal.ends_at or None,
    )


def signed_in(api: Api, asked: Asked, opened: Opened, status: int) -> Response:
    """Answer with a session that was opened just now, and its cookie."""
    account = opened.account
    asked.principal = Principal(
        id=account.id,
        roles=account.roles,
        name=account.name,
        via="session",
        session=opened.id,
        ends_at=opened.ends_at,
    )
    # The session that they came with may be remembered here.
    api.tokens.forget()
    cookie = _cookie(asked.http, opened.secret, int(api.settings.session_keep_s))
    return json_response(session_of(asked.principal), status, {"set-cookie": cookie})


async def sign_in(api: Api, asked: Asked) -> Response:
    given = await asked.body(SignIn)
    comer = find_comer(asked.http, api.settings.gateways)
    account, stored = await prove(api, asked, given.name, given.password, comer)
    new = ""
    if api.passwords.is_outdated(stored):
        with asked.paused():
            new = await api.passwords.hash(given.password)
    opened = await api.sessions.open(account, comer, name=given.name, proved=stored, password=new)
    return signed_in(api, asked, opened, 201)


async def prove(api: Api, asked: Asked, name: str, password: str, comer: Comer) -> tuple[str, str]:
    """Hold a password against the account of a name.

    Returns:
        the account's id, and the hash that it was held against.

    Raises:
        WrongPassword: it is another one, or there is no such account; both take the same time.
        TooManyTries, Busy: for now.
    """
    account, stored = await api.sessions.try_to_sign_in(name, comer)
    # What somebody wrote is a name where it is an account's; otherwise it may be anything, such as a password.
    asked.target, asked.target_name = account, name if account else ""
    with asked.paused():
        is_right = await api.passwords.is_right(password, stored)
    if not is_right or not stored:
        raise WrongPassword
    return account, stored


async def show(_api: Api, asked: Asked) -> Response:
    return json_response(session_of(asked.principal))


async def sign_out(api: Api, asked: Asked) -> Response:
    session = _own(asked)
    request = asked.change()
    await once_more(lambda: api.sessions.end(asked.principal.id, session, request))
    api.tokens.forget()
    return json_response(Ended(id=session), 200, {"set-cookie": _cookie(asked.http, "", 0)})


async def change_password(api: Api, asked: Asked) -> Response:
    _own(asked)
    given = await asked.body(NewPassword)
    refuse_name(given.password, asked.principal.name)
    comer = find_comer(asked.http, api.settings.gateways)
    try:
        account, proved = await prove(api, asked, asked.principal.name, given.current, comer)
    except WrongPassword:
        raise Invalid(
            "This is not your password.", pointer="/current", mend="write the one you signed in with"
        ) from None
    with asked.paused():
        password = await api.passwords.hash(given.password)
    name = asked.principal.name
    opened = await api.sessions.open(account, comer, name=name, proved=proved, password=password, ends_others=True)
    return signed_in(api, asked, opened, 200)


async def list_own(api: Api, asked: Asked) -> Response:
    found = await api.sessions.listed(asked.principal.id, asked.principal.session)
    return json_response(SessionList(items=found))


async def end(api: Api, asked: Asked) -> Response:
    return await end_own(api, asked, asked.session, api.sessions.end)


def _own(asked: Asked) -> str:
    if not asked.principal.session:
        raise Conflict(
            "This request came with a token, not with a session.", "send the cookie of a session, and no token"
        )
    return asked.principal.session


def _cookie(http: Request, secret: str, keep_s: int) -> str:
    return cookie_header(cookie_name(http.headers.get("host", ""), http.scope["scheme"]), secret, keep_s)


ENDPOINTS = (
    Endpoint(
        "POST",
        f"{V1}/session",
        "signIn",
        "Sign in; repeated, it opens another session",
        sign_in,
        Answer(201, Session, "Signed in, in place of the session that the request came with.", EXAMPLE, ["Set-Cookie"]),
        problems=[401, 429, 503],
        body=SignIn,
        body_example={"name": "Ada", "password": "correct horse battery staple"},
        needs=None,
    ),
    Endpoint(
        "GET",
        f"{V1}/session",
        "showSession",
        "See who is signed in, and what they may do",
        show,
        Answer(200, Session, "Who asks.", EXAMPLE),
        checks_itself=True,
    ),
    Endpoint(
        "DELETE",
        f"{V1}/session",
        "signOut",
        "Sign out",
        sign_out,
        Answer(200, Ended, "The session has ended.", {"id": _RECORD["id"]}, ["Set-Cookie"]),
        problems=[404, 409],
        checks_itself=True,
    ),
    Endpoint(
        "PUT",
        f"{V1}/session/password",
        "changePassword",
        "Change one's password; all other sessions end",
        change_password,
        Answer(200, Session, "Signed in anew, with the new password.", EXAMPLE, ["Set-Cookie"]),
        problems=[409, 429],
        body=NewPassword,
        body_example={"current": "correct horse battery staple", "password": "four quiet otters knitting"},
        checks_itself=True,
    ),
    Endpoint(
        "GET",
        f"{V1}/sessions",
        "listSessions",
        "List one's own sessions",
        list_own,
        Answer(200, SessionList, "Sessions, the newest first.", {"items": [_RECORD], "next": None}),
        checks_itself=True,
    ),
    Endpoint(
        "DELETE",
        f"{V1}/sessions/{{session}}",
        "endSession",
        "End one of one's own sessions",
        end,
        Answer(200, Ended, "The session has ended.", {"id": _RECORD["id"]}),
        problems=[404],
        checks_itself=True,
    ),
)
