"""What is stored of accounts, and what is told of them."""

import unicodedata
from typing import Annotated, Literal

import msgspec

from shared.roles import Role

# Begins with a letter or a digit, so that no name is a step of a path, and has no slash in it.
_NAME = r"^[^\W_](?:[\w .@+'\u2019-]{0,62}[\w.@+'\u2019-])?$(?!\n)"
NAME_MEND = "use 1 to 64 letters, digits, spaces and . @ + - _ ', with a letter or a digit in front"
MOST_PLACES = 500

AccountName = Annotated[str, msgspec.Meta(pattern=_NAME, min_length=1, max_length=64, description=NAME_MEND)]
Roles = Annotated[
    dict[str, Role],
    msgspec.Meta(max_length=MOST_PLACES, description="site, or * for every site, and the role held there"),
]


def name_key(name: str) -> str:
    """A name as it is compared: two that look the same to most people are the same."""
    return unicodedata.normalize("NFKC", name).casefold()


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, for people.

    Attributes:
        id: stable; "" where nobody knows who it was.
        name: how people call them.
    """

    id: str
    name: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can sign in.

    Attributes:
        id: stable, never given again.
        name: how people call them; unique.
        roles: site, or `*` for every site, -> role.
        created_at: milliseconds since the epoch, UTC.
        joined_at: when they chose a password for the first time, 0 before.
    """

    id: str
    name: str
    roles: dict[str, str] = {}
    created_at: int
    joined_at: int = 0

    @property
    def who(self) -> Who:
        return Who(id=self.id, name=self.name)


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One session of an account.

    Attributes:
        id: names it; opens nothing.
        created_at: when somebody signed in, milliseconds since the epoch, UTC.
        seen_at: when it was used last, within a minute.
        ends_at: when it ends in any case.
        agent: how the browser called itself.
        is_current: whether it is the one that asks.
    """

    id: str
    created_at: int
    seen_at: int
    ends_at: int
    agent: str
    is_current: bool = False


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One API token of an account.

    Attributes:
        id: names it; opens nothing.
        name: what it is for.
        roles: site, or `*` for every site, -> role; its maker's roles limit them.
        created_at: milliseconds since the epoch, UTC.
        expires_at: when it ends.
        used_at: when it was used last, within ten minutes; 0 where it never was.
        last: the secret's last characters, by which its owner knows it.
    """

    id: str
    name: str
    roles: dict[str, str]
    created_at: int
    expires_at: int
    used_at: int
    last: str


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change, or one that was refused.

    Attributes:
        id: its place in the log.
        at: milliseconds since the epoch, UTC.
        who: who asked.
        via: "session", or the token's name; "" where nobody was known.
        action: the operation.
        site, page: slugs, "" where it is about none.
        target: what else it is about, such as an account's id.
        target_name: what it was called then, where it has a name beside its id; of entries that were written without,
            what the account is called now. "" where nobody knows.
        outcome: what became of it; a refusal of 503 may have been done all the same.
        status: HTTP status of the answer.
    """

    id: str = ""
    at: int
    who: Who
    via: str
    action: str
    site: str = ""
    page: str = ""
    target: str = ""
    target_name: str = ""
    outcome: Literal["done", "refused"]
    status: int
