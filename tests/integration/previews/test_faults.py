"""Previews while something goes wrong: whoever waits is told soon, and nobody else notices."""

import asyncio
import os
import signal
import time
from typing import Any

import httpx2
import msgspec
import pytest

from services.builder import sandbox
from services.builder.child import Fault
from services.builder.worker import Worker
from shared.connection import Client
from shared.keys import Keys
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.api.conftest import CONFIG, PAGE, V1, Opener
from tests.integration.previews.conftest import StartBuilder, wait_until_listed

pytestmark = pytest.mark.redis7

# Takes tens of megabytes, and long enough to be killed over.
TABLE = {"type": "table", "header": ["h"] * 20, "rows": [["x" * 500] * 20] * 60}


async def ask(web: httpx2.AsyncClient, title: str = "A page", **more: Any) -> httpx2.Response:
    return await web.post(f"{PAGE}/previews", json={"config": {"title": title, **more}})


async def test_a_child_that_is_killed_once_costs_nothing_but_time(web: httpx2.AsyncClient, builder: Worker) -> None:
    assert (await ask(web)).status_code == 201
    child = builder.previews.child

    os.kill(child, signal.SIGKILL)

    assert (await ask(web, "Another")).status_code == 201
    assert builder.previews.child != child


async def test_a_page_over_which_the_child_dies_is_said_to_be_too_much_and_others_are_made(
    web: httpx2.AsyncClient, start_builder: StartBuilder, settings: Settings, opened: Opener
) -> None:
    # So little that the child takes the config and fails over the page.
    worker = await start_builder(msgspec.structs.replace(settings, build_memory_mib=80))
    await wait_until_listed(web)
    async with opened(msgspec.structs.replace(settings, max_body_bytes=50_000_000)) as roomy:
        killing, good = await asyncio.gather(ask(roomy, widgets=[TABLE] * 40), ask(roomy, "Good"))
    built = await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True})

    async def is_live() -> bool:
        return bool((await web.get(PAGE)).json()["live"])

    assert (killing.status_code, killing.json()["code"]) == (503, "builders-unavailable")
    assert killing.headers["retry-after"] == "1"
    assert "make the page smaller" in killing.json()["errors"][0]["mend"]
    assert good.status_code == 201
    assert built.status_code == 201
    await wait_until(is_live)
    assert worker.doing.failed == 0


async def test_a_page_that_renders_for_too_long_is_given_up_before_whoever_waits_gives_up(
    web: httpx2.AsyncClient, builder: Worker
) -> None:
    await ask(web)
    builder.previews._sandbox._deadline_s = 0.2
    os.kill(builder.previews.child, signal.SIGSTOP)

    answer = await ask(web, "Slow")

    assert answer.status_code == 503
    assert answer.json()["detail"] == "The page took longer than 0.2 s to render."
    assert (await ask(web, "Quick")).status_code == 201


async def test_a_page_that_cannot_be_rendered_is_refused_with_the_field(
    web: httpx2.AsyncClient, builder: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = Fault("render-failed", False, "The widget 'hero' cannot be rendered: why.", "/widgets/0/title")
    monkeypatch.setattr(sandbox.Sandbox, "render", lambda *_: asyncio.sleep(0, [fault]))

    answer = await ask(web)

    assert (answer.status_code, answer.json()["code"]) == (422, "render-failed")
    assert answer.json()["errors"] == [
        {
            "detail": "The widget 'hero' cannot be rendered: why.",
            "pointer": "/config/widgets/0/title",
            "mend": "change what it points to, or take it out",
        }
    ]
    assert builder.previews.made == 1


async def test_two_builders_share_the_previews_and_many_at_once_are_all_made(
    web: httpx2.AsyncClient, start_builder: StartBuilder
) -> None:
    builders = [await start_builder(), await start_builder()]
    await wait_until_listed(web, 2)
    await asyncio.gather(*(ask(web, f"Warm {number}") for number in range(10)))

    answers = await asyncio.gather(*(ask(web, f"Page {number}") for number in range(50)))
    pages = await asyncio.gather(*(web.get(answer.json()["url"]) for answer in answers))

    assert [answer.status_code for answer in answers] == [201] * 50
    assert [f"Page {number}" in page.text for number, page in enumerate(pages)] == [True] * 50
    assert sum(builder.previews.made for builder in builders) == 60
    assert all(builder.previews.made for builder in builders)


async def test_previews_need_not_wait_for_a_batch_or_a_rebuild(
    web: httpx2.AsyncClient, builder: Worker, client: Client, keys: Keys
) -> None:
    await ask(web)
    builder._sandbox._deadline_s = 60
    os.kill(builder._sandbox.pid, signal.SIGSTOP)
    try:
        await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True})
        await wait_until(lambda: builder.doing.batch > 0)

        answer = await ask(web, "Meanwhile")

        assert answer.status_code == 201
        assert builder.doing.batch == 1
    finally:
        os.kill(builder._sandbox.pid, signal.SIGCONT)


async def test_previews_are_made_while_a_site_is_rebuilt(web: httpx2.AsyncClient, start_builder: StartBuilder) -> None:
    await start_builder()
    await wait_until_listed(web)
    for number in range(60):
        body = {"config": {"title": f"Page {number}"}, "publish": True}
        await web.post(f"{V1}/sites/acme/pages/p{number}/versions", json=body)

    async def are_live() -> bool:
        items = (await web.get(f"{V1}/sites/acme/pages?limit=100")).json()["items"]
        return all(item["head"]["live_seq"] for item in items)

    await wait_until(are_live, 30)
    rebuild = (await web.post(f"{V1}/sites/acme/rebuilds")).json()["number"]
    made = 0

    async def is_done() -> bool:
        nonlocal made
        made += (await ask(web, f"Beside {made}")).status_code == 201
        return bool((await web.get(f"{V1}/sites/acme/rebuilds/{rebuild}")).json()["state"] == "done")

    await wait_until(is_done, 30)

    assert made >= 2


async def test_a_builder_that_dies_in_the_middle_is_told_of_in_time(
    web: httpx2.AsyncClient, builder: Worker, settings: Settings, opened: Opener
) -> None:
    await ask(web)
    # Nothing answers any more, while the builder still looks alive: as in the seconds after a kill.
    os.kill(builder.previews.child, signal.SIGSTOP)
    async with opened(msgspec.structs.replace(settings, preview_within_s=0.3)) as hasty:
        began = time.monotonic()
        answer = await ask(hasty, "Lost")
        took_s = time.monotonic() - began

    assert (answer.status_code, answer.json()["code"]) == (503, "builders-unavailable")
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["errors"][0]["mend"].startswith("try again")
    assert 0.3 <= took_s < 2
    assert (await ask(web, "Next")).status_code == 201


def test_whoever_waits_is_told_within_five_seconds() -> None:
    assert Settings().preview_within_s + 1 <= 5


async def test_the_lane_comes_back_after_redis_was_emptied(
    web: httpx2.AsyncClient, builder: Worker, client: Client
) -> None:
    await ask(web)
    await client.flushall()

    async def is_made() -> bool:
        await web.post(f"{V1}/sites", json={"slug": "acme"})
        answer = await ask(web, "After")
        assert answer.status_code in {201, 401, 404, 503}
        return answer.status_code == 201

    await wait_until(is_made, 20)
