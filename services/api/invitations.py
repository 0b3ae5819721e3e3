"""Invitations: whoever has the code looks at one, and accepts it by choosing a password.

Codes travel in bodies alone, so they are in no address and in no log.
"""

from typing import Annotated

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import once_more
from services.api.comer import find_comer
from services.api.endpoint import V1, Answer, Endpoint
from services.api.session import EXAMPLE, Session, signed_in
from shared.accounts.passwords import Password, refuse_name
from shared.accounts.records import NAME_MEND, Account, AccountName
from shared.credentials import digest
from shared.errors import Invalid, WrongPassword
from shared.http import json_response
from shared.idempotency import Request

_CODE = "Xk3vJ0yq7c2mS1n8Rw5tB4zL6pD9hG0aQeUiOoYfTsM"

Code = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,128}$(?!\n)", description="what stands behind # in the link")
]


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which invitation to look at.

    Attributes:
        code: its code.
    """

    code: Code


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an invitation is accepted.

    Attributes:
        code: its code.
        name: of the first administrator, who chooses it; any other account has one.
        password: what to sign in with from now on.
    """

    code: Code
    name: AccountName | None = None
    password: Password


class InvitationSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation, as whoever has its code sees it.

    Attributes:
        name: of the account, "" where it is to be chosen.
        is_first: whether it makes the first administrator.
        expires_at: milliseconds since the epoch, UTC.
    """

    name: str
    is_first: bool
    expires_at: int


async def look(api: Api, asked: Asked) -> Response:
    found = await api.invitations.look((await asked.body(Look)).code)
    is_first = not found.account
    return json_response(InvitationSeen(name=found.name, is_first=is_first, expires_at=found.expires_at))


async def accept(api: Api, asked: Asked) -> Response:
    given = await asked.body(Acceptance)
    request = asked.change(given.code.encode(), (given.name or "").encode())._replace(scope=digest(given.code))
    found = await api.invitations.find(given.code, request)
    if found is None:
        return await _accept_again(api, asked, given, request)
    if not found.account and given.name is None:
        raise Invalid("The first administrator has no name yet.", pointer="/name", mend=f"add name: {NAME_MEND}")
    name = given.name or found.name
    refuse_name(given.password, name)
    with asked.paused():
        password = await api.passwords.hash(given.password)
    accepted = await once_more(lambda: api.invitations.accept(given.code, name, password, request))
    return await _signed_in(api, asked, accepted.account, password)


async def _accept_again(api: Api, asked: Asked, given: Acceptance, request: Request) -> Response:
    """The same request once more: the invitation is gone, and whoever sent it knows the password that they chose."""
    accepted = await api.invitations.accept(given.code, "", "", request)
    stored = await api.sessions.password_of(accepted.account.id)
    with asked.paused():
        is_right = await api.passwords.is_right(given.password, stored)
    if not is_right:
        raise WrongPassword
    return await _signed_in(api, asked, accepted.account, stored)


async def _signed_in(api: Api, asked: Asked, account: Account, proved: str) -> Response:
    comer = find_comer(asked.http, api.settings.gateways)
    opened = await api.sessions.open(account.id, comer, name=account.name, proved=proved)
    return signed_in(api, asked, opened, 201)


ENDPOINTS = (
    Endpoint(
        "POST",
        f"{V1}/invitations/look",
        "lookAtInvitation",
        "Look at an invitation",
        look,
        Answer(
            200,
            InvitationSeen,
            "The invitation counts.",
            {"name": "Ada", "is_first": False, "expires_at": 1767830400000},
        ),
        problems=[404, 503],
        body=Look,
        body_example={"code": _CODE},
        needs=None,
        only_looks=True,
    ),
    Endpoint(
        "POST",
        f"{V1}/invitations/accept",
        "acceptInvitation",
        "Accept an invitation: choose a password, and be signed in",
        accept,
        Answer(201, Session, "Signed in; all earlier sessions of the account have ended.", EXAMPLE, ["Set-Cookie"]),
        problems=[401, 404, 503],
        body=Acceptance,
        body_example={"code": _CODE, "name": "Ada", "password": "correct horse battery staple"},
        needs=None,
    ),
)
