"""Live on every server: what the script tells when servers report, lag, leave, fall silent, and Redis forgets."""

from typing import Any

import msgspec
import pytest

from shared.connection import Client
from shared.keys import Keys
from shared.records import Served
from shared.scripts import run
from shared.servers import MOST_TOLD, report
from shared.streams import position
from tests.conftest import wait_until
from tests.integration.server.conftest import TRACE, Publisher
from tests.integration.server.test_witness import held
from tests.stores import Stores

pytestmark = pytest.mark.redis7

# Heartbeats of no length: every report is a look.
BOUNDS = (0, 3_600_000)
LOOKS = 7


class Fleet:
    """Servers that report what a test lets them.

    Args:
        client, keys: of the test.
    """

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def newest(self) -> str:
        """The newest event's position."""
        found = await self._client.xrevrange(self._keys.events(0), count=1)
        return str(found[0][0].decode()) if found else "0-0"

    async def report(self, server: str, at: str | None = None, heartbeat_ms: int = 0) -> list[int]:
        """Let a server say that it has applied everything, or everything up to a position."""
        at = await self.newest() if at is None else at
        bounds = (heartbeat_ms, BOUNDS[1])
        answer: list[int] = await run(self._client, report(self._keys, 0, server, at, bounds))
        return answer

    async def leave(self, server: str) -> None:
        await self.report(server, "")

    async def become_known(self, *servers: str) -> None:
        """Let servers report until it is known which there are."""
        for _ in range(LOOKS):
            for server in servers:
                await self.report(server)

    async def told(self) -> list[dict[str, Any]]:
        """The page-served events, oldest first."""
        found = [fields for _, fields in await self._client.xrange(self._keys.events(0))]
        return [msgspec.json.decode(fields[b"data"]) for fields in found if fields[b"type"] == b"page-served"]

    async def told_seqs(self) -> list[int]:
        return [event["seq"] for event in await self.told()]


@pytest.fixture
def fleet(client: Client, keys: Keys) -> Fleet:
    return Fleet(client, keys)


async def served(stores: Stores, seq: int = 1) -> Served | None:
    return (await stores.publications.show("acme", "spring", seq)).served


async def test_the_word_comes_when_the_last_server_has_it(fleet: Fleet, publisher: Publisher, stores: Stores) -> None:
    await fleet.become_known("one", "two", "three")
    before = await fleet.newest()
    seq = await publisher.publish(b"page")

    await fleet.report("one")
    await fleet.report("two", before)
    await fleet.report("three")
    assert await fleet.told() == []
    assert await served(stores) == Served(servers=2, of=3, at=0, missing=["two"])

    await fleet.report("two")
    [event] = await fleet.told()
    publication = await stores.publications.show("acme", "spring", seq)
    assert (event["seq"], event["version"], event["state"], event["servers"], event["of"]) == (1, 1, "live", 3, 3)
    assert event["accepted_at"] == publication.steps[0].at
    assert publication.served == Served(servers=3, of=3, at=event["at"])
    assert (publication.state, [step.state for step in publication.steps]) == ("live", ["queued", "live"])


async def test_the_event_carries_the_trace_of_the_publish(
    fleet: Fleet, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await fleet.become_known("one")
    await publisher.publish(b"page")
    await fleet.report("one")

    [(_, newest)] = await client.xrevrange(keys.events(0), count=1)
    assert newest[b"type"] == b"page-served"
    assert newest[b"traceparent"].split(b"-")[1] == TRACE.split("-")[1].encode()


async def test_each_publication_is_told_of_once_and_in_order_although_newer_ones_took_its_place(
    fleet: Fleet, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await fleet.become_known("one", "two")
    for body in (b"1", b"2"):
        await publisher.publish(body)
    await publisher.unpublish()
    for server in ("one", "two", "one", "two"):
        await fleet.report(server)

    assert await fleet.told_seqs() == [1, 2, 3]
    assert await client.llen(keys.unserved(0)) == 0


async def test_a_position_in_the_middle_tells_of_what_lies_before_it(fleet: Fleet, publisher: Publisher) -> None:
    await fleet.become_known("one")
    await publisher.publish(b"1")
    middle = await fleet.newest()
    await publisher.publish(b"2")

    await fleet.report("one", middle)

    assert await fleet.told_seqs() == [1]


async def test_both_parts_of_a_position_count_as_numbers(
    fleet: Fleet, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await fleet.become_known("one")
    await publisher.publish(b"1")
    [waiting] = [msgspec.json.decode(item) for item in await client.lrange(keys.unserved(0), 0, -1)]
    ms = int((await fleet.newest()).partition("-")[0]) + 60_000
    for number in (9, 10, 11):
        await client.xadd(keys.events(0), {"type": "x", "data": "{}"}, id=f"{ms}-{number}")
    await client.lset(keys.unserved(0), 0, msgspec.json.encode({**waiting, "position": f"{ms}-10"}))

    await fleet.report("one", f"{ms}-9")
    await fleet.report("one", f"{ms // 10}-9999999")
    assert await fleet.told_seqs() == []

    await fleet.report("one", f"{ms}-11")
    assert await fleet.told_seqs() == [1]


async def test_without_a_server_nothing_is_said(fleet: Fleet, publisher: Publisher, stores: Stores) -> None:
    await fleet.become_known("one")
    await fleet.leave("one")
    await publisher.publish(b"page")
    await fleet.leave("one")

    assert await fleet.told() == []
    assert await served(stores) == Served(servers=0, of=0)

    await fleet.report("two")
    assert await fleet.told_seqs() == [1]


async def test_a_server_that_leaves_is_not_waited_for(fleet: Fleet, publisher: Publisher, stores: Stores) -> None:
    await fleet.become_known("one", "two")
    before = await fleet.newest()
    await publisher.publish(b"page")
    await fleet.report("one")
    await fleet.report("two", before)

    await fleet.leave("two")

    [event] = await fleet.told()
    assert (event["servers"], event["of"]) == (1, 1)
    assert await served(stores) == Served(servers=1, of=1, at=event["at"])


async def test_a_server_that_falls_silent_is_waited_for_and_then_named(
    fleet: Fleet, publisher: Publisher, stores: Stores, client: Client, keys: Keys
) -> None:
    await fleet.become_known("one", "two")
    await publisher.publish(b"page")

    for _ in range(LOOKS - 1):
        await fleet.report("one")
    assert await fleet.told() == []

    await fleet.report("one")
    [event] = await fleet.told()
    assert (event["servers"], event["of"]) == (1, 2)
    assert await served(stores) == Served(servers=1, of=2, at=event["at"], missing=["two"])
    # Of what comes later it was never to be one.
    await publisher.publish(b"next")
    await fleet.report("one")
    assert await served(stores, 2) == Served(servers=1, of=1, at=(await fleet.told())[-1]["at"])
    assert sorted(await client.hkeys(keys.applied(0))) == [b":looks", b"one"]


async def test_a_silent_server_that_reports_again_counts_again(fleet: Fleet, publisher: Publisher) -> None:
    await fleet.become_known("one", "two")
    before = await fleet.newest()
    for _ in range(LOOKS):
        await fleet.report("one")
    await fleet.report("two", before)

    await publisher.publish(b"page")
    await fleet.report("one")
    assert await fleet.told() == []
    await fleet.report("two")
    assert [event["of"] for event in await fleet.told()] == [2]


async def test_a_server_that_joins_with_nothing_applied_is_waited_for(fleet: Fleet, publisher: Publisher) -> None:
    await fleet.become_known("one")
    await publisher.publish(b"page")

    await fleet.report("two", "0-0")
    await fleet.report("one")
    assert await fleet.told() == []

    await fleet.report("two")
    assert [event["servers"] for event in await fleet.told()] == [2]


async def test_reports_in_quick_succession_silence_nobody(fleet: Fleet, publisher: Publisher) -> None:
    """As after an outage: what one server had sent meanwhile arrives at once."""
    await fleet.become_known("one", "two")
    await publisher.publish(b"page")

    for _ in range(50):
        await fleet.report("one", heartbeat_ms=60_000)

    assert await fleet.told() == []


@pytest.mark.parametrize("jump_ms", [-7_200_000, 7_200_000])
async def test_a_clock_that_jumps_silences_nobody(
    fleet: Fleet, publisher: Publisher, client: Client, keys: Keys, jump_ms: int
) -> None:
    await fleet.become_known("one", "two")
    await publisher.publish(b"page")
    looks, looked_at = (await client.hget(keys.applied(0), ":looks")).split()
    await client.hset(keys.applied(0), ":looks", b"%b %d" % (looks, int(looked_at) - jump_ms))

    for _ in range(50):
        await fleet.report("one", heartbeat_ms=60_000)
    assert await fleet.told() == []

    await fleet.report("two", heartbeat_ms=60_000)
    assert await fleet.told_seqs() == [1]


async def test_a_clock_that_was_set_back_keeps_no_silent_server(
    fleet: Fleet, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await fleet.become_known("one", "two")
    await publisher.publish(b"page")
    looks, looked_at = (await client.hget(keys.applied(0), ":looks")).split()
    await client.hset(keys.applied(0), ":looks", b"%b %d" % (looks, int(looked_at) + 7_200_000))

    for _ in range(LOOKS):
        await fleet.report("one")

    assert [(event["servers"], event["of"]) for event in await fleet.told()] == [(1, 2)]


async def test_who_fell_silent_is_missed_by_what_was_live_before_and_not_by_what_came_later(
    fleet: Fleet, publisher: Publisher, stores: Stores
) -> None:
    await fleet.become_known("one", "silent", "slow")
    before = await fleet.newest()
    await publisher.publish(b"1")
    for _ in range(LOOKS):
        await fleet.report("one")
        await fleet.report("slow", before)
    await publisher.publish(b"2")

    assert await served(stores, 1) == Served(servers=1, of=3, missing=["silent", "slow"])
    assert await served(stores, 2) == Served(servers=0, of=2, missing=["one", "slow"])

    await fleet.report("one")
    await fleet.report("slow")
    assert [(event["seq"], event["servers"], event["of"]) for event in await fleet.told()] == [(1, 2, 3), (2, 2, 2)]


async def test_what_waits_twice_is_told_of_once(fleet: Fleet, publisher: Publisher, client: Client, keys: Keys) -> None:
    await fleet.become_known("one")
    await publisher.publish(b"page")
    await client.rpush(keys.unserved(0), await client.lindex(keys.unserved(0), 0))

    await fleet.report("one")

    assert await fleet.told_seqs() == [1]


async def test_a_redis_that_was_emptied_tells_nothing_before_every_server_can_have_reported(
    fleet: Fleet, publisher: Publisher, stores: Stores, client: Client
) -> None:
    await fleet.become_known("one", "two")
    await publisher.publish(b"page")
    old = await fleet.newest()
    await client.flushall()

    async def is_later() -> bool:
        """A position is a time, and one of the same millisecond would be taken for one of this history."""
        seconds, microseconds = await client.time()
        return bool(seconds * 1000 + microseconds // 1000 > position(old)[0])

    await wait_until(is_later)
    await stores.witnesses.lift([held(7, 4)], TRACE)
    for _ in range(LOOKS - 1):
        await fleet.report("one")
    assert await fleet.told() == []

    await fleet.report("two", old)
    await fleet.report("one")
    assert await fleet.told() == []
    await fleet.report("two")
    assert [(event["seq"], event["servers"]) for event in await fleet.told()] == [(7, 2)]


async def test_a_redis_that_was_restored_waits_for_the_servers_of_then_and_of_now(
    fleet: Fleet, publisher: Publisher, client: Client
) -> None:
    await fleet.become_known("then", "both")
    await publisher.publish(b"1")
    file = {key: await client.dump(key) for key in await client.keys("*")}
    for server in ("then", "both"):
        await fleet.report(server)
    await fleet.leave("then")
    await publisher.publish(b"lost")
    followed = await fleet.newest()
    await client.flushall()
    for key, dumped in file.items():
        await client.restore(key, 0, dumped)

    # What a server had applied beyond the file counts for nothing, until it has found its place in this history.
    await fleet.report("both", followed)
    await fleet.report("now")
    assert await fleet.told() == []
    for _ in range(LOOKS):
        await fleet.report("both")
        await fleet.report("now")
    assert [(event["seq"], event["servers"], event["of"]) for event in await fleet.told()] == [(1, 2, 3)]

    # The same seq again is another publication, of this history.
    await publisher.publish(b"2")
    await fleet.report("both", followed)
    await fleet.report("now")
    assert await fleet.told_seqs() == [1]
    await fleet.report("both")
    assert await fleet.told_seqs() == [1, 2]


async def test_a_page_written_back_as_taken_off_is_told_of_too(fleet: Fleet, stores: Stores, client: Client) -> None:
    await fleet.become_known("one")

    assert await stores.witnesses.lift([held(3, 0, top_version=2, built_at=0, etag="", csp="")], TRACE) == ["live"]
    await fleet.report("one")

    assert await fleet.told_seqs() == [3]


async def test_a_position_of_another_history_counts_for_nothing(fleet: Fleet, publisher: Publisher) -> None:
    """A Redis that was emptied while its clock was set back: what was applied before is no sign of what comes now."""
    await fleet.become_known("one")
    await publisher.publish(b"page")

    await fleet.report("one", "9999999999999-0")
    assert await fleet.told() == []

    await fleet.report("one")
    assert await fleet.told_seqs() == [1]


async def test_a_report_made_twice_changes_nothing_more(
    fleet: Fleet, publisher: Publisher, client: Client, keys: Keys
) -> None:
    await fleet.become_known("one")
    await publisher.publish(b"page")
    at = await fleet.newest()
    await fleet.report("one", at)
    before = {key: await client.dump(key) for key in await client.keys("*") if key != keys.applied(0).encode()}

    await fleet.report("one", at)

    assert before == {key: await client.dump(key) for key in await client.keys("*") if key != keys.applied(0).encode()}


async def test_a_backlog_is_told_of_a_part_at_a_time(fleet: Fleet, publisher: Publisher) -> None:
    for _ in range(MOST_TOLD + 1):
        await publisher.publish(b"page")
    await fleet.become_known("one")
    assert len(await fleet.told()) == MOST_TOLD

    assert await fleet.report("one") == [1, 0]
    assert await fleet.told_seqs() == list(range(1, MOST_TOLD + 2))


async def test_what_waits_is_bounded(client: Client, keys: Keys, fleet: Fleet, publisher: Publisher) -> None:
    await client.rpush(
        keys.unserved(0), *[b'{"position":"1-0","publications":"x","site":"a","page":"b","seq":1}'] * 10_000
    )

    await publisher.publish(b"page")

    assert await client.llen(keys.unserved(0)) == 10_000


@pytest.mark.parametrize("waiting", [b"not json", b"7", b"{}", b'{"position":"1-0","publications":"x","seq":1}'])
async def test_what_cannot_be_told_of_is_passed_over(
    client: Client, keys: Keys, fleet: Fleet, publisher: Publisher, waiting: bytes
) -> None:
    await fleet.become_known("one")
    await client.rpush(keys.unserved(0), waiting)
    await publisher.publish(b"page")

    await fleet.report("one")

    assert await fleet.told_seqs() == [1]


async def test_going_back_and_taking_off_say_on_how_many_servers_they_are(
    fleet: Fleet, publisher: Publisher, stores: Stores
) -> None:
    await publisher.publish(b"1")
    await publisher.publish(b"2")
    await fleet.become_known("one", "two")
    back = await publisher.republish(1)
    state = await stores.pages.snapshot("acme", "spring")
    assert back.publication is not None
    assert back.publication.served is None
    assert state.wanted is not None
    assert state.live is not None
    assert state.wanted.served == state.live.served == Served(servers=0, of=2, missing=["one", "two"])

    await publisher.unpublish()
    for server in ("one", "two"):
        await fleet.report(server)

    listed = (await stores.publications.listed("acme", "spring", 0, 10)).items
    assert [(found.seq, found.served.servers) for found in listed] == [(4, 2), (3, 2), (2, 2), (1, 2)]
