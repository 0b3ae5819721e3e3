"""The scripts by themselves: what one publish, one commit, one fence does to the data."""

import asyncio
import json
from typing import Any

import pytest

from shared.connection import Client
from shared.errors import Conflict, IdempotencyMismatch, NotFound
from shared.idempotency import Request
from shared.keys import GROUP, Keys
from shared.scripts import Call, run, script
from tests.stores import Stores

pytestmark = pytest.mark.redis7

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def asking(key: str = "k1", fingerprint: str = "f1", actor: str = "ada") -> Request:
    return Request(actor, TRACE, key, fingerprint)


@pytest.fixture
async def site(stores: Stores, client: Client, keys: Keys) -> str:
    await stores.sites.create("acme", "Acme", asking("site"))
    for partition in range(keys.partitions):
        await client.xgroup_create(keys.builds(partition), GROUP, id="0", mkstream=True)
    return "acme"


async def publish(stores: Stores, key: str, config: bytes = b'{"title":"A"}') -> Any:
    return await stores.publishing.save("acme", "spring", config, "", publish=True, request=asking(key))


async def take(client: Client, keys: Keys, builder: str = "b1") -> list[tuple[str, dict[str, Any]]]:
    """Read all waiting entries as a builder: (entry id, event)."""
    answer = await client.xreadgroup(GROUP, builder, {keys.builds(0): ">"}, count=100)
    return [(id_.decode(), json.loads(fields[b"data"])) for _, entries in answer for id_, fields in entries]


async def commit(client: Client, keys: Keys, entry: str, seq: int, body: bytes) -> bytes:
    site, page = "acme", "spring"
    names = [keys.head(site, page), keys.publications(site, page), keys.page(site, page), keys.artifacts(site, page)]
    arguments = [site, page, seq, entry, GROUP, "b1", TRACE, 3_600_000, f"etag-{seq}", "csp", len(body), 1.5, body, 2]
    names += [keys.builds(0), keys.events(0), keys.open(0), keys.rebuilds(site), keys.unserved(0)]
    answer = await run(client, Call(script("commit"), names, arguments))
    return bytes(answer[0])


async def events(client: Client, keys: Keys) -> list[tuple[str, int]]:
    """(type, seq) of everything that happened."""
    found = await client.xrange(keys.events(0))
    return [(fields[b"type"].decode(), json.loads(fields[b"data"])["seq"]) for _, fields in found]


async def test_a_publish_stores_version_publication_and_event_together(
    stores: Stores, client: Client, keys: Keys, site: str
) -> None:
    accepted = await publish(stores, "k1")

    assert accepted.version.number == 1
    assert (accepted.publication.seq, accepted.publication.state) == (1, "queued")
    assert accepted.publication.trace == "0af7651916cd43dd8448eb211c80319c"
    assert bytes((await stores.versions.show(site, "spring", 1)).config) == b'{"title":"A"}'
    [(_, work)] = await take(client, keys)
    assert (work["type"], work["seq"], work["version"]) == ("config-published", 1, 1)
    assert await events(client, keys) == [("config-published", 1)]


async def test_a_version_saved_without_publishing_queues_nothing(
    stores: Stores, client: Client, keys: Keys, site: str
) -> None:
    accepted = await stores.publishing.save(site, "spring", b"{}", "later", publish=False, request=asking())

    assert accepted.version.note == "later"
    assert accepted.publication is None
    assert await take(client, keys) == []


async def test_nothing_is_stored_for_a_site_that_does_not_exist(stores: Stores, client: Client) -> None:
    with pytest.raises(NotFound):
        await publish(stores, "k1")

    assert await client.dbsize() == 0


async def test_the_same_key_makes_one_version_however_often_it_comes(stores: Stores, site: str) -> None:
    accepted = await asyncio.gather(*(publish(stores, "same") for _ in range(40)))

    assert {answer.version.number for answer in accepted} == {1}
    assert sum(not answer.replayed for answer in accepted) == 1


async def test_the_same_key_with_another_request_is_refused(
    stores: Stores, client: Client, keys: Keys, site: str
) -> None:
    await publish(stores, "k1")

    with pytest.raises(IdempotencyMismatch):
        await stores.publishing.save(site, "spring", b"{}", "", publish=True, request=asking("k1", "f2"))

    assert len(await take(client, keys)) == 1


async def test_two_actors_may_choose_the_same_key(stores: Stores, site: str) -> None:
    first = await stores.publishing.save(site, "spring", b"{}", "", publish=False, request=asking("k", actor="ada"))
    second = await stores.publishing.save(site, "spring", b"{}", "", publish=False, request=asking("k", actor="bob"))

    assert (first.version.number, second.version.number) == (1, 2)  # type: ignore[union-attr]


async def test_a_late_commit_never_replaces_a_newer_page(stores: Stores, client: Client, keys: Keys, site: str) -> None:
    await publish(stores, "k1")
    await publish(stores, "k2")
    (old_entry, _), (new_entry, _) = await take(client, keys)

    assert await commit(client, keys, new_entry, 2, b"new") == b"live"
    assert await commit(client, keys, old_entry, 1, b"old") == b"superseded"

    [page] = await stores.published.read([(site, "spring")])
    assert page is not None
    assert (page.seq, page.body) == (2, b"new")
    assert (await stores.publications.show(site, "spring", 1)).superseded_by == 2
    assert await client.xlen(keys.builds(0)) == 0
    assert (await client.xpending(keys.builds(0), GROUP))["pending"] == 0


async def test_a_commit_run_twice_emits_page_built_once(stores: Stores, client: Client, keys: Keys, site: str) -> None:
    await publish(stores, "k1")
    [(entry, _)] = await take(client, keys)

    assert await commit(client, keys, entry, 1, b"page") == b"live"
    assert await commit(client, keys, entry, 1, b"page") == b"ended"

    assert (await events(client, keys)).count(("page-built", 1)) == 1


async def test_an_entry_that_a_newer_publication_overtook_is_not_built(
    stores: Stores, client: Client, keys: Keys, site: str
) -> None:
    await publish(stores, "k1")
    await publish(stores, "k2")
    (entry, _), _ = await take(client, keys)

    names = [keys.site(site), keys.head(site, "spring"), keys.versions(site, "spring")]
    names += [keys.publications(site, "spring"), keys.builds(0), keys.events(0), keys.open(0), keys.rebuilds(site)]
    names += [keys.delayed(0)]
    answer = await run(client, Call(script("start"), names, [site, "spring", 1, entry, GROUP, "b1", TRACE, 3_600_000]))

    assert answer == [b"superseded"]
    assert (await stores.publications.show(site, "spring", 1)).state == "superseded"
    assert await client.xlen(keys.builds(0)) == 1


async def test_going_back_is_live_at_once_without_a_builder(
    stores: Stores, client: Client, keys: Keys, site: str
) -> None:
    for number in (1, 2):
        await publish(stores, f"k{number}")
        [(entry, _)] = await take(client, keys)
        await commit(client, keys, entry, number, b"body %d" % number)

    accepted = await stores.publishing.republish(site, "spring", 1, asking("back"))

    assert accepted.publication is not None
    assert (accepted.publication.seq, accepted.publication.state, accepted.publication.cause) == (3, "live", "rollback")
    [page] = await stores.published.read([(site, "spring")])
    assert page is not None
    assert (page.seq, page.version, page.body, page.etag) == (3, 1, b"body 1", "etag-1")
    assert await take(client, keys) == []


async def test_publishing_the_live_version_again_asks_for_a_new_build(
    stores: Stores, client: Client, keys: Keys, site: str
) -> None:
    await publish(stores, "k1")
    [(entry, _)] = await take(client, keys)
    await commit(client, keys, entry, 1, b"body")

    accepted = await stores.publishing.republish(site, "spring", 1, asking("again"))

    assert accepted.publication is not None
    assert (accepted.publication.state, accepted.publication.cause) == ("queued", "refresh")


async def test_only_the_newest_artifacts_and_the_live_one_are_kept(
    stores: Stores, client: Client, keys: Keys, site: str
) -> None:
    for number in range(1, 7):
        await publish(stores, f"k{number}")
        [(entry, _)] = await take(client, keys)
        await commit(client, keys, entry, number, b"x")

    kept = {int(field) for field in await client.hkeys(keys.artifacts(site, "spring")) if field.isdigit()}
    assert kept == {4, 5, 6}


async def test_unpublishing_leaves_a_tombstone_that_late_builds_cannot_pass(
    stores: Stores, client: Client, keys: Keys, site: str
) -> None:
    await publish(stores, "k1")
    [(entry, _)] = await take(client, keys)
    await commit(client, keys, entry, 1, b"page")
    await publish(stores, "k2")
    [(late, _)] = await take(client, keys)

    await stores.publishing.unpublish(site, "spring", asking("off"))

    assert await commit(client, keys, late, 2, b"late") == b"superseded"
    [page] = await stores.published.read([(site, "spring")])
    assert page is not None
    assert page.is_gone
    assert page.seq == 3
    assert ("page-unpublished", 3) in await events(client, keys)


async def test_there_is_nothing_to_unpublish_where_nothing_is_live(stores: Stores, site: str) -> None:
    await publish(stores, "k1")

    with pytest.raises(Conflict):
        await stores.publishing.unpublish(site, "spring", asking("off"))


async def test_a_version_that_does_not_exist_cannot_be_published(stores: Stores, site: str) -> None:
    await publish(stores, "k1")

    with pytest.raises(NotFound, match="version '9'"):
        await stores.publishing.republish(site, "spring", 9, asking("k9"))


async def test_times_are_whole_milliseconds_of_redis(stores: Stores, client: Client, site: str) -> None:
    before = await client.time()
    accepted = await publish(stores, "k1")
    after = await client.time()

    [step] = accepted.publication.steps
    assert before[0] * 1000 <= step.at <= (after[0] + 1) * 1000
    assert (step.state, step.by) == ("queued", "ada")


async def test_while_no_event_is_old_none_is_looked_for(stores: Stores, client: Client, keys: Keys, site: str) -> None:
    """Redis would look through the whole stream for what stands before its first entry, at each publish."""
    await publish(stores, "k1")
    await client.config_resetstat()

    await publish(stores, "k2")

    assert "cmdstat_xrevrange" not in await client.info("commandstats")
