"""One's own API tokens: for programs, each with a role no wider than its maker's."""

from typing import Annotated

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed, once_more
from services.api.ended import Ended, end_own
from services.api.endpoint import V1, Answer, Endpoint
from shared.accounts.audit import now_ms
from shared.accounts.records import MOST_PLACES, TokenRecord
from shared.accounts.tokens import AskedToken
from shared.config import Slug
from shared.errors import Forbidden
from shared.http import json_response
from shared.principal import ADMINISTRATOR, Principal
from shared.roles import EVERYWHERE, PERMISSIONS, ROLES, Role
from shared.widgets.texts import Label

MOST_DAYS = 366

_EXAMPLE = {
    "id": "19b7a1c2e40a1b2c3",
    "name": "nightly import",
    "roles": {"acme": "editor"},
    "created_at": 1767225600000,
    "expires_at": 1775001600000,
    "used_at": 0,
    "last": "x7Qa",
}

Sites = Annotated[tuple[Slug, ...], msgspec.Meta(min_length=1, max_length=MOST_PLACES, description="slugs of sites")]
Days = Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS, description="days")]


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A token to make.

    Attributes:
        name: what it is for.
        role: what it may do; no more than its maker may, now and whenever it is used.
        sites: where; every site where none is given.
        expires_in_days: how long it lasts.
    """

    name: Label
    role: Role
    sites: Sites | None = None
    expires_in_days: Days = 90


class TokenShown(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was made.

    Attributes:
        token: the secret, shown this once.
        id, name, roles, created_at, expires_at, last: as in the list.
    """

    token: str
    id: str
    name: str
    roles: dict[str, str]
    created_at: int
    expires_at: int
    last: str


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """An account's tokens.

    Attributes:
        items: the newest first.
        next: always null: there are few.
    """

    items: list[TokenRecord]
    next: None = None


async def make(api: Api, asked: Asked) -> Response:
    principal, new = asked.principal, await asked.body(NewToken)
    _check_maker(principal)
    roles: dict[str, str] = dict.fromkeys(new.sites or (EVERYWHERE,), new.role)
    _check_scope(principal, roles, new.role)
    request = asked.change(msgspec.json.encode([new.name, sorted(roles.items()), new.expires_in_days]))
    wanted, at = AskedToken(new.name, roles, new.expires_in_days), now_ms()
    made = await once_more(lambda: api.api_tokens.make(principal.id, wanted, at, request))
    asked.target = made.record.id
    told = {name: value for name, value in msgspec.structs.asdict(made.record).items() if name != "used_at"}
    return changed(TokenShown(token=made.secret, **told), 201, location=None, replayed=made.replayed)


def _check_maker(principal: Principal) -> None:
    """Refuse whoever comes with a token made here: one that leaked would live on in those that it made.

    Raises:
        Forbidden: they do.
    """
    is_administrator = principal.id == ADMINISTRATOR and not principal.ends_at
    if not principal.session and not is_administrator:
        raise Forbidden("A token cannot make tokens.", "sign in, or use the first administrator's token")


def _check_scope(principal: Principal, roles: dict[str, str], role: Role) -> None:
    """Raises: Forbidden, where a token could do more than its maker."""
    for place in roles:
        for permission in PERMISSIONS:
            if permission in ROLES[role] and not principal.may(permission, place):
                where = "on every site" if place == EVERYWHERE else f"on {place}"
                mend = "choose a role and sites that are no wider than your own"
                raise Forbidden(f"{principal.name} is not {role} {where}.", mend).at("/role")


async def list_own(api: Api, asked: Asked) -> Response:
    return json_response(TokenList(items=await api.api_tokens.listed(asked.principal.id)))


async def revoke(api: Api, asked: Asked) -> Response:
    return await end_own(api, asked, asked.token, api.api_tokens.revoke)


_SHOWN = {name: value for name, value in _EXAMPLE.items() if name != "used_at"}

ENDPOINTS = (
    Endpoint(
        "GET",
        f"{V1}/tokens",
        "listTokens",
        "List one's own API tokens",
        list_own,
        Answer(200, TokenList, "Tokens, the newest first.", {"items": [_EXAMPLE], "next": None}),
        checks_itself=True,
    ),
    Endpoint(
        "POST",
        f"{V1}/tokens",
        "makeToken",
        "Make an API token; a replay gives it a new secret in place of the first",
        make,
        Answer(
            201,
            TokenShown,
            "The token, whose secret is shown once.",
            {"token": "platen_Xk3vJ0yq7c2mS1n8Rw5tB4zL6pD9hG0aQeUiOoYx7Qa", **_SHOWN},
        ),
        problems=[404, 409],
        body=NewToken,
        body_example={"name": "nightly import", "role": "editor", "sites": ["acme"], "expires_in_days": 90},
        checks_itself=True,
    ),
    Endpoint(
        "DELETE",
        f"{V1}/tokens/{{token}}",
        "revokeToken",
        "Revoke one of one's own API tokens",
        revoke,
        Answer(200, Ended, "The token is gone.", {"id": _EXAMPLE["id"]}),
        problems=[404],
        checks_itself=True,
    ),
)
