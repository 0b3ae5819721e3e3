"""Members of a site: who holds a role on it."""

import msgspec
from starlette.responses import Response

from services.api.accounts import LINK_EXAMPLE, Link, link_of
from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed, once_more
from services.api.endpoint import V1, Answer, Endpoint
from shared.accounts.records import Account, Who
from shared.http import json_response
from shared.roles import Role

_EXAMPLE = {"account": {"id": "5d41c07b9a21", "name": "Ada"}, "role": "publisher"}


class NewMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody shall be on a site.

    Attributes:
        role: in place of the one they hold there, if any.
    """

    role: Role


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who holds a role on a site.

    Attributes:
        account: who.
        role: what they are there; a role on every site adds to it.
    """

    account: Who
    role: str


class MemberList(msgspec.Struct, frozen=True, kw_only=True):
    """Members of a site, by name. Who holds a role on every site is not among them.

    Attributes:
        items: the members.
    """

    items: list[Member]


class MemberSet(msgspec.Struct, frozen=True, kw_only=True):
    """A member, and the link to pass on where the account is new.

    Attributes:
        member: who, and what they are.
        invitation: shown once; null where the account was there already.
    """

    member: Member
    invitation: Link | None


def _member(account: Account, role: str) -> Member:
    return Member(account=account.who, role=role)


async def list_all(api: Api, asked: Asked) -> Response:
    site = (await api.sites.show(asked.site)).slug
    accounts = await api.accounts.members(site)
    return json_response(MemberList(items=[_member(account, account.roles[site]) for account in accounts]))


async def set_one(api: Api, asked: Asked) -> Response:
    name, role = asked.name, (await asked.body(NewMember)).role
    site = (await api.sites.show(asked.site)).slug
    invited = await once_more(lambda: api.accounts.set_member(site, name, role))
    api.tokens.forget()
    return json_response(MemberSet(member=_member(invited.account, role), invitation=link_of(invited)))


async def remove(api: Api, asked: Asked) -> Response:
    site, name, request = asked.site, asked.name, asked.change()
    account, is_replayed = await once_more(lambda: api.accounts.remove_member(site, name, request))
    api.tokens.forget()
    return changed(account.who, 200, location=None, replayed=is_replayed)


ENDPOINTS = (
    Endpoint(
        "GET",
        f"{V1}/sites/{{site}}/members",
        "listMembers",
        "List the members of a site",
        list_all,
        Answer(200, MemberList, "Members by name.", {"items": [_EXAMPLE]}),
        problems=[404],
        needs="manage",
    ),
    Endpoint(
        "PUT",
        f"{V1}/sites/{{site}}/members/{{name}}",
        "setMember",
        "Give somebody a role on a site; an account is made where there is none of this name",
        set_one,
        Answer(
            200,
            MemberSet,
            "The member, and the link to join where the account is new.",
            {"member": _EXAMPLE, "invitation": LINK_EXAMPLE},
        ),
        problems=[404, 409],
        body=NewMember,
        body_example={"role": "publisher"},
        needs="manage",
    ),
    Endpoint(
        "DELETE",
        f"{V1}/sites/{{site}}/members/{{name}}",
        "removeMember",
        "Take away somebody's role on a site; the account stays",
        remove,
        Answer(200, Who, "Who is no longer a member.", {"id": "5d41c07b9a21", "name": "Ada"}),
        problems=[404],
        needs="manage",
    ),
)
