"""Which page an address names."""

import pytest

from services.server.memory import PageName
from services.server.pages import Redirect, find_page


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/acme", PageName("acme", "index")),
        ("/acme/spring", PageName("acme", "spring")),
        ("/acme/", Redirect("/acme")),
        ("/acme/spring/", Redirect("/acme/spring")),
        ("/acme/index", Redirect("/acme")),
        ("/", None),
        ("//", None),
        ("//evil.example", None),
        ("/acme//", None),
        ("/acme/../x", None),
        ("/Acme", None),
        ("/acme/spring/more", None),
        ("/acme/spring sale", None),
        ("/acme/\n", None),
        ("/acme\n", None),
        ("/" + "a" * 64, None),
        ("/-", None),
        ("/a-", None),
    ],
)
def test_an_address_names_one_page_or_none(path: str, expected: object) -> None:
    assert find_page(path) == expected
