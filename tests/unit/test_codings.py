"""Content codings: what a header means, and what it costs to read. The table of headers is tried over HTTP."""

import gzip
import struct
import time

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.codings import LARGE_BYTES, PREFERENCE, accepted_codings, encode

_WORDS = [
    b"br",
    b"zstd",
    b"gzip",
    b"x-gzip",
    b"identity",
    b"*",
    b"deflate",
    b";q=0",
    b";q=0.5",
    b";q=1",
    b",",
    b" ",
    b";",
]


@given(st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(_WORDS), max_size=20).map(b"".join)))
def test_nothing_a_caller_sends_is_too_odd_to_rank(field: bytes) -> None:
    codings = accepted_codings(field)

    assert len(set(codings)) == len(codings)
    assert set(codings) <= set(PREFERENCE)


@pytest.mark.parametrize("piece", [b"br,", b"br;q=0.5,", b",", b" ", b"x", b"br ;", b";q=", b"\t;\t"])
def test_a_field_of_any_length_is_read_at_once(piece: bytes) -> None:
    began = time.process_time()
    for length in (1_000, 1_000_000):
        accepted_codings(piece * (length // len(piece)))

    assert time.process_time() - began < 0.1


@pytest.mark.parametrize("length", [0, 1, 10_000, LARGE_BYTES + 1])
def test_a_coded_page_comes_back_as_it_was_and_says_nothing_of_the_time(length: int) -> None:
    page = (b"<p>spring</p>" * (length // 13 + 1))[:length]

    assert brotli.decompress(encode("br", page)) == page
    coded = encode("gzip", page)
    assert gzip.decompress(coded) == page
    assert struct.unpack("<I", coded[4:8]) == (0,)
