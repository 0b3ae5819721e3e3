"""What visitors got when, and how long a publication has yet to wait."""

import json
from typing import Any

import httpx2
import pytest

from shared import keys as names
from shared.backlog import per_page_ms
from shared.connection import Client
from shared.keys import Keys
from shared.timeline import live_at
from tests.integration.api.building import build_all
from tests.integration.api.conftest import PAGE, V1, publish
from tests.integration.api.entries import fail_for_now, start, take

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]


async def record(client: Client, keys: Keys, *publications: tuple[int, int, int | None], newest: int = 0) -> None:
    """Write publications (seq, accepted, live or None) of versions of the same numbers; what is live is the last."""
    mapping = {}
    for seq, accepted, live in publications:
        steps = [{"state": "queued", "at": accepted}]
        steps.append({"state": "superseded", "at": accepted + 1} if live is None else {"state": "live", "at": live})
        about = {"seq": seq, "version": seq, "state": steps[-1]["state"], "cause": "publish", "steps": steps}
        mapping[str(seq)] = json.dumps(about)
    await client.hset(keys.publications("acme", "spring"), mapping=mapping)
    await client.hset(keys.head("acme", "spring"), mapping={"live_seq": newest or publications[-1][0], "version": 1})


async def version_at(client: Client, keys: Keys, at: int) -> int:
    return (await live_at(client, keys, "acme", "spring", at)).version


# Time travel


async def test_each_instant_has_what_was_live_then(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    for _ in range(2):
        await publish(web)
        await build_all(client, keys)
    await web.delete(f"{PAGE}/publications/live")
    went_live = []
    for seq in (1, 2, 3):
        went_live.append((await web.get(f"{PAGE}/publications/{seq}")).json()["steps"][-1]["at"])

    answers = [(await web.get(f"{PAGE}/live", params={"at": at})).json() for at in [went_live[0] - 1000, *went_live]]

    # Two may have gone live in one millisecond; then the later one was what stayed.
    expected = [max(seq for seq in (1, 2, 3) if went_live[seq - 1] <= at) for at in went_live]
    assert (answers[0]["version"], answers[0]["publication"]) == (0, None)
    assert [answer["publication"]["seq"] for answer in answers[1:]] == expected
    assert (answers[3]["version"], answers[3]["publication"]["cause"]) == (0, "unpublish")


async def test_a_publication_counts_from_when_it_went_live_not_from_when_it_was_accepted(
    client: Client, keys: Keys
) -> None:
    await record(client, keys, (1, 100, 150), (2, 200, 900), (3, 1000, 1001))

    assert [await version_at(client, keys, at) for at in (149, 150, 200, 899, 900, 1000, 1001, 5000)] == [
        *(0, 1, 1, 1),
        *(2, 2, 3, 3),
    ]


@pytest.mark.parametrize("gap", [1, 63, 64, 65, 500])
async def test_what_never_went_live_is_passed_over_however_much_it_is(client: Client, keys: Keys, gap: int) -> None:
    between = [(seq, 10 * seq, None) for seq in range(2, 2 + gap)]
    last = 2 + gap
    await record(client, keys, (1, 10, 15), *between, (last, 10 * last, 10 * last + 5))

    assert await version_at(client, keys, 10 * last + 4) == 1
    assert await version_at(client, keys, 10 * last + 5) == last


@pytest.mark.parametrize("kept", [(1, 2, 900), (900,), (1, 450, 451, 900)])
async def test_gaps_that_a_restore_left_are_passed_over(client: Client, keys: Keys, kept: tuple[int, ...]) -> None:
    await record(client, keys, *((seq, 10 * seq, 10 * seq + 5) for seq in kept))

    for seq, after in zip(kept, (*kept[1:], 10_000), strict=True):
        assert await version_at(client, keys, 10 * seq + 5) == seq
        assert await version_at(client, keys, 10 * after + 4) == seq


async def test_a_hundred_thousand_publications_cost_a_few_round_trips(client: Client, keys: Keys) -> None:
    for first in range(1, 100_001, 10_000):
        await record(client, keys, *((seq, 10 * seq, 10 * seq + 3) for seq in range(first, first + 10_000)))
    await version_at(client, keys, 0)  # Redis knows the script from here on
    before = await scripts(client)

    assert await version_at(client, keys, 10 * 54_321 + 7) == 54_321

    assert await scripts(client) - before == 1


async def test_a_hundred_thousand_that_failed_cost_two_dozen(client: Client, keys: Keys) -> None:
    for first in range(2, 100_002, 10_000):
        await record(client, keys, *((seq, 10 * seq, None) for seq in range(first, first + 10_000)))
    await record(client, keys, (1, 10, 15), newest=100_002)
    await version_at(client, keys, 0)  # Redis knows the script from here on
    before = await scripts(client)

    assert await version_at(client, keys, 2_000_000) == 1

    assert await scripts(client) - before <= 26


async def scripts(client: Client) -> int:
    """How many scripts Redis has been asked to run."""
    stats = await client.info("commandstats")
    return sum(int(found["calls"]) for name, found in stats.items() if name in {"cmdstat_eval", "cmdstat_evalsha"})


@pytest.mark.parametrize("at", ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "1767225600000"])
async def test_an_instant_is_asked_for_with_its_offset_or_in_milliseconds(web: httpx2.AsyncClient, at: str) -> None:
    await publish(web)

    answer = await web.get(f"{PAGE}/live", params={"at": at})

    assert answer.json() == {"at": 1767225600000, "version": 0, "publication": None}


@pytest.mark.parametrize("query", ["", "?at=", "?at=yesterday", "?at=2026-01-01T00:00:00"])
async def test_what_is_no_instant_is_refused(web: httpx2.AsyncClient, query: str) -> None:
    await publish(web)

    answer = await web.get(f"{PAGE}/live{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter")


async def test_a_page_that_does_not_exist_was_never_live(web: httpx2.AsyncClient) -> None:
    answer = await web.get(f"{PAGE}/live?at=0")

    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no page 'acme/spring'.")


# The queue


async def queue(web: httpx2.AsyncClient, page: str, seq: int = 1) -> Any:
    return (await web.get(f"{V1}/sites/acme/pages/{page}/publications/{seq}/queue")).json()


async def queue_pages(web: httpx2.AsyncClient, *pages: str) -> None:
    for page in pages:
        body = {"config": {"title": page}, "publish": True}
        assert (await web.post(f"{V1}/sites/acme/pages/{page}/versions", json=body)).status_code == 201


async def let_builders_live(client: Client, *states: str) -> None:
    for number, state in enumerate(states):
        said = {"builder": f"b{number}", "pid": 1, "host": "h", "state": state}
        await client.hset(names.BUILDERS, f"b{number}", json.dumps(said))
        await client.set(names.beat(f"b{number}"), 1)


async def test_those_accepted_before_are_ahead(web: httpx2.AsyncClient) -> None:
    await queue_pages(web, "a", "b", "c")

    assert [(await queue(web, page))["ahead"] for page in "abc"] == [0, 1, 2]


async def test_those_that_have_ended_are_not_ahead(web: httpx2.AsyncClient) -> None:
    await queue_pages(web, "a", "b", "c")

    await web.delete(f"{V1}/sites/acme/pages/a/publications/1")

    assert [(await queue(web, page))["ahead"] for page in "abc"] == [0, 0, 1]


async def test_what_is_built_in_bulk_is_not_ahead(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await client.zadd(keys.open(0), {f"acme/p{number}/1": number for number in range(300)})
    for number in range(300):
        await client.hset(keys.publications("acme", f"p{number}"), "1", '{"seq":1,"rebuild":7,"state":"queued"}')

    await queue_pages(web, "a", "b")

    assert [(await queue(web, page))["ahead"] for page in "ab"] == [0, 1]


async def test_without_a_builder_or_a_build_nobody_can_tell_how_long(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await queue_pages(web, "a")
    assert await queue(web, "a") == {"ahead": 0, "wait_ms": None, "builders": 0}
    await let_builders_live(client, "idle", "quiet", "draining")
    assert await queue(web, "a") == {"ahead": 0, "wait_ms": None, "builders": 1}

    await build_all(client, keys)
    await queue_pages(web, "b")

    # What builds one page in 1.5 ms (tests/integration/api/building.py) needs at most two, rounded up.
    assert await queue(web, "b") == {"ahead": 0, "wait_ms": 2, "builders": 1}


async def test_more_builders_are_quicker(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    await queue_pages(web, "a")
    await build_all(client, keys)
    await queue_pages(web, *(f"p{number}" for number in range(9)))
    await let_builders_live(client, "building", "idle")
    two = await queue(web, "p8")

    await let_builders_live(client, "building", "idle", "idle", "idle")

    assert (two["ahead"], two["wait_ms"]) == (8, 8)
    assert (await queue(web, "p8"))["wait_ms"] == 5


async def test_what_is_tried_again_or_begun_or_over_waits_for_nothing_that_is_known(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await publish(web)
    [entry] = await take(client, keys)
    await start(client, keys, entry)
    building = await queue(web, "spring")
    await fail_for_now(client, keys, entry)
    retrying = await queue(web, "spring")
    await web.delete(f"{PAGE}/publications/1")

    assert (building["ahead"], building["wait_ms"]) == (0, 0)
    assert (retrying["ahead"], retrying["wait_ms"]) == (0, None)
    assert (await queue(web, "spring"))["wait_ms"] == 0


async def test_the_queue_of_a_publication_that_does_not_exist_is_not_found(web: httpx2.AsyncClient) -> None:
    await publish(web)

    assert (await queue(web, "spring", 9))["detail"] == "There is no publication '9'."


def test_pages_of_one_batch_share_its_time() -> None:
    def built(by: str, build_ms: float) -> bytes:
        about = {"type": "page-built", "site": "a", "page": "b", "seq": 1, "version": 1, "state": "live", "at": 1}
        return json.dumps({**about, "by": by, "build_ms": build_ms}).encode()

    events = [built("b1", 40), built("b1", 40), built("b1", 40), built("b2", 10), built("b2", 0), b"not an event"]

    assert per_page_ms(events) == 12.5
    assert per_page_ms([]) is None
