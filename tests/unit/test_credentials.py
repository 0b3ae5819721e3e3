"""What a request comes with: a token, a cookie, both, or neither."""

import pytest
from starlette.datastructures import Headers

from shared.credentials import COOKIE, cookie_header, digest, find_credential, find_session, is_loopback, new_token
from shared.errors import Unauthenticated

SECRET = "a" * 43


def test_a_token_has_256_bits_and_a_prefix() -> None:
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(token.startswith("platen_") and len(token) == 50 for token in tokens)


def test_of_both_the_token_counts() -> None:
    headers = Headers({"authorization": "Bearer t", "cookie": f"{COOKIE}={SECRET}", "host": "console.example.com"})

    assert find_credential(headers, "http") == ("token", digest("t"))


def test_a_cookie_stands_among_others() -> None:
    headers = Headers({"cookie": f"a=b; {COOKIE}={SECRET};c", "host": "console.example.com"})

    assert find_credential(headers, "https") == ("session", digest(SECRET))


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "platen=" + SECRET,
        f"{COOKIE}=",
        f"{COOKIE}=short",
        f"{COOKIE}={SECRET}; {COOKIE}={'b' * 43}",
        f"{COOKIE}={SECRET}é",
        f"{COOKIE}={'a' * 129}",
        f"x{COOKIE}={SECRET}",
    ],
)
def test_what_is_no_single_cookie_of_ours_is_none(cookie: str) -> None:
    headers = Headers(raw=[(b"cookie", cookie.encode("latin-1")), (b"host", b"console.example.com")])

    assert find_session(headers, "http") is None
    with pytest.raises(Unauthenticated):
        find_credential(headers, "http")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "app.localhost", "127.0.0.1", "127.1.2.3:1", "[::1]:8000"]
)
def test_these_hosts_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "localhost.example.com", "10.0.0.1", "notlocalhost", "127.0.0.1.example.com"]
)
def test_these_are_not(host: str) -> None:
    assert not is_loopback(host)


def test_taking_a_cookie_away_names_the_same_path() -> None:
    assert cookie_header(COOKIE, "", 0) == f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"
