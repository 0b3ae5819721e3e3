"""Local times: what the clocks of three zones leave out and show twice, and everything else."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.zones import instant_of, zones

# Zone, a time that is left out, and the nearest before and after it.
LEFT_OUT = [
    ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:59", "2026-03-29T03:00"),
    ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:59", "2026-03-29T03:00"),
    ("Europe/Berlin", "2026-03-29T02:59:59", "2026-03-29T01:59", "2026-03-29T03:00"),
    ("America/New_York", "2027-03-14T02:00", "2027-03-14T01:59", "2027-03-14T03:00"),
    ("America/New_York", "2027-03-14T02:45", "2027-03-14T01:59", "2027-03-14T03:00"),
    # Half an hour only, and in October.
    ("Australia/Lord_Howe", "2026-10-04T02:00", "2026-10-04T01:59", "2026-10-04T02:30"),
    ("Australia/Lord_Howe", "2026-10-04T02:29", "2026-10-04T01:59", "2026-10-04T02:30"),
    # A whole day.
    ("Pacific/Apia", "2011-12-30T09:00", "2011-12-29T23:59", "2011-12-31T00:00"),
]
# Zone, a time that comes twice, and both instants with their offsets.
TWICE = [
    ("Europe/Berlin", "2026-10-25T02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"),
    ("Europe/Berlin", "2026-10-25T02:59:59", "2026-10-25T02:59:59+02:00", "2026-10-25T02:59:59+01:00"),
    ("America/New_York", "2026-11-01T01:00", "2026-11-01T01:00:00-04:00", "2026-11-01T01:00:00-05:00"),
    ("America/New_York", "2026-11-01T01:30", "2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"),
    ("Australia/Lord_Howe", "2026-04-05T01:30", "2026-04-05T01:30:00+11:00", "2026-04-05T01:30:00+10:30"),
    ("Australia/Lord_Howe", "2026-04-05T01:59", "2026-04-05T01:59:00+11:00", "2026-04-05T01:59:00+10:30"),
]
# Zone, a time, and the one instant at which clocks show it; the minutes around each change among them.
ONCE = [
    ("UTC", "2026-12-24T09:00", "2026-12-24T09:00:00+00:00"),
    ("Europe/Berlin", "2026-12-24T09:00", "2026-12-24T09:00:00+01:00"),
    ("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T01:59:00+01:00"),
    ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T03:00:00+02:00"),
    ("Europe/Berlin", "2026-10-25T01:59:59", "2026-10-25T01:59:59+02:00"),
    ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T03:00:00+01:00"),
    ("America/New_York", "2027-03-14T01:59", "2027-03-14T01:59:00-05:00"),
    ("America/New_York", "2027-03-14T03:00", "2027-03-14T03:00:00-04:00"),
    ("America/New_York", "2026-11-01T00:59", "2026-11-01T00:59:00-04:00"),
    ("America/New_York", "2026-11-01T02:00", "2026-11-01T02:00:00-05:00"),
    ("Australia/Lord_Howe", "2026-10-04T02:30", "2026-10-04T02:30:00+11:00"),
    ("Australia/Lord_Howe", "2026-04-05T02:00", "2026-04-05T02:00:00+10:30"),
    ("Asia/Kathmandu", "2026-06-01T00:00", "2026-06-01T00:00:00+05:45"),
    ("UTC", "9999-12-31T23:59", "9999-12-31T23:59:00+00:00"),
    ("America/New_York", "9999-12-31T23:59", "9999-12-31T23:59:00-05:00"),
]


@pytest.mark.parametrize(("zone", "local", "before", "after"), LEFT_OUT)
@pytest.mark.parametrize("fold", [None, 0, 1])
def test_a_time_that_does_not_exist_is_refused_with_the_nearest_that_do(
    zone: str, local: str, before: str, after: str, fold: int | None
) -> None:
    with pytest.raises(Invalid, match="does not exist") as refused:
        instant_of(local, zone, fold)

    assert refused.value.pointer == "/at"
    assert refused.value.mend == f"use {before} before that, or {after} after it"
    assert instant_of(after, zone).at - instant_of(before, zone).at == 60_000


@pytest.mark.parametrize(("zone", "local", "first", "second"), TWICE)
def test_a_time_that_exists_twice_needs_a_fold(zone: str, local: str, first: str, second: str) -> None:
    with pytest.raises(Invalid, match="comes twice") as refused:
        instant_of(local, zone)

    assert (refused.value.pointer, refused.value.mend) == ("/fold", f"add fold: 0 for {first}, 1 for {second}")
    assert [instant_of(local, zone, fold).text for fold in (0, 1)] == [first, second]
    assert [instant_of(local, zone, fold).fold for fold in (0, 1)] == [0, 1]


@pytest.mark.parametrize(("zone", "local", "text"), ONCE)
@pytest.mark.parametrize("fold", [None, 0, 1])
def test_any_other_time_is_one_instant_whatever_the_fold(zone: str, local: str, text: str, fold: int | None) -> None:
    found = instant_of(local, zone, fold)

    assert (found.text, found.fold) == (text, 0)
    assert found.at == datetime.fromisoformat(text).timestamp() * 1000


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2032, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),  # noqa: DTZ001
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_the_clocks_of_the_zone_show_the_time_at_its_instant(moment: datetime, zone: str) -> None:
    local = moment.isoformat()
    for fold in (0, 1):
        try:
            found = instant_of(local, zone, fold)
        except Invalid:
            # Left out: no instant of that day or the next shows it.
            start = datetime.combine(moment.date(), datetime.min.time(), UTC) - timedelta(days=1)
            shown = {
                (start + timedelta(minutes=m)).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for m in range(4320)
            }
            assert moment.replace(second=0) not in shown
            continue
        back = datetime.fromtimestamp(found.at / 1000, ZoneInfo(zone))
        assert (back.replace(tzinfo=None, fold=0), back.fold) == (moment, found.fold)


@pytest.mark.parametrize(
    "zone",
    ["", "europe/berlin", "Berlin", "localtime", "../../etc/passwd", "posixrules", "Europe/Berlin\0", "x" * 9999],
)
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(Invalid, match="is not a time zone") as refused:
        instant_of("2026-12-24T09:00", zone)

    assert refused.value.pointer == "/zone"
    assert "Use the name of an IANA time zone" in refused.value.mend
    assert len(refused.value.detail) < 200


@pytest.mark.parametrize(("zone", "meant"), [("europe/berlin", "Europe/Berlin"), ("Europe/Berlln", "Europe/Berlin")])
def test_the_zone_that_was_meant_is_named(zone: str, meant: str) -> None:
    with pytest.raises(Invalid) as refused:
        instant_of("2026-12-24T09:00", zone)

    assert refused.value.mend.startswith(f"did you mean {meant}? ")


@pytest.mark.parametrize(
    "local",
    [
        "",
        "2026-12-24",
        "2026-12-24 09:00",
        "2026-12-24T09:00Z",
        "2026-12-24T09:00+01:00",
        "2026-12-24T09:00:00.5",
        "2026-12-24T9:00",
        "2026-02-30T09:00",
        "2026-12-24T24:00",
        "0000-01-01T00:00",
        "20261224T0900",
        "2026-12-24T09:00\n",
        "٢٠٢٦-12-24T09:00",
        "tomorrow",
    ],
)
def test_what_is_no_local_time_is_refused(local: str) -> None:
    with pytest.raises(Invalid, match="is not a date and a time") as refused:
        instant_of(local, "UTC")

    assert refused.value.pointer == "/at"


def test_every_zone_there_is_can_be_used() -> None:
    assert len(zones()) > 500
    for zone in zones().values():
        assert instant_of("2026-12-24T09:00", zone).at
