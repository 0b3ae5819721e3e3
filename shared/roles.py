"""Who may do what: one table, from which the api decides, the app shows what it shows, and the tests are made.

A role is held on a site, or on every site (`*`). Roles add up: whoever is an editor everywhere and a publisher on one
site may publish there.
"""

from collections.abc import Mapping
from typing import Literal

Role = Literal["viewer", "editor", "publisher", "operator", "admin"]
Permission = Literal["look", "draft", "publish", "manage", "operate", "administer"]

EVERYWHERE = "*"

# What each permission lets somebody do, for people.
PERMISSIONS: Mapping[Permission, str] = {
    "look": "see pages, versions and how publications go",
    "draft": "edit drafts, preview them and save versions",
    "publish": "publish, schedule, roll back and take pages off",
    "manage": "set a site's hostnames, members and defaults, and move its pages",
    "operate": "see builders, servers and dead letters, rebuild sites, hold builders",
    "administer": "create sites and accounts, and read the whole audit log",
}

ROLES: Mapping[Role, frozenset[Permission]] = {
    "viewer": frozenset({"look"}),
    "editor": frozenset({"look", "draft"}),
    "publisher": frozenset({"look", "draft", "publish"}),
    "operator": frozenset({"look", "operate"}),
    "admin": frozenset(PERMISSIONS),
}


def permits(roles: Mapping[str, str], permission: Permission, site: str) -> bool:
    """Whether roles let somebody do something.

    Args:
        roles: site, or `*`, -> role; a role that is not known permits nothing.
        site: slug, or `*` for what concerns no single site.
    """
    held = {roles.get(EVERYWHERE), roles.get(site)}
    return any(permission in allowed for role, allowed in ROLES.items() if role in held)
