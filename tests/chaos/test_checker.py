"""The checker accepts a good history, and refuses one for each promise that is broken in it."""

from typing import Any

import msgspec
import pytest

from tests.chaos.checker import CHECKS, Past, check
from tests.chaos.history import (
    Event,
    Fault,
    Final,
    Letter,
    Life,
    Operation,
    PageEnd,
    Poison,
    RebuildRequest,
    Told,
    Visit,
)
from tests.chaos.pages import config
from tests.chaos.visits import check_no_step_back

PAGE = "acme/p1"
(
    LOST,
    ENDS,
    TIME,
    BACK,
    HALF,
    ERRORS,
    NEWEST,
    BUILT,
    SERVED,
    BOTH,
    KEY,
    STREAM,
    BYTES,
    FIRE,
    *_REBUILDS,
    LEFT,
    DEAD,
    STAND,
) = CHECKS


class Story:
    """A short run in which all went well: three publishes of one page, of which the second was superseded."""

    def __init__(self) -> None:
        self.operations = [publish(1), publish(2), publish(3)]
        self.visits = [visit(20.0, seq=1), visit(30.0, seq=3)]
        self.told = [
            told("snapshot", "1-0", 0),
            told("config-published", "2-0", 1),
            told("page-built", "3-0", 1),
            told("cursor", "3-0"),
            told("config-published", "4-0", 2),
            told("config-published", "5-0", 3),
            told("build-superseded", "6-0", 2),
            told("page-built", "7-0", 3),
            told("page-served", "7-2", 1),
            told("page-served", "7-3", 3),
        ]
        self.lives = [life("api", "ready", 1.0), life("server-1", "ready", 1.0)]
        self.faults: list[Fault] = []
        self.rebuilds: list[RebuildRequest] = []
        self.poisons = [Poison(mark="9-0", kind="no fields of ours", at=5.0)]
        self.publications = {1: record(1, "live"), 2: record(2, "superseded"), 3: record(3, "live")}
        self.page = PageEnd(
            listed=[3, 2, 1],
            configs={number: stored(number) for number in (1, 2, 3)},
            publications=self.publications,
            wanted_seq=3,
            live_seq=3,
            live_version=3,
        )
        self.events = [
            event("1-0", "config-published", 9, page="acme/other"),
            event("2-0", "config-published", 1),
            event("3-0", "page-built", 1),
            event("4-0", "config-published", 2),
            event("5-0", "config-published", 3),
            event("6-0", "build-superseded", 2),
            event("7-0", "page-built", 3),
            event("7-1", "page-served", 9, page="acme/other"),
            event("7-2", "page-served", 1),
            event("7-3", "page-served", 3),
        ]
        other = PageEnd(publications={9: {**record(9, "live"), "version": 1}}, configs={1: stored(9)}, listed=[1])
        self.other = msgspec.structs.replace(other, live_seq=9, live_version=1)
        self.events.insert(0, Event("0-1", "page-built", "acme/other", 9, 1, "etag"))
        self.schedules: dict[int, dict[str, Any]] = {}
        self.early: list[Event] = []
        self.schedule(1, "cancelled", "schedule-cancelled")
        self.schedule(2, "done", "schedule-fired", seq=9)
        self.other.publications[9] |= {"cause": "schedule", "schedule": 2}
        self.operations.append(cancel(1))
        self.rest: dict[str, Any] = {"dead": [Letter("9-0")], "visits": [visit(40.0, seq=3)]}

    def broken(self) -> set[str]:
        """Promises that the checker finds broken."""
        past = Past(self.operations, self.visits, self.told, self.lives, self.faults, self.poisons, self.rebuilds)
        pages = {PAGE: self.page, "acme/other": self.other}
        events, schedules = [*self.early, *self.events], {"acme": self.schedules}
        final = Final(at=50.0, pages=pages, schedules=schedules, events=events, **self.rest)
        found = check(past, final)
        return {promise for promise, violations in found.items() if violations}

    def schedule(self, number: int, state: str, kind: str, seq: int = 0) -> None:
        """A schedule of the other page, which nobody watches."""
        self.schedules[number] = {
            "id": number,
            "page": "other",
            "version": 1,
            "at": 1,
            "state": state,
            "publication_seq": seq,
        }
        self.early.append(Event("0-0", kind, "acme/other", seq, 1, schedule=number))
        self.operations.append(about_schedule(number, "schedule", 201, version=1))

    def change_page(self, **fields: Any) -> None:
        self.page = msgspec.structs.replace(self.page, **fields)


def publish(number: int, **fields: Any) -> Operation:
    common = {"what": "publish", "page": PAGE, "key": f"publish-{number}", "began": 10.0, "ended": 11.0}
    return Operation(**{**common, "statuses": [201], "number": number, "version": number, "seq": number, **fields})


def about_schedule(number: int, what: Any, status: int, version: int = 0) -> Operation:
    about = {"what": what, "page": "acme/other", "key": f"{what}-{number}", "version": version, "schedule": number}
    return Operation(**about, began=10.0, ended=11.0, statuses=[status])


def cancel(number: int, status: int = 200) -> Operation:
    return about_schedule(number, "cancel", status)


def visit(began: float, **fields: Any) -> Visit:
    if "seq" in fields:
        fields = {"status": 200, "version": fields["seq"], "number": fields["seq"], **fields}
    return Visit(**{"server": "server-1", "incarnation": 1, "page": PAGE, "began": began, "ended": began + 1, **fields})


def told(event: str, at: str, seq: int = 0) -> Told:
    names = {"reader": "reader-1", "topic": PAGE, "server": "server-1", "page": PAGE}
    began = 4.0 * int(at.partition("-")[0] or 0)
    return Told(incarnation=1, at=began, event=event, id=at, seq=seq, **names)


def event(at: str, kind: str, number: int, page: str = PAGE) -> Event:
    return Event(at, kind, page, number, number, f"etag of {number}" if kind == "page-built" else "")


def record(seq: int, state: str) -> dict[str, Any]:
    steps = [{"state": step, "at": 1} for step in ("queued", "building", state)]
    served = {"served": {"servers": 2, "of": 2, "at": 1}} if state == "live" else {}
    overtaken = {"superseded_by": seq + 1} if state == "superseded" else {}
    return {"seq": seq, "version": seq, "state": state, "cause": "publish", "steps": steps, **served, **overtaken}


def stored(number: int) -> dict[str, Any]:
    return {**config(number), "lang": "en"}


def life(process: str, event: Any, at: float, by: str = "", incarnation: int = 1) -> Life:
    return Life(process=process, incarnation=incarnation, event=event, at=at, by=by)


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_good_history_is_accepted(story: Story) -> None:
    assert story.broken() == set()


def test_an_acknowledged_publication_that_is_gone_is_refused(story: Story) -> None:
    del story.publications[3]
    story.change_page(live_seq=1, live_version=1)

    assert LOST in story.broken()


def test_an_acknowledged_version_that_is_not_listed_is_refused(story: Story) -> None:
    story.change_page(listed=[3, 1])

    assert story.broken() == {LOST}


def test_a_version_with_another_config_is_refused(story: Story) -> None:
    story.page.configs[2]["widgets"][0]["body"] = "Publish 2 begins."

    assert story.broken() == {LOST}


def test_what_was_not_acknowledged_may_be_lost(story: Story) -> None:
    story.operations.append(publish(4, statuses=[0, 503]))

    assert story.broken() == set()


def test_a_publication_that_never_ends_is_refused(story: Story) -> None:
    story.publications[2] |= {"state": "building", "steps": story.publications[2]["steps"][:2]}

    assert ENDS in story.broken()


def test_a_publication_that_ends_twice_is_refused(story: Story) -> None:
    story.publications[2]["steps"].insert(2, {"state": "live", "at": 1})

    assert story.broken() == {ENDS}


def test_two_events_of_one_end_are_refused(story: Story) -> None:
    story.events.append(event("8-0", "build-superseded", 2))

    assert ENDS in story.broken()


def test_a_publication_that_ends_late_is_refused(story: Story) -> None:
    story.operations[2] = publish(3, began=-31.0, ended=-30.0)

    assert story.broken() == {TIME}


def test_a_publication_that_failed_for_no_reason_is_refused(story: Story) -> None:
    story.publications[2] |= {"state": "failed"}
    story.publications[2]["steps"][2]["state"] = "failed"

    assert story.broken() == {ENDS}


def test_a_step_back_for_visitors_is_refused(story: Story) -> None:
    story.visits.append(visit(35.0, seq=1))

    assert story.broken() == {BACK}


def test_an_older_page_on_another_server_process_is_no_step_back(story: Story) -> None:
    story.visits.append(visit(35.0, seq=1, incarnation=2))

    assert story.broken() == set()


def test_a_visit_during_which_the_page_changes_may_show_either(story: Story) -> None:
    story.visits.append(visit(27.5, seq=1))

    assert story.broken() == set()


def test_a_visitor_who_does_not_find_what_a_stream_told_is_refused(story: Story) -> None:
    story.visits.append(visit(28.5, seq=1))

    assert story.broken() == {BACK}


def test_a_page_that_is_gone_without_being_unpublished_is_refused(story: Story) -> None:
    story.visits.append(visit(35.0, status=410))

    assert story.broken() == {BACK}


def test_a_page_seen_gone_while_a_newer_one_goes_live_was_not_taken_off_later(story: Story) -> None:
    """Its publication is the one before, although the answer came after the newer one was told of."""
    gone = {"version": 0, "cause": "unpublish", "steps": [{"state": "live", "at": 1}]}
    story.publications[2] = {**record(2, "live"), **gone}
    story.publications[4] = {**record(4, "live"), **gone}
    story.publications[5] = record(5, "live")
    past = [visit(27.5, status=410), visit(30.0, seq=3), visit(45.0, seq=5)]

    assert not list(check_no_step_back(past, story.told, Final(at=50.0, pages={PAGE: story.page})))
    assert list(
        check_no_step_back([visit(28.5, status=410), *past], story.told, Final(at=50.0, pages={PAGE: story.page}))
    )


def test_a_page_that_vanishes_is_refused(story: Story) -> None:
    story.visits.append(visit(35.0, status=404))

    assert story.broken() == {BACK}


@pytest.mark.parametrize("fields", [{"number": 1}, {"version": 2}, {"fault": "not a whole page: 17 characters"}])
def test_half_a_page_or_another_than_its_headers_say_is_refused(story: Story, fields: dict[str, Any]) -> None:
    story.visits.append(visit(35.0, **{"seq": 3, **fields}))

    assert story.broken() == {HALF}


@pytest.mark.parametrize("fields", [{"status": 500}, {"fault": "no answer: ConnectError"}, {"status": 503}])
def test_an_error_of_a_server_that_is_up_is_refused(story: Story, fields: dict[str, Any]) -> None:
    story.visits.append(visit(35.0, **fields))

    assert story.broken() == {ERRORS}


def test_a_server_that_was_killed_need_not_answer(story: Story) -> None:
    story.visits.append(visit(35.0, fault="no answer: ReadError"))
    story.lives.append(life("server-1", "ended", 35.5, by="nemesis"))

    assert story.broken() == set()


def test_a_page_that_is_not_held_may_be_away_with_redis(story: Story) -> None:
    story.faults.append(Fault(kind="freeze redis", target="redis", began=14.0, ended=15.0))
    story.visits.append(visit(14.5, status=503))

    assert story.broken() == set()


def test_a_page_that_is_held_must_be_shown_while_redis_is_away(story: Story) -> None:
    story.faults.append(Fault(kind="freeze redis", target="redis", began=34.0, ended=36.0))
    story.visits.append(visit(35.0, status=503))

    assert story.broken() == {ERRORS}


def test_an_older_page_that_is_live_at_the_end_is_refused(story: Story) -> None:
    story.change_page(live_seq=1, live_version=1)

    assert story.broken() == {NEWEST}


def test_a_server_that_is_behind_at_the_end_is_refused(story: Story) -> None:
    story.rest["visits"] = [visit(40.0, seq=1)]

    assert story.broken() == {NEWEST}


def test_a_page_that_was_built_twice_is_refused(story: Story) -> None:
    story.events.append(event("8-0", "page-built", 3))

    assert BUILT in story.broken()


def test_a_late_build_of_an_older_publication_is_refused(story: Story) -> None:
    story.events[7], story.events[3] = story.events[3], story.events[7]

    assert BUILT in story.broken()


def test_a_page_that_is_told_of_as_served_twice_is_refused(story: Story) -> None:
    story.events.append(event("8-0", "page-served", 3))
    story.told.append(told("page-served", "8-0", 3))

    assert story.broken() == {SERVED}


def test_a_page_that_is_never_told_of_as_served_is_refused(story: Story) -> None:
    story.events.pop()
    story.told.pop()

    assert story.broken() == {SERVED}


def test_a_page_that_is_told_of_as_served_before_it_is_live_is_refused(story: Story) -> None:
    story.events[7], story.events[-1] = event("7-0", "page-served", 3), event("7-3", "page-built", 3)

    assert SERVED in story.broken()


def test_pages_that_are_told_of_as_served_in_another_order_are_refused(story: Story) -> None:
    story.events[-2:] = [event("7-2", "page-served", 3), event("7-3", "page-served", 1)]

    assert story.broken() == {SERVED}


def test_a_page_whose_record_does_not_say_that_it_is_served_is_refused(story: Story) -> None:
    del story.publications[3]["served"]

    assert story.broken() == {SERVED}


def test_a_publication_without_its_event_is_refused(story: Story) -> None:
    del story.events[4]

    assert BOTH in story.broken()


def test_an_event_without_its_publication_is_refused(story: Story) -> None:
    story.events.append(event("8-0", "config-published", 4))

    assert BOTH in story.broken()


def test_a_version_without_its_publication_is_refused(story: Story) -> None:
    story.operations.append(publish(4, statuses=[0]))
    story.page.configs[4] = stored(4)

    assert story.broken() == {BOTH}


def test_two_versions_of_one_key_are_refused(story: Story) -> None:
    story.page.configs[4] = stored(2)
    story.page.listed.append(4)

    assert KEY in story.broken()


def test_another_answer_to_the_same_request_is_refused(story: Story) -> None:
    story.operations.append(publish(1, what="replay", seq=3))

    assert story.broken() == {KEY}


def test_another_body_under_the_same_key_must_be_refused(story: Story) -> None:
    story.operations.append(publish(1, what="mismatch", statuses=[201]))

    assert story.broken() == {KEY}


def test_a_gap_in_a_stream_is_refused(story: Story) -> None:
    del story.told[4]

    assert story.broken() == {STREAM}


def test_a_repeat_in_a_stream_is_refused(story: Story) -> None:
    story.told.insert(4, story.told[2])

    assert story.broken() == {STREAM}


def test_a_cursor_that_skips_an_event_is_refused(story: Story) -> None:
    story.told[3:5] = [told("cursor", "4-0")]

    assert story.broken() == {STREAM}


def test_a_reader_that_was_never_told_the_end_is_refused(story: Story) -> None:
    story.told.pop()

    assert story.broken() == {STREAM}


def test_a_reset_is_refused_where_nothing_was_trimmed(story: Story) -> None:
    story.told[4:4] = [told("reset", ""), told("snapshot", "3-0", 1)]

    assert story.broken() == {STREAM}


def test_other_bytes_of_the_same_version_are_refused(story: Story) -> None:
    story.events[7] = Event("7-0", "page-built", PAGE, 3, 1, "another etag")

    assert BYTES in story.broken()


@pytest.mark.parametrize(
    "left", [{"waiting": 1}, {"pending": 1}, {"delayed": 1}, {"open": 1}, {"rebuilding": 1}, {"was_quiet": False}]
)
def test_work_that_is_left_over_is_refused(story: Story, left: dict[str, Any]) -> None:
    story.rest |= left

    assert story.broken() == {LEFT}


@pytest.mark.parametrize("letters", [[], ["9-0", "9-0"], ["9-0", "8-0"]])
def test_dead_letters_that_are_not_the_poison_are_refused(story: Story, letters: list[str]) -> None:
    story.rest["dead"] = [Letter(mark) for mark in letters]

    assert story.broken() == {DEAD}


@pytest.mark.parametrize("process", ["builder-1", "api"])
def test_a_process_that_ends_by_itself_is_refused(story: Story, process: str) -> None:
    story.lives.append(life(process, "ended", 45.0, by="itself"))

    assert story.broken() == {STAND}


def test_a_process_without_a_heartbeat_is_refused(story: Story) -> None:
    story.rest["silent"] = ["builder-1"]

    assert story.broken() == {STAND}


def test_an_api_that_crashes_over_a_request_is_refused(story: Story) -> None:
    story.operations[0] = publish(1, statuses=[500, 201])

    assert story.broken() == {STAND}


def test_an_api_that_crashes_over_a_rebuild_is_refused(story: Story) -> None:
    request = {"site": "acme", "key": "rebuild-1", "began": 10.0, "ended": 11.0}
    story.rebuilds.append(RebuildRequest(what="begin", **request, statuses=[500, 409]))

    assert story.broken() == {STAND}


def test_a_schedule_that_never_fired_is_refused(story: Story) -> None:
    story.schedules[2] |= {"state": "scheduled", "publication_seq": 0}

    assert FIRE in story.broken()


def test_a_schedule_that_is_gone_is_refused(story: Story) -> None:
    del story.schedules[1]

    assert story.broken() == {FIRE}


def test_a_schedule_of_another_version_is_refused(story: Story) -> None:
    story.schedules[2] |= {"version": 2}

    assert story.broken() == {FIRE}


def test_a_schedule_that_made_two_publications_is_refused(story: Story) -> None:
    story.publications[1] |= {"cause": "schedule", "schedule": 2}

    assert FIRE in story.broken()


def test_a_publication_of_no_schedule_is_refused(story: Story) -> None:
    story.publications[1] |= {"cause": "schedule", "schedule": 3}

    assert FIRE in story.broken()


def test_a_cancelled_schedule_that_fired_is_refused(story: Story) -> None:
    story.publications[1] |= {"cause": "schedule", "schedule": 1}

    assert FIRE in story.broken()


def test_two_ends_of_one_schedule_are_refused(story: Story) -> None:
    story.events.append(Event("9-9", "schedule-fired", "acme/other", 9, 1, schedule=2))

    assert story.broken() == {FIRE}


@pytest.mark.parametrize(("number", "status"), [(1, 409), (2, 200)])
def test_a_cancel_whose_answer_is_not_what_came_of_it_is_refused(story: Story, number: int, status: int) -> None:
    story.operations.append(cancel(number, status))

    assert story.broken() == {FIRE}
