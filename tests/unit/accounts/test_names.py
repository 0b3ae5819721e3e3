"""Names of accounts: what can be one, and which two are the same."""

import msgspec
import pytest

from shared.accounts.records import AccountName, name_key


@pytest.mark.parametrize("name", ["Ada", "ada.lovelace@example.com", "Zoë O'Hara", "A", "李小龍", "a" * 64])
def test_what_people_are_called_can_be_a_name(name: str) -> None:
    assert msgspec.convert(name, AccountName) == name


@pytest.mark.parametrize(
    "name", ["", " Ada", "Ada ", ".", "..", "a/b", "a\nb", "Ada\n", "a\x00b", "a" * 65, "\u202eadA", "_a"]
)
def test_what_poses_as_something_else_is_no_name(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name, AccountName)


@pytest.mark.parametrize("other", ["ADA", "ada", "\uff21\uff24\uff21"])
def test_names_that_look_the_same_are_the_same(other: str) -> None:
    assert name_key(other) == name_key("Ada")
