"""Accounts: who there is, what each may do, and links to join or to choose a new password."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked, is_slug
from services.api.changing import changed, once_more
from services.api.ended import Ended
from services.api.endpoint import V1, Answer, Endpoint
from shared.accounts.accounts import Invited
from shared.accounts.invitations import PATH
from shared.accounts.records import Account, AccountName, Roles
from shared.config import SLUG_MEND
from shared.errors import Conflict, IdempotencyMismatch, Invalid
from shared.http import json_response
from shared.roles import EVERYWHERE

EXAMPLE = {
    "id": "5d41c07b9a21",
    "name": "Ada",
    "roles": {"acme": "publisher"},
    "created_at": 1767225600000,
    "joined_at": 1767229200000,
}
LINK_EXAMPLE = {
    "path": "/-/editor/invitation#Xk3vJ0yq7c2mS1n8Rw5tB4zL6pD9hG0aQeUiOoYfTsM",
    "expires_at": 1767830400000,
}


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An account to make.

    Attributes:
        name: how people call them, and what they sign in with.
        roles: what they may do.
    """

    name: AccountName
    roles: Roles = {}


class NewRoles(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The roles an account shall have, in place of those it has.

    Attributes:
        roles: none takes all away.
    """

    roles: Roles


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link that lets whoever has it choose the account's password, once.

    Attributes:
        path: to be opened under Platen's own address; what stands behind # is the secret.
        expires_at: milliseconds since the epoch, UTC.
    """

    path: str
    expires_at: int


class InvitedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account, and the link to pass on to whoever it is for.

    Attributes:
        account: the account.
        invitation: shown once; null where the account was in use already.
    """

    account: Account
    invitation: Link | None


class AccountList(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts by name.

    Attributes:
        items: the accounts.
        next: cursor of what follows, null at the end.
    """

    items: list[Account]
    next: str | None


def link_of(invited: Invited) -> Link | None:
    """The link of an invitation that was made just now."""
    if not invited.code or not invited.expires_at:
        return None
    return Link(path=PATH + invited.code, expires_at=invited.expires_at)


def check_places(roles: Mapping[str, str]) -> None:
    """Raises: Invalid, where a role is held on what is no site."""
    for place in roles:
        if place != EVERYWHERE and not is_slug(place):
            pointer = "/roles/" + place[:100].replace("~", "~0").replace("/", "~1")
            raise Invalid("This is not a site.", pointer=pointer, mend=f"{SLUG_MEND}, or * for every site")


async def add(api: Api, asked: Asked) -> Response:
    new = await asked.body(NewAccount)
    check_places(new.roles)
    request = asked.change(msgspec.json.encode([new.name, sorted(new.roles.items())]))
    try:
        invited = await once_more(lambda: api.accounts.add(new.name, dict(new.roles), request))
    except IdempotencyMismatch:
        raise
    except Conflict as error:
        raise error.at("/name") from None
    asked.target_name = invited.account.name
    location = f"{V1}/accounts/{invited.account.id}"
    made = InvitedAccount(account=invited.account, invitation=link_of(invited))
    return changed(made, 201, location=location, replayed=invited.replayed)


async def list_all(api: Api, asked: Asked) -> Response:
    found = await api.accounts.listed(asked.after_name, asked.limit)
    return json_response(AccountList(items=found.items, next=found.after or None))


async def show(api: Api, asked: Asked) -> Response:
    return json_response(await api.accounts.account(asked.account))


async def set_roles(api: Api, asked: Asked) -> Response:
    account, new = asked.account, await asked.body(NewRoles)
    check_places(new.roles)
    given = await once_more(lambda: api.accounts.set_roles(account, dict(new.roles)))
    asked.target_name = given.name
    api.tokens.forget()
    return json_response(given)


async def invite(api: Api, asked: Asked) -> Response:
    account = asked.account
    invited = await once_more(lambda: api.accounts.invite(account))
    asked.target_name = invited.account.name
    return json_response(InvitedAccount(account=invited.account, invitation=link_of(invited)), 201)


async def remove(api: Api, asked: Asked) -> Response:
    account, request = asked.account, asked.change()
    removed, is_replayed = await once_more(lambda: api.accounts.remove(account, request))
    asked.target_name = removed.name if removed else ""
    api.tokens.forget()
    return changed(Ended(id=account), 200, location=None, replayed=is_replayed)


_INVITED_EXAMPLE = {"account": EXAMPLE | {"joined_at": 0}, "invitation": LINK_EXAMPLE}

ENDPOINTS = (
    Endpoint(
        "GET",
        f"{V1}/accounts",
        "listAccounts",
        "List the accounts",
        list_all,
        Answer(200, AccountList, "Accounts by name.", {"items": [EXAMPLE], "next": None}),
        listed_by="text",
        needs="administer",
    ),
    Endpoint(
        "POST",
        f"{V1}/accounts",
        "addAccount",
        "Make an account, and a link to join; a replay makes a new link",
        add,
        Answer(201, InvitedAccount, "The account, and the link that is shown once.", _INVITED_EXAMPLE, ["Location"]),
        problems=[409],
        body=NewAccount,
        body_example={"name": "Ada", "roles": {"acme": "publisher"}},
        needs="administer",
    ),
    Endpoint(
        "GET",
        f"{V1}/accounts/{{account}}",
        "showAccount",
        "Look at an account",
        show,
        Answer(200, Account, "The account.", EXAMPLE),
        problems=[404],
        needs="administer",
    ),
    Endpoint(
        "DELETE",
        f"{V1}/accounts/{{account}}",
        "removeAccount",
        "Remove an account; its sessions and tokens end",
        remove,
        Answer(200, Ended, "The account is gone.", {"id": EXAMPLE["id"]}),
        problems=[404, 409],
        needs="administer",
    ),
    Endpoint(
        "PUT",
        f"{V1}/accounts/{{account}}/roles",
        "setRoles",
        "Set what an account may do",
        set_roles,
        Answer(200, Account, "The account with its roles; they count within five seconds everywhere.", EXAMPLE),
        problems=[404, 409],
        body=NewRoles,
        body_example={"roles": {"acme": "publisher"}},
        needs="administer",
    ),
    Endpoint(
        "POST",
        f"{V1}/accounts/{{account}}/invitation",
        "inviteAccount",
        "Make a new link, to join or to choose a new password; earlier links of the account no longer count",
        invite,
        Answer(201, InvitedAccount, "The link, which is shown once.", _INVITED_EXAMPLE),
        problems=[404],
        needs="administer",
    ),
)
