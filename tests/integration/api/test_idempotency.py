"""The same Idempotency-Key never makes two of anything, and stands for one request only."""

import asyncio
from typing import Any

import httpx2
import pytest

from shared.connection import Client
from shared.keys import Keys
from tests.integration.api.building import build_all
from tests.integration.api.conftest import CONFIG, PAGE, V1, everything, publish

pytestmark = pytest.mark.redis7

KEY = {"idempotency-key": "5f0c6a52-3d0e-4f0e-9a43-1f3c9d1f7f7e"}
SAVING: dict[str, Any] = {"config": CONFIG, "publish": True, "note": "first"}


def is_replay(answer: httpx2.Response) -> bool:
    return answer.headers.get("idempotency-replayed") == "true"


@pytest.mark.usefixtures("site")
async def test_a_repeated_publish_makes_one_version(web: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(web.post(f"{PAGE}/versions", json=SAVING, headers=KEY) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["version"]["number"] for answer in answers} == {1}
    assert sum(not is_replay(answer) for answer in answers) == 1


@pytest.mark.usefixtures("site")
async def test_whitespace_and_order_make_no_other_request(web: httpx2.AsyncClient) -> None:
    one = b'{"config": {"title": "A", "lang": "en"}, "publish": true}'
    same = b'{ "publish":true,\n"config":{"lang":"en","title":"A","background":"white"} , "note":""}'

    first = await web.post(f"{PAGE}/versions", content=one, headers=KEY)
    second = await web.post(f"{PAGE}/versions", content=same, headers=KEY)

    assert second.json() == first.json()
    assert is_replay(second)


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "other", [{"note": "second"}, {"publish": False}, {"config": {"title": "Other"}}], ids=["note", "publish", "config"]
)
async def test_another_body_under_the_same_key_is_refused(
    web: httpx2.AsyncClient, client: Client, other: dict[str, Any]
) -> None:
    await web.post(f"{PAGE}/versions", json=SAVING, headers=KEY)
    before = await everything(client)

    answer = await web.post(f"{PAGE}/versions", json=SAVING | other, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")
    assert await everything(client) == before


@pytest.mark.usefixtures("site")
async def test_another_page_under_the_same_key_is_refused(web: httpx2.AsyncClient) -> None:
    await web.post(f"{PAGE}/versions", json=SAVING, headers=KEY)

    answer = await web.post(f"{V1}/sites/acme/pages/summer/versions", json=SAVING, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")


@pytest.mark.usefixtures("site")
async def test_another_operation_under_the_same_key_is_refused(web: httpx2.AsyncClient) -> None:
    await web.post(f"{PAGE}/versions", json=SAVING, headers=KEY)

    answer = await web.post(f"{PAGE}/publications", json={"version": 1}, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")


@pytest.mark.usefixtures("site")
async def test_publishes_without_a_key_are_requests_of_their_own(web: httpx2.AsyncClient) -> None:
    answers = [await web.post(f"{PAGE}/versions", json=SAVING) for _ in range(2)]

    assert [answer.json()["version"]["number"] for answer in answers] == [1, 2]
    assert not any(is_replay(answer) for answer in answers)


@pytest.mark.usefixtures("site")
async def test_a_repeated_publication_and_unpublishing_are_one(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await publish(web)
    await build_all(client, keys)

    published = [
        await web.post(f"{PAGE}/publications", json={"version": 1}, headers={"idempotency-key": "p"}) for _ in range(2)
    ]
    removed = [await web.delete(f"{PAGE}/publications/live", headers={"idempotency-key": "d"}) for _ in range(2)]

    for answers, seq in ((published, 2), (removed, 3)):
        assert [answer.status_code for answer in answers] == [202, 202]
        assert [answer.json()["seq"] for answer in answers] == [seq, seq]
        assert [is_replay(answer) for answer in answers] == [False, True]


async def test_a_repeated_creation_of_a_site_is_one(web: httpx2.AsyncClient) -> None:
    answers = [await web.post(f"{V1}/sites", json={"slug": "acme"}, headers=KEY) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert [is_replay(answer) for answer in answers] == [False, True]


@pytest.mark.parametrize("other", [{"slug": "acme", "title": "Other"}, {"slug": "beta"}], ids=["title", "slug"])
async def test_another_site_under_the_same_key_is_refused(web: httpx2.AsyncClient, other: dict[str, str]) -> None:
    await web.post(f"{V1}/sites", json={"slug": "acme"}, headers=KEY)

    answer = await web.post(f"{V1}/sites", json=other, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")


@pytest.mark.usefixtures("site")
async def test_idempotency_keys_are_not_kept_for_ever(web: httpx2.AsyncClient, client: Client) -> None:
    await web.post(f"{PAGE}/versions", json=SAVING, headers=KEY)

    found = await client.keys("platen:*idempotency*")

    assert len(found) == 2
    for key in found:
        assert 0 < await client.ttl(key) <= 86_400
