"""Publishing, scheduling, building, delivering late, killing, going back: any order does what the model says.

The machine plays editors and builders on a real server: through the stores, the queue and the builder's own calls,
with everything between taking an entry and settling it laid open, so that another hand may come in between.
"""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.builder.child import Built, Fault
from services.builder.commit import Ledger
from services.builder.work import Work, read_entry
from shared.connection import connect
from shared.errors import Conflict, IdempotencyMismatch, NotFound
from shared.firing import Firing
from shared.idempotency import Request
from shared.keys import Keys
from shared.publishing import Accepted
from shared.queue import Queue
from shared.schedules import Plan, ScheduleStore
from shared.scripts import run
from shared.settings import Settings
from shared.streams import Entry
from tests.integration.model import ARTIFACTS_KEEP, TERMINAL, PageModel
from tests.stores import Stores

pytestmark = pytest.mark.redis7

SITE = "acme"
PAGES = ("spring", "summer")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FAULT = Fault("render-timed-out", True, "It took too long.")

pages = strategies.sampled_from(PAGES)
numbers = strategies.integers(0, 1_000)


class Asked(NamedTuple):
    """A change that was accepted, so that it can be asked for again.

    Attributes:
        change: the method.
        page: slug.
        version: what `republish` was asked for; the seq that `cancel` was.
        key: its idempotency key.
        seq: what it was given.
    """

    change: str
    page: str
    version: int
    key: str
    seq: int


class Planned(NamedTuple):
    """A schedule that has neither fired nor been called off.

    Attributes:
        id: its number.
        page: slug.
        version: what it makes live, 0 for an unpublish.
    """

    id: int
    page: str
    version: int


class Publishing(RuleBasedStateMachine):
    """Editors and builders.

    Attributes:
        url: of the server.
    """

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._client = connect(self.url)
        self._keys, self._settings = Keys(), Settings(redis_url=self.url, artifacts_keep=ARTIFACTS_KEEP)
        self._stores = Stores(self._client, self._keys, self._settings)
        self._model = {page: PageModel() for page in PAGES}
        self._asked: list[Asked] = []
        self._schedules = ScheduleStore(self._client, self._keys, self._settings)
        self._firing = Firing(self._client, self._keys, self._settings)
        self._planned: list[Planned] = []
        # Entries by id: in the lane or in the delayed set, with whoever holds them; what was begun may end at any time.
        self._waiting = 0
        self._delayed = 0
        self._held: dict[str, str] = {}
        self._begun: list[tuple[str, Work]] = []
        self._builders = 0
        self._keys_used = 0
        self._next_year = f"{datetime.now(UTC).year + 1}-07-01T09:00"

    # Editors

    @initialize()
    def open(self) -> None:
        self._do(self._client.flushall())
        self._do(self._stores.sites.create(SITE, "Acme", self._request("site")))
        self._start_builder()
        self._start_builder()

    @rule(page=pages)
    def save_and_publish(self, page: str) -> None:
        model = self._model[page]
        version = model.save()
        self._ask("save_version", page, version)

    @precondition(lambda self: any(model.version for model in self._model.values()))
    @rule(page=pages, number=numbers)
    def publish_again(self, page: str, number: int) -> None:
        """Going back, coming forward, or refreshing what is live; the version may not exist."""
        model = self._model[page]
        version = number % (model.version + 2)
        if 1 <= version <= model.version:
            self._ask("republish", page, version)
            return
        with pytest.raises(NotFound):
            self._change("republish", page, version, "nothing")

    @rule(page=pages)
    def unpublish(self, page: str) -> None:
        if self._model[page].live_version:
            self._ask("unpublish", page, 0)
            return
        with pytest.raises((NotFound, Conflict)):
            self._change("unpublish", page, 0, "nothing")

    @precondition(lambda self: any(model.seq for model in self._model.values()))
    @rule(page=pages, number=numbers)
    def cancel(self, page: str, number: int) -> None:
        """Whatever state it is in; the publication may not exist."""
        model = self._model[page]
        seq = number % (model.seq + 2)
        if model.cancel(seq) if 1 <= seq <= model.seq else False:
            key = f"k{len(self._asked)}"
            accepted = self._change("cancel", page, seq, key)
            assert accepted.publication is not None
            assert (accepted.publication.seq, accepted.publication.state) == (seq, "cancelled")
            self._asked.append(Asked("cancel", page, seq, key, seq))
            return
        with pytest.raises((NotFound, Conflict)):
            self._change("cancel", page, seq, "nothing")

    @precondition(lambda self: self._asked)
    @rule(number=numbers)
    def ask_the_same_again(self, number: int) -> None:
        asked = self._asked[number % len(self._asked)]

        accepted = self._change(asked.change, asked.page, asked.version, asked.key)

        assert accepted.replayed
        assert accepted.publication is not None
        assert accepted.publication.seq == asked.seq

    @precondition(lambda self: self._asked)
    @rule(number=numbers)
    def ask_for_something_else_under_the_same_key(self, number: int) -> None:
        asked = self._asked[number % len(self._asked)]

        with pytest.raises(IdempotencyMismatch):
            self._change(asked.change, asked.page, asked.version, asked.key, fingerprint="else")

    # Schedules

    @rule(page=pages, number=numbers)
    def schedule(self, page: str, number: int) -> None:
        """A version that there is, or an unpublish; of a page that is not there nothing can be scheduled."""
        model = self._model[page]
        version = number % (model.version + 1)
        plan = Plan("publish" if version else "unpublish", version, self._next_year, "UTC")
        asking = self._schedules.schedule(SITE, page, plan, self._request(f"s{self._keys_used}"))
        self._keys_used += 1
        if not model.version:
            with pytest.raises(NotFound):
                self._do(asking)
            return
        made, _ = self._do(asking)
        self._planned.append(Planned(made.id, page, version))

    @precondition(lambda self: self._planned)
    @rule(number=numbers)
    def cancel_schedule(self, number: int) -> None:
        planned = self._planned.pop(number % len(self._planned))
        request = self._request(f"s{self._keys_used}")
        self._keys_used += 1
        cancelled, _ = self._do(self._schedules.cancel(SITE, planned.page, planned.id, request))
        assert cancelled.state == "cancelled"

    @precondition(lambda self: self._planned)
    @rule(number=numbers)
    def fire(self, number: int) -> None:
        """Its instant comes, and two processes see it."""
        planned = self._planned.pop(number % len(self._planned))
        model = self._model[planned.page]
        name = f"{planned.id:012d}/{SITE}/{planned.page}"
        self._do(self._client.zadd(self._keys.scheduled(0), {name: 0}, xx=True))
        due = self._do(self._firing.look()).due
        self._do(self._firing.fire(due))
        self._do(self._firing.fire(due))

        found = self._do(self._schedules.show(SITE, planned.page, planned.id))
        if not planned.version and not model.live_version:
            assert (found.state, found.publication_seq) == ("failed", 0)
            return
        seq = model.publish(planned.version) if planned.version else model.unpublish()
        self._waiting += model.states[seq] == "queued"
        assert (found.state, found.publication_seq) == ("done", seq)

    # Builders

    @rule(number=numbers, count=strategies.integers(1, 3))
    def take(self, number: int, count: int) -> None:
        builder = self._alive[number % 2]
        taken = self._do(self._queue(builder).take(count, None))
        assert len(taken) == min(count, self._waiting)
        self._waiting -= len(taken)
        self._begin(builder, taken)

    @precondition(lambda self: self._begun)
    @rule(number=numbers)
    def commit(self, number: int) -> None:
        """At any time, in any order, and again after it was settled, by this builder or by another."""
        builder, work = self._begun[number % len(self._begun)]
        model = self._model[work.event.page]
        call = self._ledger(builder).commit(work, _built(work), 1.5)

        assert self._do(run(self._client, call)) == [model.commit(work.event.seq).encode()]
        self._held.pop(work.entry.id, None)

    @precondition(lambda self: self._begun)
    @rule(number=numbers)
    def fail_for_now(self, number: int) -> None:
        builder, work = self._begun[number % len(self._begun)]
        outcome = self._model[work.event.page].end(work.event.seq, "retrying")

        assert self._do(run(self._client, self._ledger(builder).retry(work, FAULT, 0))) == [outcome.encode()]
        self._held.pop(work.entry.id, None)
        self._delayed += outcome == "retrying"

    @precondition(lambda self: self._begun)
    @rule(number=numbers)
    def fail_for_good(self, number: int) -> None:
        builder, work = self._begun[number % len(self._begun)]
        outcome = self._model[work.event.page].end(work.event.seq, "failed")

        assert self._do(run(self._client, self._ledger(builder).fail(work, FAULT))) == [outcome.encode()]
        self._held.pop(work.entry.id, None)

    @rule()
    def move_what_is_due(self) -> None:
        [call] = self._queue(self._alive[0]).feeds()
        moved, *_ = self._do(run(self._client, call))
        assert moved == self._delayed
        self._waiting, self._delayed = self._waiting + self._delayed, 0

    @rule(number=numbers)
    def kill(self, number: int) -> None:
        """Another takes its entries over; what the dead one had begun may still arrive, late."""
        dead = self._alive.pop(number % 2)
        self._start_builder()
        claimed: list[Entry] = []
        while found := self._do(self._queue(self._alive[0]).claim(dead, 100)):
            claimed += found
        assert {entry.id for entry in claimed} == {id_ for id_, holder in self._held.items() if holder == dead}
        self._begin(self._alive[0], claimed)

    # What must hold

    @invariant()
    def the_data_are_what_the_model_says(self) -> None:
        for page, model in self._model.items():
            state = self._do(self._stores.pages.snapshot(SITE, page))
            head = state.head
            assert (head.version, head.seq) == (model.version, model.seq)
            assert (head.wanted_seq, head.live_seq, head.live_version) == (model.wanted, model.live, model.live_version)
            assert head.wanted_version == model.versions.get(model.wanted, 0)
            self._assert_publications(page, model)
            self._assert_visitors(page, model)
        due = self._do(self._client.zrange(self._keys.scheduled(0), 0, -1))
        assert len(due) == len(self._planned)
        lane = self._do(self._client.xlen(self._keys.builds(0)))
        assert lane == self._waiting + len(self._held)

    @invariant()
    def page_built_is_told_once_with_rising_seq(self) -> None:
        events = self._do(self._client.xrange(self._keys.events(0)))
        for page, model in self._model.items():
            built = [seq for told, kind, seq in map(_told, events) if (told, kind) == (page, "page-built")]
            assert built == model.built == sorted(set(built))

    def teardown(self) -> None:
        """Whatever happened: one builder that works brings every publication to its end."""
        try:
            # After a failure there is nothing to finish, and a second one would hide the first.
            if self._builders and sys.exception() is None:
                self._finish()
        finally:
            self._do(self._client.aclose())
            self._runner.close()

    def _finish(self) -> None:
        self.kill(0)
        self.kill(1)
        for _ in range(100):
            self.move_what_is_due()
            self.take(0, 3)
            for number, (_, work) in enumerate(self._begun):
                if work.entry.id in self._held:
                    self.commit(number)
            if not (self._waiting or self._held or self._delayed):
                break
        self.the_data_are_what_the_model_says()
        self.page_built_is_told_once_with_rising_seq()
        for model in self._model.values():
            assert set(model.states.values()) <= TERMINAL

    # Parts

    def _assert_publications(self, page: str, model: PageModel) -> None:
        found = self._do(self._stores.publications.listed(SITE, page, 0, 10_000)).items if model.version else []
        assert {each.seq: (each.state, each.version) for each in found} == {
            seq: (state, model.versions[seq]) for seq, state in model.states.items()
        }
        for publication in found:
            *before, last = [step.state for step in publication.steps]
            assert last == publication.state
            assert not TERMINAL.intersection(before)

    def _assert_visitors(self, page: str, model: PageModel) -> None:
        [published] = self._do(self._stores.published.read([(SITE, page)]))
        found = (published.seq, published.version, published.body) if published else (0, 0, b"")
        assert found == (model.live, model.live_version, _body(page, model.live_version))

    def _ask(self, change: str, page: str, version: int) -> None:
        model, key = self._model[page], f"k{len(self._asked)}"
        seq = model.unpublish() if change == "unpublish" else model.publish(version)

        accepted = self._change(change, page, version, key)

        assert accepted.publication is not None
        assert (accepted.publication.seq, accepted.publication.state) == (seq, model.states[seq])
        assert not accepted.replayed
        self._waiting += model.states[seq] == "queued"
        self._asked.append(Asked(change, page, version, key, seq))

    def _change(self, change: str, page: str, version: int, key: str, fingerprint: str = "f") -> Accepted:
        request = self._request(key, fingerprint)
        if change == "unpublish":
            return self._do(self._stores.publishing.unpublish(SITE, page, request))
        if change == "cancel":
            return self._do(self._stores.publishing.cancel(SITE, page, version, request))
        if change == "republish":
            return self._do(self._stores.publishing.republish(SITE, page, version, request))
        return self._do(self._stores.publishing.save(SITE, page, b'{"title":"A"}', "", publish=True, request=request))

    def _begin(self, builder: str, entries: list[Entry]) -> None:
        for entry in entries:
            # However often its builders were killed: here that is nobody's fault.
            work = read_entry(entry._replace(deliveries=1))
            assert isinstance(work, Work)
            # Nor is it put off as part of a burst: no build of the page is known to have begun of late.
            self._do(self._client.hdel(self._keys.head(SITE, work.event.page), "started_at"))
            self._held[entry.id] = builder
            answer = self._do(run(self._client, self._ledger(builder).start(work)))
            outcome = self._model[work.event.page].start(work.event.seq)
            assert answer[0] == outcome.encode()
            if outcome == "build":
                self._begun.append((builder, work))
            else:
                del self._held[entry.id]

    def _start_builder(self) -> None:
        self._builders += 1
        self._alive = [*getattr(self, "_alive", []), f"b{self._builders}"]
        self._do(self._queue(self._alive[-1]).ensure_groups())

    def _queue(self, builder: str) -> Queue:
        return Queue(self._client, self._client, self._keys, builder)

    def _ledger(self, builder: str) -> Ledger:
        return Ledger(self._keys, self._settings, builder)

    def _request(self, key: str, fingerprint: str = "f") -> Request:
        return Request("ada", TRACE, key, fingerprint)

    def _do(self, call: Any) -> Any:
        async def it() -> Any:
            return await call

        return self._runner.run(it())


def _body(page: str, version: int) -> bytes:
    return f"{page} v{version}".encode() if version else b""


def _built(work: Work) -> Built:
    body = _body(work.event.page, work.event.version)
    return Built(body, len(body), f"etag-{work.event.version}", "csp")


def _told(entry: tuple[bytes, dict[bytes, bytes]]) -> tuple[str, str, int]:
    event = msgspec.json.decode(entry[1][b"data"])
    return event["page"], event["type"], event.get("seq", 0)


def test_any_order_of_events_keeps_the_promises(redis_server: str) -> None:
    class Here(Publishing):
        url = redis_server

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=30,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Shrinking a failure takes minutes: add Phase.shrink when there is one.
            phases=(Phase.generate,),
        ),
    )
