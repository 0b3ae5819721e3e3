"""What a process remembers of the events: without a gap, bounded, and read once for all who come back."""

import asyncio
import random
from collections.abc import AsyncIterator

import msgspec
import pytest

from services.server import history as module
from services.server.history import SLACK, History
from services.server.hub import EVERYTHING, concerning, several
from shared.connection import Client, connect
from shared.errors import StoreUnavailable
from shared.event_log import EventLog, Past
from shared.keys import Keys
from shared.settings import Settings

pytestmark = pytest.mark.redis7


class Counted(EventLog):
    """Counts how often older events are read, and may be away."""

    reads = 0
    is_away = False

    def __init__(self, client: Client, blocking: Client, keys: Keys) -> None:
        super().__init__(client, blocking, keys)
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.may_end.set()

    async def before(self, partition: int, at: str, count: int) -> Past:
        self.reads += 1
        self.has_begun.set()
        if self.is_away:
            raise StoreUnavailable("away")
        found = await super().before(partition, at, count)
        await self.may_end.wait()
        return found


@pytest.fixture
async def events(client: Client, keys: Keys, settings: Settings) -> AsyncIterator[Counted]:
    blocking = connect(settings.redis_url, block_s=2)
    yield Counted(client, blocking, keys)
    await blocking.aclose()


class Log:
    """The events stream, and a process that follows it."""

    def __init__(self, client: Client, keys: Keys, events: Counted, most: int = 1_000, most_bytes: int = 10**6) -> None:
        self._client, self.stream, self.events = client, keys.events(0), events
        self.history = History(events, 0, most, most_bytes)

    async def write(self, count: int, page: str = "spring", site: str = "acme") -> list[str]:
        pipeline = self._client.pipeline(transaction=False)
        event = {"type": "build-started", "site": site, "page": page, "seq": 1, "version": 1, "state": "building"}
        data = msgspec.json.encode({**event, "at": 1})
        for _ in range(count):
            pipeline.xadd(self.stream, {"type": "build-started", "data": data})
        return [id_.decode() for id_ in await pipeline.execute()]

    async def trim(self, keep: int) -> None:
        await self._client.xtrim(self.stream, maxlen=keep, approximate=False)

    async def begin(self) -> None:
        self.history.start_over((await self.events.tail())[0])

    async def follow(self) -> None:
        after = self.history._told[-1].id if len(self.history) else "{}-{}".format(*self.history._follows)
        self.history.append([module._tell(entry) for entry in await self.events.read({0: after}, 1, 10_000)])

    async def since(self, after: str) -> list[str] | None:
        told = await self.history.since(after)
        return None if told is None else [each.id for each in told]


@pytest.fixture
def log(client: Client, keys: Keys, events: Counted) -> Log:
    return Log(client, keys, events)


async def test_what_was_applied_is_told_from_memory(log: Log) -> None:
    [before] = await log.write(1)
    await log.begin()
    ids = await log.write(5)
    await log.follow()
    await log.write(1)

    assert await log.since(before) == ids
    assert await log.since(ids[1]) == ids[2:]
    assert await log.since(ids[-1]) == []
    assert log.events.reads == 0


async def test_all_who_come_back_after_a_restart_cost_one_read_between_them(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 1_000)
    ids = await log.write(200)
    await log.begin()
    lasts = random.Random(3).sample(ids, 150)

    told = await asyncio.gather(*(log.since(last) for last in lasts))

    assert told == [ids[ids.index(last) + 1 :] for last in lasts]
    assert log.events.reads == 1
    assert await log.since(lasts[0]) == told[0]
    assert log.events.reads == 1


@pytest.mark.parametrize("seed", range(20))
async def test_nothing_is_left_out_whatever_was_read_applied_or_trimmed_in_between(
    log: Log, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 3)
    dice = random.Random(seed)
    log.history._most = 40
    ids = await log.write(dice.randrange(1, 20))
    await log.begin()
    for _ in range(25):
        ids += await log.write(dice.randrange(4))
        if dice.random() < 0.1:
            # Not so much that the follower would have to begin anew.
            await log.trim(dice.randrange(4, 30))
        asking = [asyncio.create_task(log.since(dice.choice(ids))) for _ in range(dice.randrange(3))]
        asked = dice.choice(ids)
        told = asyncio.create_task(log.since(asked))
        await log.follow()
        found = await told
        await asyncio.gather(*asking)

        # What this process has not applied comes later, over the hub.
        assert found is None or found == ids[ids.index(asked) + 1 :][: len(found)]
    await log.follow()
    assert await log.since(ids[-1]) == []
    assert await log.since(ids[-2]) == ids[-1:]


async def test_whoever_is_too_far_back_is_told_so_and_nothing_is_read_twice(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 100)
    ids = await log.write(3_000)
    await log.begin()

    assert await asyncio.gather(*(log.since(last) for last in ids[:1_000:10])) == [None] * 100
    assert await log.since(ids[-1_000]) == ids[-999:]
    assert await log.since(ids[1_000]) is None
    assert log.events.reads == 10


async def test_positions_that_nobody_was_given_cost_one_read_between_them(log: Log) -> None:
    first, *_ = await log.write(100)
    await log.begin()
    ms = int(first.split("-")[0])

    assert await asyncio.gather(*(log.since(f"{ms - 1_000}-{number}") for number in range(500))) == [None] * 500
    assert log.events.reads == 1


async def test_what_is_held_is_bounded_whoever_comes_from_a_little_further_back_each_time(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 100)
    ids = await log.write(3_000)
    await log.begin()

    for last in reversed(ids[::90]):
        await log.since(last)
        assert len(log.history) <= 1_000


async def test_who_is_behind_more_than_there_is_room_for_is_told_so(
    client: Client, keys: Keys, events: Counted
) -> None:
    log = Log(client, keys, events, most=50)
    before, *_ = await log.write(2)
    await log.begin()
    # More than fifty, and not so many that room would be made.
    ids = await log.write(53)
    await log.follow()

    assert await log.since(before) is None
    assert await log.since(ids[0]) == ids[1:]


async def test_who_came_before_the_very_first_event_is_told_all_of_them_while_they_are_there(log: Log) -> None:
    ids = await log.write(10)
    await log.begin()
    assert await log.since("0-0") == ids

    await log.trim(9)
    await log.begin()
    assert await log.since("0-0") is None
    assert await log.since(ids[1]) == ids[2:]


@pytest.mark.parametrize(("most", "most_bytes"), [(50, 10**6), (10**6, 5_000)], ids=["number", "bytes"])
async def test_what_is_held_is_bounded(client: Client, keys: Keys, events: Counted, most: int, most_bytes: int) -> None:
    log = Log(client, keys, events, most, most_bytes)
    ids = await log.write(500)
    await log.begin()
    for _ in range(20):
        assert await log.since(ids[0]) is None
        ids += await log.write(20)
        await log.follow()

        assert 20 <= len(log.history) <= most * SLACK
        assert sum(len(told.text) for told in log.history._told) <= most_bytes * SLACK
        assert await log.since(ids[-1]) == []
        assert await log.since(ids[-11]) == ids[-10:]


async def test_a_position_of_another_history_is_none(log: Log, client: Client) -> None:
    first, second = await log.write(2)
    await log.begin()
    ms = int(first.split("-")[0])

    assert await log.since(f"{ms - 5}-0") is None
    assert await log.since(f"{ms + 60_000}-0") is None
    await client.flushall()
    await log.begin()
    assert await log.since(first) is None
    assert await log.since(second) is None


async def test_what_is_read_of_another_history_is_not_taken_for_what_led_up_to_this_one(
    log: Log, client: Client
) -> None:
    ids = await log.write(5)
    await log.begin()
    # Redis loses its last write.
    await client.xdel(log.stream, ids[-1])

    assert await log.since(ids[1]) is None


async def test_who_asks_while_the_last_room_is_taken_is_told_so(client: Client, keys: Keys, events: Counted) -> None:
    log = Log(client, keys, events, most=50)
    ids = await log.write(2)
    await log.begin()
    log.events.may_end.clear()
    asking = asyncio.create_task(log.since(ids[0]))
    await log.events.has_begun.wait()
    odd = asyncio.create_task(log.since("1-1"))
    ids += await log.write(53)
    await log.follow()
    log.events.may_end.set()

    assert await asking == ids[1:]
    assert await odd is None


async def test_a_position_that_only_another_process_has_reached_is_waited_for(log: Log) -> None:
    await log.begin()
    ahead, further = await log.write(2)

    assert await log.since(ahead) == []
    await log.follow()
    assert await log.since(ahead) == [further]


async def test_what_is_forgotten_while_it_is_reached_back_for_stays_so(log: Log) -> None:
    ids = await log.write(10)
    await log.begin()

    log.events.may_end.clear()
    asking = asyncio.create_task(log.since(ids[3]))
    await log.events.has_begun.wait()
    ids += await log.write(1)
    await log.begin()
    log.events.may_end.set()

    assert await asking == ids[4:]
    assert await log.since(ids[2]) == ids[3:]


async def test_while_redis_is_away_all_who_need_it_are_told_so_at_once(log: Log) -> None:
    ids = await log.write(100)
    await log.begin()
    later = await log.write(2)
    await log.follow()
    log.events.is_away = True

    outcomes = await asyncio.gather(*(log.since(last) for last in ids[:-1]), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert log.events.reads == 1
    assert await log.since(ids[-1]) == later
    log.events.is_away = False
    assert await log.since(ids[0]) == [*ids[1:], *later]


async def test_each_topic_is_told_of_its_own(log: Log) -> None:
    [before] = await log.write(1)
    await log.begin()
    [spring], [autumn] = await log.write(1, "spring"), await log.write(1, "autumn")
    [other] = await log.write(1, "spring", "globex")
    await log.follow()
    happened = await log.history.since(before) or []

    def told(topic: tuple[str, str]) -> list[str]:
        return [each.id for each in concerning(topic, happened)]

    assert told(("acme", "spring")) == [spring]
    assert told(("acme", "")) == [spring, autumn]
    assert told(EVERYTHING) == [spring, autumn, other]
    assert told(several(["globex"])) == [other]
    assert told(several(["globex", "acme"])) == [spring, autumn, other]
