"""Conditional requests, as RFC 9110 has them."""

import pytest

from services.server.conditional import http_date, is_not_modified

ETAG = '"abc"'
BUILT = 1_767_225_600_500
SAME = http_date(BUILT).encode()
BEFORE, AFTER = http_date(BUILT - 5_000).encode(), http_date(BUILT + 5_000).encode()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], False),
        ([(b"if-none-match", b'"abc"')], True),
        ([(b"if-none-match", b'W/"abc"')], True),
        ([(b"if-none-match", b'"abcd"')], False),
        ([(b"if-none-match", b"abc")], False),
        ([(b"if-none-match", b"*")], True),
        ([(b"if-none-match", b' "x" , "abc" ')], True),
        ([(b"if-none-match", b'"x",W/"abc"')], True),
        ([(b"if-none-match", b'"a,b","abc"')], True),
        ([(b"if-none-match", b'"a","b"')], False),
        ([(b"if-none-match", b'"x"'), (b"if-none-match", b'"abc"')], True),
        ([(b"if-none-match", b'"abc')], False),
        ([(b"if-none-match", b"")], False),
        ([(b"if-modified-since", SAME)], True),
        ([(b"if-modified-since", AFTER)], True),
        ([(b"if-modified-since", BEFORE)], False),
        ([(b"if-modified-since", b"yesterday")], False),
        ([(b"if-none-match", b'"x"'), (b"if-modified-since", AFTER)], False),
        ([(b"if-none-match", b'"abc"'), (b"if-modified-since", BEFORE)], True),
    ],
)
def test_a_caller_who_has_the_bytes_is_told_so(headers: list[tuple[bytes, bytes]], expected: bool) -> None:
    assert is_not_modified(headers, ETAG, BUILT) is expected
