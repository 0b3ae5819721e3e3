"""The one table of who may do what."""

import pytest

from shared.roles import EVERYWHERE, PERMISSIONS, ROLES, permits


def test_an_administrator_may_do_everything_and_nobody_else_may_administer() -> None:
    assert ROLES["admin"] == frozenset(PERMISSIONS)
    assert [role for role, permissions in ROLES.items() if "administer" in permissions] == ["admin"]


def test_whoever_has_a_role_may_look() -> None:
    assert all("look" in permissions for permissions in ROLES.values())


@pytest.mark.parametrize("site", ["acme", "other", EVERYWHERE])
def test_a_role_on_a_site_counts_there_alone(site: str) -> None:
    assert permits({"acme": "publisher"}, "publish", site) == (site == "acme")


@pytest.mark.parametrize("site", ["acme", EVERYWHERE])
def test_a_role_everywhere_counts_on_every_site(site: str) -> None:
    assert permits({EVERYWHERE: "publisher"}, "publish", site)


def test_roles_add_up() -> None:
    roles = {EVERYWHERE: "operator", "acme": "editor"}

    assert permits(roles, "draft", "acme")
    assert permits(roles, "operate", "acme")
    assert not permits(roles, "draft", "other")
    assert not permits(roles, "publish", "acme")


def test_a_role_that_is_not_known_permits_nothing() -> None:
    assert not permits({"acme": "owner"}, "look", "acme")
    assert not permits({}, "look", "acme")
