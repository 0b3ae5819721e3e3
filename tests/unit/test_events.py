"""Events: one union, there and back, and what comes from the future."""

import msgspec
import pytest

from shared.errors import Undecodable
from shared.events import PageBuilt, UnknownEvent, decode_event, encode_event

BUILT = PageBuilt(site="acme", page="spring", seq=3, version=2, state="live", at=1, etag="e", size=5)


def test_an_event_comes_back_as_it_went() -> None:
    assert decode_event(encode_event(BUILT)) == BUILT


def test_fields_that_a_newer_platen_adds_are_ignored() -> None:
    fields = msgspec.json.decode(encode_event(BUILT))

    assert decode_event(msgspec.json.encode({**fields, "shiny": {"new": [1]}})) == BUILT


def test_a_type_from_the_future_is_unknown_and_no_error() -> None:
    event = decode_event(b'{"type":"page-teleported","site":"acme","page":"spring"}')

    assert isinstance(event, UnknownEvent)
    assert (event.type, event.site, event.page) == ("page-teleported", "acme", "spring")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b'{"type":"page-built"}', b"[" * 100_000, b'{"type":1}'])
def test_bytes_that_are_no_event_are_told_apart(data: bytes) -> None:
    with pytest.raises(Undecodable):
        decode_event(data)
