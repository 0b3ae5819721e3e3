"""The checker accepts what rebuilds may do, and refuses what they must not."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.rebuilds import KEEP
from tests.chaos.history import Event, Final, Operation, PageEnd, RebuildRequest, Told
from tests.chaos.rebuilt import check_nothing_left_old, check_nothing_taken, check_rebuilds_end

CHECKS = END, TAKEN, OLD = "end", "taken", "old"


class Story:
    """Three rebuilds of a site of two pages: one built both, one was called off, one met what a person asked for.

    Of `home` v1 was published (1), rebuilt (2), called off (3), v2 published (4), and passed over. Of `news` v1 was
    published (1), rebuilt (2), rebuilt (3) before the rebuild was called off, and rebuilt (4) until v2 (5) overtook it.
    """

    def __init__(self) -> None:
        self.home = {
            1: record(1, "live"),
            2: record(1, "live", rebuild=1),
            3: record(1, "cancelled", rebuild=2),
            4: record(2, "live"),
        }
        self.news = {
            1: record(1, "live"),
            2: record(1, "live", rebuild=1),
            3: record(1, "live", rebuild=2),
            4: record(1, "superseded", rebuild=3, superseded_by=5),
            5: record(2, "live"),
        }
        self.rebuilds = {
            1: {"state": "queued", "total": 2, "queued": 2, "live": 2},
            2: {"state": "cancelled", "total": 2, "queued": 2, "live": 1, "cancelled": 1},
            3: {"state": "queued", "total": 2, "queued": 1, "skipped": 1, "superseded": 1},
        }
        self.asked = [
            asked("begin", 1, 10.0),
            asked("replay", 1, 11.0),
            asked("begin", 2, 20.0),
            asked("begin", 0, 20.1, 409, key="refused"),
            asked("call off", 2, 21.0, 200),
            asked("call off", 1, 22.0, 409),
            asked("begin", 3, 30.0),
            asked("watch", 1, 13.0, 200),
            asked("watch", 3, 34.0, 200),
        ]
        self.operations = [publish("home", 4, 29.8), publish("news", 5, 30.5)]
        self.built = [
            ("home", 1, 1, 5.0),
            ("news", 1, 1, 5.0),
            ("home", 2, 1, 12.0),
            ("news", 2, 1, 12.0),
            ("news", 3, 1, 20.5),
            ("home", 4, 2, 31.0),
            ("news", 5, 2, 32.0),
        ]

    def broken(self) -> set[str]:
        """Checks that find something."""
        final = Final(
            at=50.0,
            pages={"acme/home": page(self.home), "acme/news": page(self.news)},
            rebuilds={"acme": self.rebuilds},
            events=[
                Event(f"{n}-0", "page-built" if version else "page-unpublished", f"acme/{slug}", seq, version)
                for n, (slug, seq, version, _) in enumerate(self.built, start=1)
            ],
        )
        found = (
            check_rebuilds_end(self.asked, final),
            check_nothing_taken(final),
            check_nothing_left_old(self.asked, self.operations, list(self.told()), final),
        )
        return {name for name, violations in zip(CHECKS, found, strict=True) if list(violations)}

    def told(self) -> Iterator[Told]:
        """What two readers were told, the second one late."""
        for reader, late_s in (("reader-2", 9.0), ("reader-1", 0.0)):
            for number, (slug, seq, _, at) in enumerate(self.built):
                where = {"topic": "acme", "server": "server-1", "incarnation": 1, "page": f"acme/{slug}", "seq": seq}
                began = {"event": "build-started", "id": f"{number}-1", "at": at + late_s - 0.1}
                yield Told(reader=reader, **where, **began)
                yield Told(reader=reader, **where, event="page-built", id=f"{number}-2", at=at + late_s)


def record(version: int, state: str, **fields: Any) -> dict[str, Any]:
    return {"version": version, "state": state, **fields}


def page(publications: dict[int, dict[str, Any]]) -> PageEnd:
    seq = max(seq for seq, record in publications.items() if record["state"] == "live")
    return PageEnd(publications=publications, live_seq=seq, live_version=publications[seq]["version"])


def asked(what: Any, number: int, began: float, status: int = 202, key: str = "") -> RebuildRequest:
    about = {"what": what, "site": "acme", "key": key or f"rebuild-{number}", "number": number}
    return RebuildRequest(**about, began=began, ended=began + 0.1, statuses=[status])


def publish(slug: str, seq: int, began: float) -> Operation:
    about = {"what": "publish", "page": f"acme/{slug}", "key": f"publish-{slug}-{seq}", "version": seq, "seq": seq}
    return Operation(**about, began=began, ended=began + 0.1, statuses=[201])


@pytest.fixture
def story() -> Story:
    return Story()


def test_good_rebuilds_are_accepted(story: Story) -> None:
    assert story.broken() == set()


def test_a_rebuild_that_was_acknowledged_and_is_gone_is_refused(story: Story) -> None:
    story.asked.append(asked("begin", 4, 40.0))

    assert END in story.broken()


def test_publications_of_no_rebuild_are_refused(story: Story) -> None:
    story.home[2]["rebuild"] = 4

    assert END in story.broken()


@pytest.mark.parametrize("key", ["rebuild-1", "another"])
def test_a_second_rebuild_of_one_request_and_one_of_two_are_refused(story: Story, key: str) -> None:
    is_replay = key == "rebuild-1"
    story.asked.append(asked("replay" if is_replay else "begin", 2 if is_replay else 1, 10.0, key=key))

    assert story.broken() == {END}


def test_a_rebuild_that_never_ends_is_refused(story: Story) -> None:
    story.rebuilds[3]["state"] = "running"

    assert story.broken() == {END}


def test_a_rebuild_whose_pages_do_not_end_is_refused(story: Story) -> None:
    story.home[2]["state"] = "building"
    story.rebuilds[1]["live"] = 1

    assert story.broken() == {END}


@pytest.mark.parametrize("field", ["queued", "live"])
def test_a_rebuild_that_miscounts_is_refused(story: Story, field: str) -> None:
    story.rebuilds[1][field] += 1

    assert story.broken() == {END}


def test_a_rebuild_that_leaves_pages_out_is_refused(story: Story) -> None:
    story.rebuilds[3]["skipped"] = 0

    assert story.broken() == {END}


def test_a_rebuild_that_comes_to_a_page_twice_is_refused(story: Story) -> None:
    story.home[3] = record(1, "live", rebuild=1)
    story.rebuilds[1] |= {"queued": 3, "live": 3}
    story.rebuilds[2] = {"state": "cancelled", "total": 2, "queued": 1, "live": 1}

    assert story.broken() == {END}


def test_a_rebuild_that_is_half_there_is_refused(story: Story) -> None:
    del story.rebuilds[1]["state"]

    assert END in story.broken()


@pytest.mark.parametrize(("number", "status"), [(2, 409), (1, 200), (2, 404)])
def test_a_call_whose_answer_is_not_what_came_of_it_is_refused(story: Story, number: int, status: int) -> None:
    story.asked.append(asked("call off", number, 40.0, status))

    assert story.broken() == {END}


def test_a_rebuild_that_nobody_called_off_is_refused(story: Story) -> None:
    story.asked = [request for request in story.asked if request.what != "call off"]

    assert story.broken() == {END}


@pytest.mark.parametrize("rebuild", [0, 1])
def test_a_page_that_nobody_called_off_is_refused(story: Story, rebuild: int) -> None:
    story.home[3]["rebuild"] = rebuild

    assert TAKEN in story.broken()


def test_rebuilds_of_long_ago_are_forgotten(story: Story) -> None:
    story.rebuilds[KEEP + 3] = {"state": "queued", "total": 0}
    del story.rebuilds[1], story.rebuilds[2]

    assert END in story.broken()
    del story.rebuilds[3]
    assert story.broken() == set()


def test_a_rebuild_that_supersedes_what_a_person_asked_for_is_refused(story: Story) -> None:
    story.news[4] = record(2, "superseded", superseded_by=5)
    story.news[5] = record(1, "live", rebuild=3)

    assert TAKEN in story.broken()


def test_what_a_person_overtook_a_rebuild_may_be_the_first_to_tell_of(story: Story) -> None:
    story.news |= {
        5: record(2, "superseded", superseded_by=7),
        6: record(1, "live"),
        7: record(1, "live", rebuild=4),
    }
    story.rebuilds[4] = {"state": "queued", "total": 2, "queued": 1, "skipped": 1, "live": 1}
    story.built[-1:] = [("news", 6, 1, 33.0), ("news", 7, 1, 34.0)]

    assert story.broken() == set()


@pytest.mark.parametrize("before", [2, 0])
def test_a_rebuild_that_takes_a_page_back_is_refused(story: Story, before: int) -> None:
    story.built.insert(5, ("home", 3, before, 20.5))
    story.home[3] = record(before, "live")
    story.home[4] = record(1, "live", rebuild=2)
    story.rebuilds[2] = {"state": "cancelled", "total": 2, "queued": 2, "live": 2}
    story.built[6] = ("home", 4, 1, 31.0)

    assert story.broken() == {TAKEN}


def test_a_page_that_is_as_it_was_before_a_rebuild_is_refused(story: Story) -> None:
    story.home[4] = record(1, "superseded", superseded_by=5)
    story.built.remove(("home", 4, 2, 31.0))

    assert OLD in story.broken()


def test_a_build_that_began_before_a_rebuild_and_ended_after_is_refused(story: Story) -> None:
    story.built[5] = ("home", 4, 2, 30.05)

    assert story.broken() == {OLD}


def test_a_page_that_was_left_as_it_was_until_somebody_published_it_is_refused(story: Story) -> None:
    story.built[5] = ("home", 4, 2, 30.05)
    story.home[5] = record(3, "live")
    story.built.append(("home", 5, 3, 45.0))
    story.operations.append(publish("home", 5, 40.0))

    assert story.broken() == {OLD}


def test_a_page_may_be_left_to_somebody_who_publishes_it(story: Story) -> None:
    story.built[5] = ("home", 4, 2, 30.05)
    story.home[5] = record(3, "live")
    story.built.append(("home", 5, 3, 45.0))
    story.operations.append(publish("home", 5, 32.0))

    assert story.broken() == set()


def test_a_page_may_be_as_it_was_before_a_rebuild_that_was_called_off(story: Story) -> None:
    story.rebuilds[3]["state"] = "cancelled"
    story.asked.append(asked("call off", 3, 31.0, 200))
    story.built[5] = ("home", 4, 2, 29.0)

    assert story.broken() == set()
