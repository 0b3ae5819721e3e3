"""Dead letters over HTTP: found, looked at and removed, over all partitions."""

import base64
from typing import Any

import httpx2
import msgspec
import pytest

from shared import dead_letters
from shared.connection import Client
from shared.keys import Keys
from shared.settings import Settings
from tests.integration.api.conftest import V1, publish
from tests.integration.api.entries import fail_for_good, take
from tests.integration.api.people import sign_in_as
from tests.integration.api.test_audit import entries

pytestmark = pytest.mark.redis7

LETTERS = f"{V1}/dead-letters"
PARTITIONS = 3
FIELDS = "lane entry type data traceparent site page seq code reason pointer detail builder attempts"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, partitions=PARTITIONS)


@pytest.fixture
def keys() -> Keys:
    return Keys(PARTITIONS)


async def keep(client: Client, keys: Keys, letter: str, **fields: Any) -> str:
    """Keep a letter as builders do; its id."""
    partition, _, position = letter.partition("-")
    kept = dict.fromkeys(FIELDS.split(), "") | {"code": "undecodable"} | fields
    await client.xadd(keys.dead(int(partition)), kept, id=position)
    return letter


async def walk(web: httpx2.AsyncClient, **query: Any) -> list[list[str]]:
    """The ids in every stretch of the list."""
    found: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        listed = (await web.get(LETTERS, params={**query, **cursor})).json()
        found.append([item["id"] for item in listed["items"]])
        if listed["next"] is None:
            return found
        cursor = {"cursor": listed["next"]}


async def test_a_build_that_failed_for_good_is_found_and_read(
    web: httpx2.AsyncClient, client: Client, keys: Keys, site: None
) -> None:
    await publish(web)
    [taken] = await take(client, keys)
    await fail_for_good(client, keys, taken)

    [listed] = (await web.get(LETTERS)).json()["items"]
    whole = (await web.get(f"{LETTERS}/{listed['id']}")).json()

    assert (listed["site"], listed["page"], listed["seq"]) == ("acme", "spring", 1)
    assert (listed["code"], listed["reason"]) == ("render-timed-out", "It took too long.")
    assert whole.items() >= listed.items()
    assert (whole["builder"], whole["lane"], whole["entry"]) == ("b1", "interactive", taken.work.entry.id)
    assert (whole["type"], whole["encoding"]) == ("config-published", "utf-8")
    assert whole["data"].encode() == taken.work.entry.data
    assert whole["id"].startswith(f"{keys.partition('acme')}-{whole['at']}-")


async def test_the_newest_come_first_over_all_partitions_in_stretches(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    # Two partitions may have the same position.
    for letter in ("0-1-0", "1-1-0", "2-2-0", "0-3-0", "0-3-1", "2-3-1", "1-10-0"):
        await keep(client, keys, letter)
    newest_first = ["1-10-0", "2-3-1", "0-3-1", "0-3-0", "2-2-0", "1-1-0", "0-1-0"]

    for limit in range(1, 9):
        stretches = await walk(web, limit=limit)

        assert [letter for stretch in stretches for letter in stretch] == newest_first, limit
        assert max(map(len, stretches)) <= limit
        assert len(stretches) <= 7 // limit + 1
    assert await walk(web, limit=7) == [newest_first]


@pytest.mark.parametrize("bound", ["MOST_LOOKED_AT", "MOST_BYTES"])
async def test_one_answer_looks_at_a_bounded_number_and_the_list_goes_on_behind_it(
    web: httpx2.AsyncClient, client: Client, keys: Keys, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    # Where one partition is looked through less far than another, neither order nor letters may get lost.
    for at in range(1, 13):
        await keep(client, keys, f"0-{at}-0", code="rare" if at in {1, 6} else "often", data="x" * 1000)
    await keep(client, keys, "1-4-0", code="rare")
    await keep(client, keys, "2-11-0", code="often")
    monkeypatch.setattr(dead_letters, bound, 2 if bound == "MOST_LOOKED_AT" else 2000)

    stretches = await walk(web, code="rare")

    assert [letter for stretch in stretches for letter in stretch] == ["0-6-0", "1-4-0", "0-1-0"]
    assert len(stretches) >= 6
    assert sum(map(len, await walk(web))) == 14


async def test_letters_are_found_by_site_page_and_code(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    first = await keep(client, keys, "0-1-0", site="acme", page="spring", code="poison")
    second = await keep(client, keys, "0-2-0", site="acme", page="autumn", code="poison")
    third = await keep(client, keys, "1-3-0", site="other", page="spring", code="render-failed")

    assert await walk(web, site="acme") == [[second, first]]
    assert await walk(web, page="spring") == [[third, first]]
    assert await walk(web, site="acme", page="spring") == [[first]]
    assert await walk(web, code="poison", page="spring") == [[first]]
    assert await walk(web, site="nobody") == [[]]


async def test_what_is_not_utf_8_comes_as_base64_and_what_is_long_in_whole_only_by_itself(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    data, reason, lane = b"\xff\xfe \x00", "é" * 5_000, keys.builds(1, "bulk")
    letter = await keep(client, keys, "1-5-0", data=data, type=b"\xff", lane=lane, reason=reason, detail="Traceback …")

    [listed] = (await web.get(LETTERS)).json()["items"]
    whole = (await web.get(f"{LETTERS}/{letter}")).json()

    assert (whole["encoding"], base64.b64decode(whole["data"])) == ("base64", data)
    assert (whole["reason"], whole["traceback"], whole["type"]) == (reason, "Traceback …", "\ufffd")
    assert (whole["lane"], whole["site"], whole["seq"]) == ("bulk", "", 0)
    assert listed["reason"] == "é" * (dead_letters.LONGEST_BYTES // 2)
    assert not {"traceback", "data"} & listed.keys()


async def test_a_removed_letter_is_gone_and_its_neighbours_stay(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    letters = [await keep(client, keys, letter) for letter in ("0-1-0", "1-1-0", "1-1-1")]
    once = {"idempotency-key": "once"}

    removed = await web.delete(f"{LETTERS}/{letters[1]}", headers=once)
    again = await web.delete(f"{LETTERS}/{letters[1]}", headers=once)
    anew = await web.delete(f"{LETTERS}/{letters[1]}")
    another = await web.delete(f"{LETTERS}/{letters[2]}", headers=once)

    assert (removed.status_code, removed.json()) == (200, {"id": "1-1-0"})
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert (anew.status_code, another.status_code) == (404, 422)
    assert await walk(web) == [["1-1-1", "0-1-0"]]
    assert await client.ttl((await client.keys(keys.dead_idempotency(1, "*")))[0]) > 0
    noted = [entry for entry in await entries(web, 4) if entry["action"] == "removeDeadLetter"]
    assert [(entry["target"], entry["status"]) for entry in noted][-1] == ("1-1-0", 200)


@pytest.mark.parametrize("roles", [{"acme": "admin"}, {"acme": "operator"}, {"*": "publisher"}])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_whoever_does_not_operate_everything_reads_and_removes_none(
    web: httpx2.AsyncClient, client: Client, keys: Keys, roles: dict[str, str], method: str
) -> None:
    letter = await keep(client, keys, "0-1-0", site="acme", detail="Traceback …")
    headers = await sign_in_as(client, roles)

    answer = await web.request(method, f"{LETTERS}/{letter}", headers=headers)

    assert (answer.status_code, (await web.get(f"{LETTERS}?site=acme", headers=headers)).status_code) == (403, 403)
    assert "Traceback" not in answer.text
    assert await client.xlen(keys.dead(0)) == 1


@pytest.mark.parametrize(("method", "path", "status", "word"), [
    ("GET", "0-7-0", 404, "GET /-/api/v1/dead-letters"),
    ("DELETE", "0-7-0", 404, "GET /-/api/v1/dead-letters"),
    ("GET", f"{PARTITIONS}-7-0", 404, "GET /-/api/v1/dead-letters"),
    ("DELETE", f"{PARTITIONS}-7-0", 404, "GET /-/api/v1/dead-letters"),
    ("GET", f"0-{'9' * 15}-{'9' * 19}", 404, "GET /-/api/v1/dead-letters"),
    ("GET", "7-0", 422, "0-1767225600350-0"),
    ("DELETE", "0-+-0", 422, "0-1767225600350-0"),
    ("GET", "0-1-0%0A", 422, ""),
    ("GET", "٣-7-0", 422, "0-1767225600350-0"),
    ("GET", "?cursor=7-0", 422, "next"),
    ("GET", f"?cursor=0-{'9' * 15}-{'9' * 19}", 200, ""),
    ("GET", "?code=a%20b", 422, "render-failed"),
    ("GET", "?site=", 422, "lower-case"),
    ("GET", "?page=A", 422, "lower-case"),
    ("GET", "?limit=1000", 422, "200"),
])  # fmt: skip
async def test_what_is_asked_in_a_wrong_way_is_mended(
    web: httpx2.AsyncClient, method: str, path: str, status: int, word: str
) -> None:
    answer = await web.request(method, f"{LETTERS}{'' if path.startswith('?') else '/'}{path}")

    assert answer.status_code == status
    assert status == 200 or word in answer.json()["errors"][0]["mend"]


async def test_a_gauge_counts_them_and_says_when_nobody_knows(
    web: httpx2.AsyncClient, client: Client, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    for letter in ("0-1-0", "1-1-0", "2-1-0", "2-2-0"):
        await keep(client, keys, letter)
    counted = (await web.get("/-/metrics")).text
    await web.delete(f"{LETTERS}/2-1-0")
    fewer = (await web.get("/-/metrics")).text
    monkeypatch.setattr("services.api.health.COUNT_WITHIN_S", 0.05)
    await client.client_pause(300)

    unknown = (await web.get("/-/metrics")).text

    assert "\nplaten_dead_letters 4.0\n" in counted
    assert "\nplaten_dead_letters 3.0\n" in fewer
    assert "\nplaten_dead_letters NaN\n" in unknown
    assert "platen_api_requests_total" in unknown
    await client.client_unpause()
