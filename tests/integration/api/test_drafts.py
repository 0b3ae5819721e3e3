"""Drafts, over the API: nothing that somebody wrote is ever lost or hidden."""

from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from shared.connection import Client
from shared.keys import Keys
from tests.integration.api.conftest import CONFIG, PAGE, V1, client_of, everything
from tests.integration.api.test_roles import as_somebody

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]

DRAFT = f"{PAGE}/draft"


async def save(
    web: httpx2.AsyncClient, config: dict[str, Any], revision: int, base: int = 0, to: str = DRAFT, **headers: str
) -> httpx2.Response:
    body = {"config": config, "base_version": base}
    return await web.put(to, json=body, headers={"if-match": f'"r{revision}"', **headers})


async def publish(web: httpx2.AsyncClient, title: str) -> None:
    answer = await web.post(f"{PAGE}/versions", json={"config": {"title": title}, "publish": True})
    assert answer.status_code == 201


async def listed(web: httpx2.AsyncClient) -> list[tuple[str, bool]]:
    items = (await web.get(f"{V1}/sites/acme/pages")).json()["items"]
    return [(item["page"], item["head"]["draft_at"] > 0) for item in items]


async def test_a_page_that_does_not_exist_yet_begins_with_nothing(web: httpx2.AsyncClient, client: Client) -> None:
    before = await everything(client)

    answer = await web.get(DRAFT)

    draft = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"r0"')
    assert (draft["revision"], draft["is_saved"], draft["config"], draft["by"]) == (0, False, {}, None)
    assert [fault["pointer"] for fault in draft["faults"]] == ["/config/title"]
    assert await everything(client) == before


async def test_a_page_without_a_draft_begins_with_its_newest_version(web: httpx2.AsyncClient) -> None:
    await publish(web, "One")
    await publish(web, "Two")

    draft = (await web.get(DRAFT)).json()

    assert (draft["config"]["title"], draft["base_version"], draft["is_saved"]) == ("Two", 2, False)
    assert draft["faults"] == []


async def test_what_was_saved_is_there_as_it_was_written(web: httpx2.AsyncClient) -> None:
    wrong = {"title": "", "widgets": [{"type": "hero", "note to self": [1.5, None, {"ü\x00": True}]}, 7], "odd": {}}

    saved = await save(web, wrong, 0, base=0)

    assert (saved.status_code, saved.headers["etag"]) == (200, '"r1"')
    assert saved.json() == (await web.get(DRAFT)).json()
    assert (saved.json()["config"], saved.json()["by"]) == (wrong, {"id": "admin", "name": "admin"})
    assert saved.json()["at"] > 1_700_000_000_000


async def test_two_editors_who_collide_see_what_the_other_wrote(
    web: httpx2.AsyncClient, client: Client, app: Starlette
) -> None:
    theirs = await as_somebody(client, {"acme": "editor"})
    assert (await save(web, {"title": "Ours"}, 0)).status_code == 200
    async with client_of(app) as other:
        assert (await save(other, {"title": "Theirs"}, 1, **theirs)).status_code == 200
    before = await everything(client)

    answer = await save(web, {"title": "Ours, too"}, 1)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (412, "draft-changed")
    assert (problem["theirs"]["revision"], problem["theirs"]["config"]) == (2, {"title": "Theirs"})
    assert (problem["theirs"]["by"]["id"], problem["theirs"]["at"] > 0) == ("somebody", True)
    assert problem["detail"].startswith("somebody saved the draft in the meantime")
    assert problem["errors"][0]["mend"]
    assert await everything(client) == before
    assert (await save(web, {"title": "Both"}, 2)).json()["revision"] == 3


async def test_a_change_must_say_what_it_is_based_on(web: httpx2.AsyncClient, client: Client) -> None:
    await save(web, CONFIG, 0)
    before = await everything(client)

    for answer in (await web.put(DRAFT, json={"config": {"title": "B"}}), await web.delete(DRAFT)):
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition-required")
        assert 'If-Match: "r12"' in answer.json()["errors"][0]["mend"]
    for wrong in ("*", "r1", '"1"', '"r1", "r2"', '"r-1"', '"r12345678901234567"', ""):
        answer = await web.put(DRAFT, json={"config": {"title": "B"}}, headers={"if-match": wrong})
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "If-Match"), wrong
    assert await everything(client) == before


async def test_a_tag_that_a_gateway_weakened_is_the_same_revision(web: httpx2.AsyncClient) -> None:
    await save(web, CONFIG, 0)

    answer = await web.put(DRAFT, json={"config": {"title": "B"}}, headers={"if-match": 'W/"r1"'})

    assert answer.json()["revision"] == 2


async def test_saving_the_same_changes_nothing(web: httpx2.AsyncClient, client: Client) -> None:
    await save(web, {"title": "A", "lang": "en"}, 0)
    before = await everything(client)

    again = await save(web, {"lang": "en", "title": "A"}, 1)

    assert (again.status_code, again.json()["revision"]) == (200, 1)
    assert await everything(client) == before


async def test_a_save_whose_answer_was_lost_is_answered_like_the_first_time(
    web: httpx2.AsyncClient, client: Client
) -> None:
    await save(web, {"title": "A"}, 0)
    first = await save(web, {"title": "B"}, 1)
    before = await everything(client)

    again = await save(web, {"title": "B"}, 1)

    assert (again.status_code, again.json(), again.headers["etag"]) == (200, first.json(), '"r2"')
    assert await everything(client) == before


async def test_two_who_wrote_the_same_do_not_collide(web: httpx2.AsyncClient, client: Client, app: Starlette) -> None:
    theirs = await as_somebody(client, {"acme": "editor"})
    await save(web, {"title": "A"}, 0)
    async with client_of(app) as other:
        answer = await save(other, {"title": "A"}, 0, **theirs)

    assert (answer.status_code, answer.json()["revision"], answer.json()["by"]["id"]) == (200, 1, "admin")


async def test_what_a_draft_began_from_can_be_told_anew_without_another_revision(web: httpx2.AsyncClient) -> None:
    await save(web, CONFIG, 0)
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})

    told = await save(web, CONFIG, 1, base=1)

    assert (told.json()["revision"], told.json()["base_version"]) == (1, 1)
    await save(web, {"title": "B"}, 1, base=1)
    late = await save(web, {"title": "B"}, 1, base=0)
    assert (late.json()["revision"], late.json()["base_version"]) == (2, 1)


async def test_publishing_leaves_the_draft_alone(web: httpx2.AsyncClient) -> None:
    saved = await save(web, {"title": "Draft"}, 0)

    await publish(web, "Published")

    assert (await web.get(DRAFT)).json() == saved.json()


async def test_a_deleted_draft_makes_room_for_the_newest_version(web: httpx2.AsyncClient) -> None:
    await publish(web, "Published")
    await save(web, {"title": "Draft"}, 0)

    deleted = await web.delete(DRAFT, headers={"if-match": '"r1"'})

    assert (deleted.status_code, deleted.headers["etag"]) == (200, '"r2"')
    assert (deleted.json()["config"]["title"], deleted.json()["is_saved"]) == ("Published", False)
    assert deleted.json() == (await web.get(DRAFT)).json()


async def test_a_revision_is_never_given_to_two_drafts(web: httpx2.AsyncClient) -> None:
    await save(web, {"title": "First"}, 0)
    await web.delete(DRAFT, headers={"if-match": '"r1"'})
    await save(web, {"title": "Second"}, 2)

    answer = await save(web, {"title": "From a tab left open"}, 1)

    assert (answer.status_code, answer.json()["theirs"]["config"]) == (412, {"title": "Second"})


async def test_a_draft_is_deleted_by_whoever_has_seen_it_only(web: httpx2.AsyncClient, client: Client) -> None:
    await save(web, {"title": "A"}, 0)
    await save(web, {"title": "B"}, 1)
    before = await everything(client)

    answer = await web.delete(DRAFT, headers={"if-match": '"r1"'})

    assert (answer.status_code, answer.json()["theirs"]["config"]) == (412, {"title": "B"})
    assert await everything(client) == before


async def test_deleting_again_is_deleting_once(web: httpx2.AsyncClient) -> None:
    await save(web, {"title": "A"}, 0)
    first = await web.delete(DRAFT, headers={"if-match": '"r1"'})

    again = await web.delete(DRAFT, headers={"if-match": '"r1"'})

    assert (again.status_code, again.json()) == (200, first.json())


async def test_saving_what_was_deleted_meanwhile_says_so(web: httpx2.AsyncClient) -> None:
    await save(web, {"title": "A"}, 0)
    await web.delete(DRAFT, headers={"if-match": '"r1"'})

    answer = await save(web, {"title": "B"}, 1)

    assert (answer.status_code, answer.json()["detail"]) == (412, "The draft was deleted.")
    assert answer.json()["theirs"]["is_saved"] is False


async def test_a_page_that_is_a_draft_only_is_listed_until_that_is_deleted(web: httpx2.AsyncClient) -> None:
    await save(web, {"title": "A"}, 0)
    assert await listed(web) == [("spring", True)]
    assert (await web.get(PAGE)).status_code == 404

    await web.delete(DRAFT, headers={"if-match": '"r1"'})

    assert await listed(web) == []


async def test_a_page_with_versions_stays_listed_without_its_draft(web: httpx2.AsyncClient) -> None:
    await save(web, {"title": "A"}, 0)
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})
    assert await listed(web) == [("spring", True)]

    await web.delete(DRAFT, headers={"if-match": '"r1"'})

    assert await listed(web) == [("spring", False)]


async def test_a_draft_comes_along_when_its_page_moves(web: httpx2.AsyncClient) -> None:
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})
    saved = await save(web, {"title": "Draft"}, 0)

    moved = await web.post(f"{PAGE}/move", json={"to": "summer"})

    assert moved.status_code == 200
    assert (await web.get(f"{V1}/sites/acme/pages/summer/draft")).json() == saved.json()
    assert await listed(web) == [("summer", True)]
    for answer in (await web.get(DRAFT), await save(web, {"title": "B"}, 1)):
        assert (answer.status_code, answer.json()["errors"][0]["mend"]) == (404, "it was moved to acme/summer")


async def test_revisions_stay_behind_and_go_on_when_a_page_moves(web: httpx2.AsyncClient) -> None:
    summer = f"{V1}/sites/acme/pages/summer/draft"
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})
    await save(web, {"title": "A"}, 0)
    for revision in range(4):
        await save(web, {"title": "B"}, revision, to=summer)
        await web.delete(summer, headers={"if-match": f'"r{revision + 1}"'})
    newest = (await web.get(summer)).json()["revision"]

    await web.post(f"{PAGE}/move", json={"to": "summer"})
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})

    assert newest > 1
    assert (await web.get(summer)).json()["revision"] == newest
    assert (await web.get(DRAFT)).json()["revision"] == newest


async def test_no_page_moves_onto_a_draft(web: httpx2.AsyncClient, client: Client) -> None:
    await web.post(f"{PAGE}/versions", json={"config": CONFIG})
    await save(web, {"title": "Another's"}, 0, to=f"{V1}/sites/acme/pages/summer/draft")
    before = await everything(client)

    answer = await web.post(f"{PAGE}/move", json={"to": "summer"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/to")
    assert await everything(client) == before


async def test_a_site_that_is_not_there_has_no_drafts(web: httpx2.AsyncClient, client: Client, keys: Keys) -> None:
    nowhere = f"{V1}/sites/nowhere/pages/spring/draft"

    for answer in (await web.get(nowhere), await save(web, CONFIG, 0, to=nowhere)):
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no site 'nowhere'.")
    assert not await client.exists(keys.draft("nowhere", "spring"))


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"config": []}, 422, "/config"),
        ({"config": "{}"}, 422, "/config"),
        ({}, 422, "/config"),
        ({"config": {}, "base_version": -1}, 422, "/base_version"),
        ({"config": {}, "revision": 3}, 422, "/revision"),
        ({"config": {"title": "a" * 200_000}}, 413, ""),
    ],
)
async def test_what_is_no_object_or_too_much_is_no_draft(
    web: httpx2.AsyncClient, client: Client, body: dict[str, Any], status: int, pointer: str
) -> None:
    before = await everything(client)

    answer = await web.put(DRAFT, json=body, headers={"if-match": '"r0"'})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)
    assert await everything(client) == before


@pytest.mark.parametrize(("levels", "status"), [(31, 200), (32, 422), (10_000, 400)])
async def test_a_draft_is_nested_as_deep_as_anybody_needs(web: httpx2.AsyncClient, levels: int, status: int) -> None:
    body = b'{"config": {"a": %b}}' % (b"[" * levels + b"]" * levels)

    headers = {"if-match": '"r0"', "content-type": "application/json"}
    answer = await web.put(DRAFT, content=body, headers=headers)

    assert answer.status_code == status
