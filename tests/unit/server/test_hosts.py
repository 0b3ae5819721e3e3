"""What a Host header says."""

import pytest

from shared.host import host_in, plain_host


@pytest.mark.parametrize(
    ("header", "plain"),
    [
        (b"www.example.com", b"www.example.com"),
        (b"WWW.Example.COM", b"www.example.com"),
        (b"www.example.com:8000", b"www.example.com"),
        (b"www.example.com.", b"www.example.com"),
        (b"www.example.com.:443", b"www.example.com"),
        (b"www.example.com:", b"www.example.com"),
        (b"127.0.0.1:8000", b"127.0.0.1"),
        (b"[::1]:8000", b"[::1]"),
        (b"www.example.com:80a", b"www.example.com:80a"),
        (b"", b""),
        (b":80", b":80"),
        (b"a" * 10_000, b""),
    ],
)
def test_case_port_and_last_dot_do_not_matter(header: bytes, plain: bytes) -> None:
    assert plain_host(header) == plain


def test_two_hosts_are_none() -> None:
    assert host_in([(b"host", b"a.example"), (b"accept", b"*/*")]) == b"a.example"
    assert host_in([(b"host", b"a.example"), (b"host", b"b.example")]) == b""
    assert host_in([]) == b""
