"""Previews while something goes wrong: whoever waits is told soon, and nobody else notices."""

import asyncio
import io
import os
import signal
import subprocess
import time
from pathlib import Path

import httpx2
import msgspec
import pytest

from services.api.app import create_app
from services.builder import sandbox
from services.builder.child import Fault, Job
from services.builder.worker import Worker, new_name
from services.valkey import Valkey
from shared.connection import Client, connect
from shared.keys import Keys
from shared.settings import Settings
from tests.conftest import wait_until
from tests.harness import PLATEN, ROOT, environment
from tests.integration.api.conftest import CONFIG, PAGE, TOKEN, V1, Opener, client_of
from tests.integration.previews.conftest import StartBuilder, wait_until_listed

pytestmark = pytest.mark.redis7


async def ask(web: httpx2.AsyncClient, title: str = "A page", **more: object) -> httpx2.Response:
    return await web.post(f"{PAGE}/previews", json={"config": {"title": title, **more}})


async def test_a_child_that_is_killed_once_costs_nothing_but_time(web: httpx2.AsyncClient, builder: Worker) -> None:
    assert (await ask(web)).status_code == 201
    child = builder.previews.child

    os.kill(child, signal.SIGKILL)

    assert (await ask(web, "Another")).status_code == 201
    assert builder.previews.child != child


async def test_a_page_that_kills_its_child_costs_nobody_else(
    web: httpx2.AsyncClient, builder: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    send = sandbox._send

    async def send_and_kill(child: asyncio.subprocess.Process, jobs: list[Job]) -> None:
        if b"Killing" in jobs[0].config:
            killed.append(child.pid)
            child.kill()
        await send(child, jobs)

    monkeypatch.setattr(sandbox, "_send", send_and_kill)
    first, killing, last = await asyncio.gather(ask(web, "First"), ask(web, "Killing"), ask(web, "Last"))
    published = await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True})

    async def is_live() -> bool:
        return bool((await web.get(PAGE)).json()["live"])

    await wait_until(is_live)

    # Twice, for the first death may have had nothing to do with the page.
    assert len(killed) == 2
    assert (killing.status_code, killing.json()["code"]) == (503, "builders-unavailable")
    assert killing.json()["detail"] == "The process that rendered the page died."
    assert "make the page smaller" in killing.json()["errors"][0]["mend"]
    assert (first.status_code, last.status_code, published.status_code) == (201, 201, 201)
    assert builder.doing.failed == 0


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


async def test_a_builder_that_is_killed_in_the_middle_is_told_of_within_five_seconds(
    web: httpx2.AsyncClient, client: Client, settings: Settings, start_builder: StartBuilder
) -> None:
    dying = start_process(settings)
    await wait_until_listed(web)
    assert (await ask(web)).status_code == 201
    children = children_of(dying.pid)
    # Its render children wait, so that it dies with the preview in its hands.
    for child in children:
        os.kill(child, signal.SIGSTOP)
    began = time.monotonic()
    waiting = asyncio.create_task(ask(web, "Lost"))
    await wait_until(lambda: _is_in_hand(client))

    dying.kill()
    answer = await waiting
    took_s = time.monotonic() - began
    for child in children:
        os.kill(child, signal.SIGCONT)
    dying.wait(10)
    await start_builder()
    await wait_until_listed(web)

    assert (answer.status_code, answer.json()["code"]) == (503, "builders-unavailable")
    assert answer.headers["retry-after"] == "1"
    assert "the one that had it died" in answer.json()["detail"]
    assert answer.json()["errors"][0]["mend"].startswith("try again")
    assert took_s < 5
    assert (await ask(web, "Next")).status_code == 201


async def test_whoever_waits_while_redis_dies_is_told_at_once_and_may_ask_again_after(
    own_server: Valkey,
) -> None:
    await asyncio.to_thread(own_server.start)
    settings = Settings(redis_url=own_server.url, admin_token=TOKEN, heartbeat_ms=200)
    own = [connect(settings.redis_url), connect(settings.redis_url, block_s=2, repeats=False)]
    worker, app = Worker(own[0], own[1], settings, new_name()), create_app(settings, io.StringIO())
    async with app.router.lifespan_context(app), client_of(app) as web:
        building = asyncio.create_task(worker.run())
        await web.post(f"{V1}/sites", json={"slug": "acme"})
        await wait_until_listed(web)
        assert (await ask(web)).status_code == 201
        os.kill(worker.previews.child, signal.SIGSTOP)
        waiting = asyncio.create_task(ask(web, "Waiting"))
        await wait_until(lambda: _is_in_hand(own[0]))

        began = time.monotonic()
        await asyncio.to_thread(own_server.kill)
        answer = await waiting
        took_s = time.monotonic() - began
        os.kill(worker.previews.child, signal.SIGCONT)
        await asyncio.to_thread(own_server.start)

        async def is_made() -> bool:
            return (await ask(web, "After")).status_code == 201

        await wait_until(is_made, 20)
        worker.stop.set()
        await building
    for one in own:
        await one.aclose()

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "the same request again" in answer.json()["errors"][0]["mend"]
    assert took_s < 2


def start_process(settings: Settings) -> "subprocess.Popen[bytes]":
    """A builder as a process of its own, which may be killed."""
    own = {"PLATEN_REDIS_URL": settings.redis_url, "PLATEN_HEARTBEAT_MS": str(settings.heartbeat_ms)}
    return subprocess.Popen([*PLATEN, "builder"], env=environment(**own), cwd=ROOT, stderr=subprocess.DEVNULL)


def children_of(pid: int) -> list[int]:
    """Process ids of a process's children."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


async def _is_in_hand(client: Client) -> bool:
    """Whether the one preview that was asked for was taken by a builder."""
    lane = Keys().previews(0)
    if await client.xlen(lane) != 1:
        return False
    [group], stream = await client.xinfo_groups(lane), await client.xinfo_stream(lane)
    return bool(group["last-delivered-id"] == stream["last-generated-id"])


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
