"""Asking what changed: versions, configs that are not saved, and what cannot be compared."""

from typing import Any

import httpx2
import pytest

from tests.integration.api.conftest import CONFIG, PAGE, V1, everything, publish

pytestmark = pytest.mark.usefixtures("site")

OTHER = {**CONFIG, "title": "Summer sale"}


async def compare(web: httpx2.AsyncClient, before: Any, after: Any) -> httpx2.Response:
    return await web.post(f"{PAGE}/changes", json={"before": before, "after": after})


async def test_two_versions_are_compared(web: httpx2.AsyncClient) -> None:
    await publish(web)
    await publish(web, config=OTHER)

    answer = await compare(web, {"version": 1}, {"version": 2})

    [change] = answer.json()["changes"]
    assert (change["kind"], change["what"], change["widget"]) == ("changed", "page", None)
    assert change["fields"] == [
        {
            "kind": "changed",
            "pointer": "/title",
            "label": "Title",
            "before": "Spring sale",
            "after": "Summer sale",
        }
    ]


async def test_a_version_is_compared_with_a_draft_in_which_something_is_wrong(web: httpx2.AsyncClient) -> None:
    await publish(web)
    draft = {**CONFIG, "title": "", "widgets": [{"type": "hero"}]}

    found = (await compare(web, {"version": 1}, {"config": draft})).json()["changes"]

    assert {"/title", "/widgets/0/title"} <= {field["pointer"] for change in found for field in change["fields"]}


async def test_a_config_as_it_was_typed_is_the_same_as_what_was_saved_of_it(web: httpx2.AsyncClient) -> None:
    await publish(web)

    assert (await compare(web, {"version": 1}, {"config": CONFIG})).json() == {"changes": []}


async def test_comparing_changes_nothing(web: httpx2.AsyncClient, client: Any) -> None:
    await publish(web)
    before = await everything(client)

    await compare(web, {"version": 1}, {"config": OTHER})

    assert await everything(client) == before


async def test_a_version_that_does_not_exist_is_pointed_to(web: httpx2.AsyncClient) -> None:
    await publish(web)

    answer = await compare(web, {"version": 1}, {"version": 9})

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["pointer"] == "/after/version"


async def test_a_page_that_does_not_exist_is_not_found(web: httpx2.AsyncClient) -> None:
    body = {"before": {"version": 1}, "after": {"config": CONFIG}}

    answer = await web.post(f"{V1}/sites/acme/pages/nowhere/changes", json=body)

    assert answer.json()["detail"] == "There is no page 'acme/nowhere'."


@pytest.mark.parametrize("side", [{}, {"version": 1, "config": {}}])
async def test_a_side_is_a_version_or_a_config(web: httpx2.AsyncClient, side: Any) -> None:
    answer = await compare(web, side, {"version": 1})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/before")


@pytest.mark.parametrize("depth", [100, 900, 990, 2_000])
async def test_a_config_however_deep_is_compared_or_refused(web: httpx2.AsyncClient, depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    body = f'{{"before": {{"config": {{}}}}, "after": {{"config": {{"widgets": [{deep}], "x": {deep}}}}}}}'

    answer = await web.post(f"{PAGE}/changes", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in {200, 400}
