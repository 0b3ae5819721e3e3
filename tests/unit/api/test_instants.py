"""Instants in an address: with their offset, or in milliseconds, and nothing that could be another one."""

import pytest

from services.api.instants import read_instant

NINE_UTC_MS = 1_767_258_000_000


@pytest.mark.parametrize(
    "text",
    [
        "1767258000000",
        "2026-01-01T09:00:00Z",
        "2026-01-01T10:00:00+01:00",
        "2026-01-01T10:00:00 01:00",
        "2026-01-01T10:00+0100",
        "2026-01-01T04:00:00.000-05:00",
        "20260101T090000Z",
    ],
)
def test_an_instant_is_read_however_it_is_written(text: str) -> None:
    assert read_instant(text) == NINE_UTC_MS


def test_milliseconds_are_kept() -> None:
    assert read_instant("2026-01-01T09:00:00.123Z") == NINE_UTC_MS + 123


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2026-01-01", "2026-01-01T09:00:00", "1969-12-31T23:59:59Z", "-5", "1e3", "٣"),
        *("9" * 15, "9" * 16, "T" * 99, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59:59Z"),
    ],
)
def test_what_could_be_another_instant_is_none(text: str) -> None:
    assert read_instant(text) is None
