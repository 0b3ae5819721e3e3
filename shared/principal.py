"""Whoever asks, and what they may do."""

import msgspec

from shared.roles import EVERYWHERE, PERMISSIONS, Permission, permits

# The first administrator: known by token alone, without an account.
ADMINISTRATOR = "admin"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever asks.

    Attributes:
        id: stable; what idempotency keys and records hang on.
        roles: site, or `*` for every site, -> role.
        name: how people call them; the id where there is no other name.
        within: roles of a token's maker now: the token can do no more; None where nothing limits it.
        via: how they come: "session", or the token's name.
        session: id of their session, "" where a token was sent.
        ends_at: when what they come with ends in any case, milliseconds since the epoch; 0 where it does not.
    """

    id: str
    roles: dict[str, str] = {}
    name: str = ""
    within: dict[str, str] | None = None
    via: str = ""
    session: str = ""
    ends_at: int = 0

    def may(self, permission: Permission, site: str = EVERYWHERE) -> bool:
        """Whether they may do something.

        Args:
            site: slug; `*` for what concerns no single site.
        """
        is_within = self.within is None or permits(self.within, permission, site)
        return is_within and permits(self.roles, permission, site)

    @property
    def places(self) -> list[str]:
        """Sites on which they hold a role, and `*` where they hold one on every site; by name."""
        return sorted({*self.roles, *(self.within or ())})

    def permissions(self) -> dict[str, list[Permission]]:
        """Everything they may do: site, or `*`, -> permissions."""
        return {place: [allowed for allowed in PERMISSIONS if self.may(allowed, place)] for place in self.places}
