"""Schedules: the scripts by themselves, and who fires them."""

import asyncio
import logging
import random
from collections import Counter
from statistics import median

import pytest

from shared import schedules as module
from shared.connection import Client, connect
from shared.errors import Conflict, IdempotencyMismatch, Invalid, NotFound
from shared.events import PageBuilt, ScheduleFailed, ScheduleFired, decode_event
from shared.firing import Firing
from shared.keys import Keys
from shared.schedules import MOST_AHEAD_S, Plan, ScheduleStore
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.schedules import SITE, Editor, asking, local_time, now_ms
from tests.stores import Stores

pytestmark = pytest.mark.redis7


@pytest.fixture
async def editor(client: Client, keys: Keys, stores: Stores, settings: Settings) -> Editor:
    """An editor of a site."""
    await stores.sites.create(SITE, "Acme", asking("site"))
    return Editor(client, keys, stores, ScheduleStore(client, keys, settings))


@pytest.fixture
def firing(client: Client, keys: Keys, settings: Settings) -> Firing:
    return Firing(client, keys, settings)


async def has_fired(editor: Editor, count: int) -> bool:
    """Whether so many schedules have."""
    return len(await editor.events("schedule-fired")) >= count


# What firing does


async def test_a_kept_version_is_live_at_once_and_says_why(editor: Editor, firing: Firing, stores: Stores) -> None:
    await editor.build()
    await editor.build()
    made = await editor.schedule(1, in_s=0)

    await firing.turn()

    found = await editor.show(made)
    publication = await stores.publications.show(SITE, "spring", 3)
    assert (found.state, found.publication_seq, found.failure) == ("done", 3, None)
    assert (publication.state, publication.version, publication.cause) == ("live", 1, "schedule")
    assert (publication.schedule, publication.steps[0].by) == (made.id, "ada")
    [page] = await stores.published.read([(SITE, "spring")])
    assert page is not None
    assert (page.seq, page.version, page.body) == (3, 1, b"spring v1")
    assert await editor.due() == []


async def test_a_version_that_was_never_built_is_queued(
    editor: Editor, firing: Firing, stores: Stores, client: Client, keys: Keys
) -> None:
    await editor.save()
    await editor.schedule(in_s=0)

    await firing.turn()

    publication = await stores.publications.show(SITE, "spring", 1)
    assert (publication.state, publication.cause) == ("queued", "schedule")
    assert await client.xlen(keys.builds(0)) == 1
    assert await client.zcard(keys.open(0)) == 1


async def test_the_version_that_is_live_is_built_anew(editor: Editor, firing: Firing, stores: Stores) -> None:
    await editor.build()
    await editor.schedule(1, in_s=0)

    await firing.turn()

    assert (await stores.publications.show(SITE, "spring", 2)).state == "queued"


async def test_a_page_is_taken_off(editor: Editor, firing: Firing, stores: Stores) -> None:
    await editor.build()
    made = await editor.schedule_unpublish(in_s=0)

    await firing.turn()

    publication = await stores.publications.show(SITE, "spring", 2)
    [page] = await stores.published.read([(SITE, "spring")])
    assert page is not None
    assert page.is_gone
    assert (publication.version, publication.cause, publication.schedule) == (0, "schedule", made.id)
    assert (await editor.show(made)).publication_seq == 2


async def test_an_artifact_that_cannot_be_read_is_built_anew(
    editor: Editor, firing: Firing, stores: Stores, client: Client, keys: Keys
) -> None:
    await editor.build()
    await editor.build()
    await client.hset(keys.artifacts(SITE, "spring"), "1:meta", "{")
    await editor.schedule(1, in_s=0)

    await firing.turn()

    assert (await stores.publications.show(SITE, "spring", 3)).state == "queued"


async def test_the_events_tell_of_it(editor: Editor, firing: Firing, client: Client, keys: Keys) -> None:
    await editor.build()
    await editor.build()
    made = await editor.schedule(1, in_s=0)

    await firing.turn()

    *_, built, fired = [decode_event(fields[b"data"]) for _, fields in await client.xrange(keys.events(0))]
    assert isinstance(built, PageBuilt)
    assert (built.cause, built.seq) == ("schedule", 3)
    assert isinstance(fired, ScheduleFired)
    assert (fired.schedule, fired.seq, fired.page, fired.due_at) == (made.id, 3, "spring", made.at)
    assert [event["type"] for event in await editor.events("schedule-")] == ["schedule-set", "schedule-fired"]


async def test_what_is_not_due_is_left_alone(editor: Editor, firing: Firing) -> None:
    await editor.build()
    made = await editor.schedule(in_s=3600)

    await firing.turn()

    assert (await editor.show(made)).state == "scheduled"
    assert len(await editor.due()) == 1


async def test_nothing_live_is_a_failure_that_is_told_loudly(
    editor: Editor, firing: Firing, client: Client, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    await editor.save()
    made = await editor.schedule_unpublish(in_s=0)

    await firing.turn()

    found = await editor.show(made)
    assert found.failure is not None
    assert (found.state, found.failure.code, found.publication_seq) == ("failed", "not-live", 0)
    assert "schedule 1 of acme/spring could not be done: Nothing of the page was live." in caplog.text
    [(_, fields)] = await client.xrevrange(keys.events(0), count=1)
    failed = decode_event(fields[b"data"])
    assert isinstance(failed, ScheduleFailed)
    assert (failed.schedule, failed.code) == (made.id, "not-live")
    assert await editor.due() == []


async def test_a_version_that_is_gone_is_a_failure(editor: Editor, firing: Firing, client: Client, keys: Keys) -> None:
    await editor.build()
    made = await editor.schedule(in_s=0)
    await client.hdel(keys.versions(SITE, "spring"), "1")

    await firing.turn()

    found = await editor.show(made)
    assert found.failure is not None
    assert (found.state, found.failure.code) == ("failed", "no-version")


async def test_a_damaged_page_costs_its_own_schedule_alone(
    editor: Editor, firing: Firing, client: Client, keys: Keys
) -> None:
    await editor.build()
    await editor.build("summer")
    damaged, well = await editor.schedule(in_s=0), await editor.schedule(page="summer", in_s=0)
    await client.set(keys.artifacts(SITE, "spring"), "no hash")

    await firing.turn()

    assert [(await editor.show(damaged)).state, (await editor.show(well, "summer")).state] == ["failed", "done"]
    assert (await client.hget(keys.head(SITE, "spring"), "seq")) == b"1"


async def test_what_names_no_schedule_does_not_bar_the_way(
    editor: Editor, firing: Firing, client: Client, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    await editor.build()
    made = await editor.schedule(in_s=0)
    for number in range(100):
        odd = {f"odd {number}": 0, f"odd/{number}/{number}": 0, f"{number:012d}/globex/index": 1}
        await client.zadd(keys.scheduled(0), odd)

    await firing.turn()

    assert (await editor.show(made)).state == "done"
    assert await editor.due() == []
    assert "which names no schedule" in caplog.text
    assert "there is no record of it" in caplog.text


# When


async def test_two_at_one_instant_fire_in_the_order_in_which_they_were_made(
    editor: Editor, firing: Firing, stores: Stores, client: Client, keys: Keys
) -> None:
    for _ in range(12):
        await editor.build()
    made = [await editor.schedule(version) for version in random.sample(range(1, 13), 12)]
    at_ms = await now_ms(client)
    await client.zadd(keys.scheduled(0), dict.fromkeys(await editor.due(), at_ms))

    await firing.turn()

    fired = [await stores.publications.show(SITE, "spring", seq) for seq in range(13, 25)]
    assert [publication.schedule for publication in fired] == [each.id for each in made]


async def test_several_that_fire_at_once_fire_each_schedule_once(
    editor: Editor, settings: Settings, keys: Keys, stores: Stores
) -> None:
    for number in range(30):
        await editor.save(f"p{number}")
        await editor.schedule(page=f"p{number}", in_s=0)
    clients = [connect(settings.redis_url) for _ in range(6)]

    await asyncio.gather(*(Firing(client, keys, settings).turn() for client in clients))

    fired = Counter(event["schedule"] for event in await editor.events("schedule-fired"))
    assert len(fired) == 30
    assert set(fired.values()) == {1}
    assert {(await stores.pages.snapshot(SITE, f"p{number}")).head.seq for number in range(30)} == {1}
    for client in clients:
        await client.aclose()


async def test_firing_again_what_has_fired_changes_nothing(editor: Editor, firing: Firing, client: Client) -> None:
    await editor.build()
    await editor.schedule(in_s=0)
    look = await firing.look()
    await firing.fire(look.due)
    before = {key: await client.dump(key) for key in await client.keys("*")}

    await firing.fire(look.due)

    assert {key: await client.dump(key) for key in await client.keys("*")} == before


async def test_what_was_due_before_the_clock_was_set_back_is_not_fired(editor: Editor, firing: Firing) -> None:
    await editor.build()
    made = await editor.schedule(in_s=0)
    look = await firing.look()
    await editor.bring_forward(made, in_s=3600)

    assert not await firing.fire(look.due)

    assert (await editor.show(made)).state == "scheduled"
    assert len(await editor.due()) == 1


async def test_what_has_ended_never_fires_though_it_is_listed_as_due(
    editor: Editor, firing: Firing, stores: Stores, client: Client, keys: Keys
) -> None:
    await editor.build()
    made = await editor.schedule()
    await editor.schedules.cancel(SITE, "spring", made.id, editor.key())
    await client.zadd(keys.scheduled(0), {f"{made.id:012d}/{SITE}/spring": 0})

    await firing.turn()

    assert (await editor.show(made)).state == "cancelled"
    assert (await stores.pages.snapshot(SITE, "spring")).head.seq == 1
    assert await editor.due() == []


async def test_it_fires_by_itself_within_a_second(editor: Editor, firing: Firing) -> None:
    await editor.build()
    async with firing:
        made = [await editor.schedule(in_s=wait_s) for wait_s in (0.05, 0.2, 0.4, 0.6, 0.9)]
        await wait_until(lambda: has_fired(editor, 5))

    # A machine that does other things may hold up one of them.
    assert median([(await editor.show(each)).late_ms for each in made]) < 1_000


async def test_one_that_is_made_after_a_look_is_not_missed_though_none_was_due_so_soon(
    editor: Editor, firing: Firing
) -> None:
    await editor.build()
    await editor.schedule(in_s=3600)
    await editor.schedule(in_s=0)
    async with firing:
        await wait_until(lambda: has_fired(editor, 1))
        made = await editor.schedule(in_s=0)
        await wait_until(lambda: has_fired(editor, 2))

    assert (await editor.show(made)).late_ms < 2_500


async def test_late_by_more_than_a_minute_is_an_error_in_the_log(
    editor: Editor, firing: Firing, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await editor.build()
    soon, late = await editor.schedule(in_s=-30), await editor.schedule(in_s=-90)

    await firing.turn()

    assert 30_000 <= (await editor.show(soon)).late_ms < 40_000
    assert (await editor.show(late)).late_ms >= 90_000
    levels = {record.getMessage()[:10]: record.levelname for record in caplog.records}
    assert levels == {"schedule 1": "INFO", "schedule 2": "ERROR"}


async def test_what_should_have_fired_and_has_not_is_overdue(editor: Editor, client: Client, keys: Keys) -> None:
    await editor.build()
    late, soon = await editor.schedule(), await editor.schedule()
    at_ms = await now_ms(client)
    for made, since_ms in ((late, 6_000), (soon, 3_000)):
        json = await client.hget(keys.schedules(SITE), str(made.id))
        moved = json.replace(str(made.at).encode(), str(at_ms - since_ms).encode())
        await client.hset(keys.schedules(SITE), str(made.id), moved)

    listed = (await editor.schedules.of_site(SITE, "scheduled", 0, 10)).items

    assert {each.id: each.is_overdue for each in listed} == {late.id: True, soon.id: False}
    assert (await editor.show(late)).is_overdue


# Calling off


async def test_a_cancelled_one_leaves_the_due_set_and_never_fires(
    editor: Editor, firing: Firing, stores: Stores
) -> None:
    await editor.build()
    made = await editor.schedule(in_s=0)

    cancelled, _ = await editor.schedules.cancel(SITE, "spring", made.id, editor.key())
    due = await editor.due()
    await firing.turn()

    assert (cancelled.state, cancelled.cancelled_by, due) == ("cancelled", "ada", [])
    assert (await stores.pages.snapshot(SITE, "spring")).head.seq == 1
    assert [event["type"] for event in await editor.events("schedule-")] == ["schedule-set", "schedule-cancelled"]


async def test_one_that_fired_cannot_be_cancelled(editor: Editor, firing: Firing) -> None:
    await editor.build()
    made = await editor.schedule(in_s=0)
    await firing.turn()

    with pytest.raises(Conflict, match="fired already"):
        await editor.schedules.cancel(SITE, "spring", made.id, editor.key())

    assert (await editor.show(made)).state == "done"


async def test_cancelling_at_the_last_moment_either_cancels_or_says_that_it_fired(
    editor: Editor, settings: Settings, keys: Keys, stores: Stores
) -> None:
    await editor.save()
    other = connect(settings.redis_url)
    firings, ends = [Firing(client, keys, settings) for client in (other, other)], Counter[str]()
    for round_ in range(150):
        made = await editor.schedule(in_s=0)
        due = (await firings[0].look()).due
        cancel = editor.schedules.cancel(SITE, "spring", made.id, editor.key())
        calls = [cancel, *(firing.fire(due) for firing in firings)]
        before = (await stores.pages.snapshot(SITE, "spring")).head.seq

        answer, *_ = await asyncio.gather(*sorted(calls, key=lambda _: random.random()), return_exceptions=True)

        found, seq = await editor.show(made), (await stores.pages.snapshot(SITE, "spring")).head.seq
        ends[found.state] += 1
        assert (found.state, seq - before) in {("cancelled", 0), ("done", 1)}, (round_, answer)
    await other.aclose()

    assert set(ends) == {"cancelled", "done"}


async def test_the_answer_to_a_cancel_is_what_came_of_it(editor: Editor, firing: Firing) -> None:
    await editor.save()
    for _ in range(100):
        made = await editor.schedule(in_s=0)
        cancel = editor.schedules.cancel(SITE, "spring", made.id, editor.key())
        due = (await firing.look()).due

        answer, _ = await asyncio.gather(cancel, firing.fire(due), return_exceptions=True)

        expected = Conflict if (await editor.show(made)).state == "done" else tuple
        assert isinstance(answer, expected)


# Making


async def test_what_was_asked_for_is_kept_beside_the_instant(editor: Editor) -> None:
    await editor.save()
    year = 1970 + await now_ms(editor._client) // 31_556_952_000 + 1

    made, replayed = await editor.schedules.schedule(
        SITE, "spring", Plan("publish", 1, f"{year}-07-01T09:00", "Europe/Berlin"), asking("k")
    )

    assert (made.local, made.zone, made.instant) == (
        f"{year}-07-01T09:00",
        "Europe/Berlin",
        f"{year}-07-01T09:00:00+02:00",
    )
    assert local_time(made.at) == f"{year}-07-01T07:00:00"
    assert (made.state, made.by, replayed) == ("scheduled", "ada", False)
    assert await editor.show(made) == made


async def test_the_newest_version_is_meant_where_none_is_named(editor: Editor) -> None:
    await editor.save()
    await editor.save()

    assert (await editor.schedule()).version == 2


@pytest.mark.parametrize(
    ("in_s", "detail"), [(-3, "is over"), (0, "is over"), (MOST_AHEAD_S + 60, "too far away"), (10**10, "too far away")]
)
async def test_an_instant_that_is_over_or_too_far_away_is_refused(
    editor: Editor, client: Client, in_s: int, detail: str
) -> None:
    await editor.save()
    plan = Plan("publish", 1, local_time(await now_ms(client) + in_s * 1000), "UTC")

    with pytest.raises(Invalid, match=detail) as refused:
        await editor.schedules.schedule(SITE, "spring", plan, asking("k"))

    assert refused.value.pointer == "/at"
    assert await editor.due() == []


async def test_five_years_ahead_is_not_too_far(editor: Editor) -> None:
    await editor.save()

    assert (await editor.schedule(in_s=MOST_AHEAD_S - 60)).state == "scheduled"


async def test_the_same_key_makes_one_schedule(editor: Editor, client: Client) -> None:
    await editor.save()
    plan = Plan("publish", 1, local_time(await now_ms(client) + 60_000), "UTC")

    made = [await editor.schedules.schedule(SITE, "spring", plan, asking("k")) for _ in range(3)]

    assert [replayed for _, replayed in made] == [False, True, True]
    assert len({each.id for each, _ in made}) == len(await editor.due()) == 1
    with pytest.raises(IdempotencyMismatch):
        await editor.schedules.schedule(SITE, "spring", plan, asking("k", "g"))


async def test_a_cancel_sent_again_says_the_same(editor: Editor) -> None:
    await editor.save()
    made = await editor.schedule()

    first = await editor.schedules.cancel(SITE, "spring", made.id, asking("c"))
    again = await editor.schedules.cancel(SITE, "spring", made.id, asking("c"))
    other = await editor.schedules.cancel(SITE, "spring", made.id, asking("d"))

    assert (first[0], again[0], other[0]) == (first[0],) * 3
    assert (first[1], again[1], other[1]) == (False, True, False)
    assert len(await editor.events("schedule-cancelled")) == 1


async def test_what_is_not_there_is_not_scheduled(editor: Editor, client: Client, keys: Keys) -> None:
    with pytest.raises(NotFound, match="no page"):
        await editor.schedule()
    await editor.save()
    with pytest.raises(NotFound, match="no version '9'") as refused:
        await editor.schedule(9)
    with pytest.raises(NotFound, match="no schedule '1'"):
        await editor.schedules.cancel(SITE, "spring", 1, editor.key())

    assert refused.value.pointer == "/version"
    assert not await client.exists(keys.schedules(SITE), keys.scheduled(0))


async def test_a_schedule_is_called_off_by_the_name_of_its_page_alone(editor: Editor) -> None:
    await editor.save()
    await editor.save("other")
    made = await editor.schedule()

    with pytest.raises(NotFound, match="no schedule '1'"):
        await editor.schedules.cancel(SITE, "other", made.id, editor.key())

    assert (await editor.show(made)).state == "scheduled"


async def test_schedules_of_a_site_are_bounded_and_those_that_ended_give_way(
    editor: Editor, firing: Firing, monkeypatch: pytest.MonkeyPatch, client: Client, keys: Keys
) -> None:
    monkeypatch.setattr(module, "MOST", 5)
    await editor.build()
    ended = [await editor.schedule(in_s=0) for _ in range(2)]
    await firing.turn()
    waiting = [await editor.schedule() for _ in range(5)]

    with pytest.raises(Conflict, match="5 schedules to come"):
        await editor.schedule()

    listed = (await editor.schedules.of_site(SITE, "", 0, 100)).items
    assert [each.id for each in listed] == [each.id for each in reversed(waiting)]
    assert min(each.id for each in waiting) > max(each.id for each in ended)
    assert await client.hlen(keys.schedules(SITE)) == 6


async def test_schedules_are_listed_in_stretches(editor: Editor) -> None:
    await editor.save()
    await editor.save("summer")
    for page in ("spring", "summer", "spring"):
        await editor.schedule(page=page)

    first = await editor.schedules.of_site(SITE, "", 0, 2)
    second = await editor.schedules.of_site(SITE, "", int(first.after), 2)
    of_page = await editor.schedules.of_page(SITE, "spring", 0, 10)

    assert [each.id for each in first.items] == [3, 2]
    assert ([each.id for each in second.items], second.after) == ([1], "")
    assert [each.id for each in of_page.items] == [3, 1]
    assert (await editor.schedules.of_site(SITE, "done", 0, 10)).items == []


async def test_a_damaged_record_does_not_hide_the_others(editor: Editor, client: Client, keys: Keys) -> None:
    await editor.save()
    await editor.schedule()
    await editor.schedule()
    await client.hset(keys.schedules(SITE), "1", "{")

    assert [each.id for each in (await editor.schedules.of_site(SITE, "", 0, 10)).items] == [2]


# Moving


async def test_a_page_that_moves_takes_its_schedules_along(
    editor: Editor, firing: Firing, stores: Stores, client: Client
) -> None:
    await editor.save()
    await editor.save("other")
    ended = await editor.schedule_unpublish(in_s=0)
    await firing.turn()
    made, others = await editor.schedule(), await editor.schedule(page="other")
    due = await client.zrange("platen:{0}:scheduled", 0, -1, withscores=True)

    await stores.publishing.move(SITE, "spring", "summer", editor.key())

    assert [each.id for each in (await editor.schedules.of_page(SITE, "summer", 0, 9)).items] == [made.id, ended.id]
    assert [each.id for each in (await editor.schedules.of_page(SITE, "other", 0, 9)).items] == [others.id]
    moved = await client.zrange("platen:{0}:scheduled", 0, -1, withscores=True)
    assert moved == [(name.replace(b"/spring", b"/summer"), at) for name, at in due]


async def test_a_schedule_that_moved_fires_where_its_page_is_now(
    editor: Editor, firing: Firing, stores: Stores
) -> None:
    await editor.build()
    await editor.build()
    made = await editor.schedule(1, in_s=0)
    stale = (await firing.look()).due
    await stores.publishing.move(SITE, "spring", "summer", editor.key())

    await firing.fire(stale)
    assert (await editor.show(made, "summer")).state == "scheduled"
    await firing.turn()

    found = await editor.show(made, "summer")
    assert found.state == "done"
    assert (await stores.publications.show(SITE, "summer", found.publication_seq)).schedule == made.id
