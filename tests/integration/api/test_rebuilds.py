"""Rebuilds and builders over HTTP."""

import httpx2
import msgspec
import pytest

from shared.builders import Doing, is_quiet
from shared.connection import Client
from shared.keys import BUILDERS, beat
from tests.integration.api.conftest import V1, publish

pytestmark = pytest.mark.redis7

REBUILDS = f"{V1}/sites/acme/rebuilds"


async def test_a_rebuild_is_begun_seen_and_called_off(web: httpx2.AsyncClient, site: None) -> None:
    await publish(web)

    begun = await web.post(REBUILDS, headers={"idempotency-key": "once"})
    again = await web.post(REBUILDS, headers={"idempotency-key": "once"})

    assert (begun.status_code, begun.json()["number"], begun.json()["state"]) == (202, 1, "running")
    assert again.headers["idempotency-replayed"] == "true"
    assert (await web.get(begun.headers["location"])).json()["total"] == 1
    assert [item["number"] for item in (await web.get(REBUILDS)).json()["items"]] == [1]
    called_off = await web.delete(begun.headers["location"])
    assert (called_off.status_code, called_off.json()["state"]) == (200, "cancelled")


async def test_a_second_rebuild_says_which_one_to_wait_for(web: httpx2.AsyncClient, site: None) -> None:
    await web.post(REBUILDS)

    second = await web.post(REBUILDS)

    assert second.status_code == 409
    assert "Rebuild 1" in second.json()["detail"]
    assert "DELETE …/rebuilds/1" in second.json()["errors"][0]["mend"]


@pytest.mark.parametrize(("method", "path", "status"), [
    ("POST", f"{V1}/sites/nope/rebuilds", 404),
    ("GET", f"{V1}/sites/nope/rebuilds", 404),
    ("GET", f"{REBUILDS}/7", 404),
    ("DELETE", f"{REBUILDS}/7", 404),
    ("GET", f"{REBUILDS}/x", 422),
    ("POST", f"{V1}/builders/nobody/quiet", 404),
    ("DELETE", f"{V1}/builders/nobody/quiet", 404),
    ("POST", f"{V1}/builders/a%20b/quiet", 422),
])  # fmt: skip
async def test_what_is_not_there_is_said_to_be_so(
    web: httpx2.AsyncClient, site: None, method: str, path: str, status: int
) -> None:
    answer = await web.request(method, path)

    assert answer.status_code == status
    assert answer.json()["detail"]


async def test_builders_are_listed_and_the_dead_are_swept(web: httpx2.AsyncClient, client: Client) -> None:
    for name in ("b1", "dead"):
        await client.hset(BUILDERS, name, msgspec.json.encode(Doing(builder=name, pid=1, host="h", built=3)))
    await client.set(beat("b1"), 5)

    listed = (await web.get(f"{V1}/builders")).json()["items"]

    assert [(doing["builder"], doing["built"]) for doing in listed] == [("b1", 3)]
    assert await client.hkeys(BUILDERS) == [b"b1"]


@pytest.mark.parametrize("told", ["b1", "all"])
async def test_a_builder_is_told_to_be_quiet_and_to_go_on(web: httpx2.AsyncClient, client: Client, told: str) -> None:
    await client.hset(BUILDERS, "b1", msgspec.json.encode(Doing(builder="b1", pid=1, host="h")))
    await client.set(beat("b1"), 5)

    quiet = await web.post(f"{V1}/builders/{told}/quiet")

    assert quiet.status_code == 202
    assert [doing["builder"] for doing in quiet.json()["items"]] == ["b1"]
    assert await is_quiet(client, "b1")
    assert (await web.delete(f"{V1}/builders/{told}/quiet")).status_code == 202
    assert not await is_quiet(client, "b1")


async def test_all_builders_can_be_quiet_before_there_is_one(web: httpx2.AsyncClient, client: Client) -> None:
    assert (await web.post(f"{V1}/builders/all/quiet")).json()["items"] == []
    assert await is_quiet(client, "whoever comes")
