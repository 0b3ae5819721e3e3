"""Which page an address names, on the shared host and on a hostname of a site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.server.addresses import Redirect, find_page, path_of, site_in
from services.server.memory import PageName

HOME, SPRING = PageName("acme", "index"), PageName("acme", "spring")


@pytest.mark.parametrize(
    ("path", "shared", "own"),
    [
        ("/", None, HOME),
        ("/acme", HOME, PageName("acme", "acme")),
        ("/acme/spring", SPRING, None),
        ("/spring", PageName("spring", "index"), SPRING),
        ("/index", PageName("index", "index"), Redirect("/", HOME)),
        ("/index/", Redirect("/index", PageName("index", "index")), Redirect("/", HOME)),
        ("/acme/", Redirect("/acme", HOME), Redirect("/acme", PageName("acme", "acme"))),
        ("/acme/spring/", Redirect("/acme/spring", SPRING), None),
        ("/acme/index", Redirect("/acme", HOME), None),
        ("/acme/index/", Redirect("/acme", HOME), None),
        ("/Acme", Redirect("/acme", HOME, is_guess=True), Redirect("/acme", PageName("acme", "acme"), is_guess=True)),
        ("/acme/SPRING/", Redirect("/acme/spring", SPRING, is_guess=True), None),
        ("/%61cme", Redirect("/acme", HOME), Redirect("/acme", PageName("acme", "acme"))),
        ("/acme/%73pring", Redirect("/acme/spring", SPRING), None),
        ("/acme/%53pring", Redirect("/acme/spring", SPRING, is_guess=True), None),
        ("/acme%2Fspring", None, None),
        ("/acme/a%2fb", None, None),
        ("/acme%2f", None, None),
        ("/acme/spring//", None, None),
        ("//", None, None),
        ("//evil.example", None, None),
        ("/acme//", None, None),
        ("/acme/../x", None, None),
        ("/acme/%2e%2e", None, None),
        ("/./acme", None, None),
        ("/acme/.", None, None),
        ("/acme/spring/more", None, None),
        ("/acme/spring sale", None, None),
        ("/acme/spring%20sale", None, None),
        ("/acme%0A", None, None),
        ("/acme/%00", None, None),
        ("/acme\n", None, None),
        ("/%E2%84%AAey", None, None),  # the Kelvin sign, whose small letter is a plain k
        ("/caf%C3%A9", None, None),
        ("/%C4", None, None),
        ("/%", None, None),
        ("/acme%", None, None),
        ("/" + "a" * 64, None, None),
        ("/-", None, None),
        ("/a-", None, None),
    ],
)
def test_an_address_names_one_page_or_none(path: str, shared: object, own: object) -> None:
    assert find_page(None, path) == shared
    assert find_page("acme", path) == own


SLUGS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@given(SLUGS, SLUGS, st.booleans())
def test_a_page_is_found_at_its_address_and_nowhere_else(site: str, page: str, is_own_host: bool) -> None:
    host, name = (site if is_own_host else None), PageName(site, page)

    path = path_of(host, name)

    assert find_page(host, path) == name


@given(st.text(max_size=30), st.sampled_from([None, "acme"]))
def test_a_redirect_leads_to_the_page_that_it_names(path: str, site: str | None) -> None:
    found = find_page(site, f"/{path}")

    if isinstance(found, Redirect):
        assert find_page(site, found.location) == found.name
        assert not found.location.startswith("//")


def test_what_lies_below_a_site_is_known_also_where_no_page_is() -> None:
    assert site_in(None, "/acme/a_b") == "acme"
    assert site_in("globex", "/acme/a_b") == "globex"
    assert site_in(None, "/a_b/c") is None
    assert site_in(None, "/") is None
