"""Publishing from the editor, and watching it: to live, to a failure, over lost connections, several at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Route

from services.valkey import Valkey
from shared.connection import connect
from shared.idempotency import Request
from shared.keys import Keys
from shared.settings import Settings
from tests.browser.editor.conftest import OpenTab, sign_in
from tests.browser.editor.editing import SMALL, Desk, edit, endpoint
from tests.browser.editor.tab import Tab
from tests.conftest import wait_until
from tests.harness import Up, end_of
from tests.stores import Stores

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Accepted by nobody, and written past the API: what no template can show.
UNPRINTABLE = b'{"title":"Bad","widgets":[{"type":"text","id":"text-1","body":"Fine"},{"type":"hologram"}]}'


async def test_a_publication_is_watched_from_the_button_to_every_server(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.field("Title").fill("Watched")

    await desk.publish("The note")
    await desk.is_in("live")
    await desk.card.get_by_text("v2 is live on 1 of 1 server").wait_for()
    steps = await desk.card.locator(".tray-steps li").all_inner_texts()

    assert [step.split("\n")[0] for step in steps] == ["queued", "building", "live"]
    assert all("ms" in step for step in steps[1:])
    assert "after it was accepted" in await desk.card.inner_text()
    assert await desk.head.get_by_text("v2 is live").is_visible()
    assert "v2 is live" in (await desk.page.locator("#live-polite").text_content() or "")


async def test_the_head_says_whether_what_is_written_is_published(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, {**SMALL, "background": "#FFF"})
    await desk.head.get_by_text("v1 is live").wait_for()
    changed = desk.head.get_by_text("changes not published")

    await desk.field("Title").fill("Other")
    await changed.wait_for()
    await desk.publish()
    await desk.head.get_by_text("v2 is live").wait_for()

    await desk.head.locator('.page-live[data-same="yes"]').wait_for()
    assert await changed.count() == 0
    view = desk.head.get_by_role("link", name="View the live page in a new tab")
    assert await view.get_attribute("href") == f"/{site}/spring"
    await desk.head.get_by_role("button", name="Publish").click()
    await desk.page.get_by_role("dialog").get_by_text("Nothing differs from v2, which is live.").wait_for()


async def test_a_failure_says_first_what_is_still_live_then_where_and_why(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, {**SMALL, "title": "Good"})
    await answer_with(desk, UNPRINTABLE)
    await listen(desk)

    await desk.publish()
    await desk.is_in("failed")
    await desk.card.get_by_text("v1 is still live").first.wait_for()
    words = await desk.card.inner_text()

    assert words.index("v1 is still live") < words.index("hologram")
    await wait_until(lambda: is_told(desk, "v1 is still live"), what="the failure to be told")
    assert await desk.card.get_by_role("button", name="Try again").is_visible()
    assert await desk.card.locator('.status[data-state="failed"] svg').count() == 1


async def listen(desk: Desk) -> None:
    """Note from now on what a screen reader is told at once."""
    await desk.tab.get(
        "const region = document.getElementById('live-assertive'); window.told = [];"
        "new MutationObserver(() => told.push(region.textContent)).observe(region, { childList: true })"
    )


async def is_told(desk: Desk, words: str) -> bool:
    """Whether a screen reader was told at once, whatever else it was told since."""
    return any(words in text for text in await desk.tab.get("told"))


async def test_what_has_ended_before_its_answer_came_is_told(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, {**SMALL, "title": "Good"})
    await answer_with(desk, UNPRINTABLE, when_ended=True)
    await listen(desk)

    await desk.publish()

    await wait_until(lambda: is_told(desk, "v1 is still live"), what="the failure to be told")


async def test_a_failure_leads_to_the_field_that_is_to_blame(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, {**SMALL, "title": "Good"})
    # What cannot be rendered is the newest version, and so the draft that the editor opens with.
    desk.tab.expects = {422}
    deep = ">" * 300 + "x"
    await answer_with(desk, b'{"title":"Bad","widgets":[{"type":"hero","id":"hero-1","title":"First"},'
                            b'{"type":"text","id":"text-1","body":"%b"}]}' % deep.encode())  # fmt: skip

    await desk.publish()
    await desk.is_in("failed")
    place = await desk.card.locator(".tray-failure strong").inner_text()
    await desk.card.get_by_role("link", name="Go to the field").click()

    await wait_until(lambda: has_focus(desk, "Body", 1), what="the focus on the field")
    assert place == "Text, body"


async def test_several_pages_are_followed_at_once_and_on_every_screen(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.publish()
    other = await edit(lambda *_, **__: at(desk, f"{site}/other"), up, site, SMALL, page="other")
    await other.publish()
    await desk.page.get_by_role("link", name=site, exact=True).click()
    await wait_until(lambda: desk.tab.path == site, what="the site's screen")

    await wait_until(lambda: are_live(desk, 2), what="both to be live")


async def test_what_waits_is_called_off(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    async with no_builder(up):
        await desk.publish()
        await desk.card.get_by_text("in line").wait_for()
        await desk.card.get_by_role("button", name="Cancel").click()
        await desk.is_in("cancelled")

    assert up.api.get(f"{desk.path}")["live"]["version"] == 1


async def test_a_tab_that_is_loaded_anew_goes_on_following(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    # Nobody makes previews meanwhile, either.
    desk.tab.expects = {503}
    async with no_builder(up):
        await desk.publish()
        await desk.tab.go(f"{site}/spring")
        await desk.is_in("queued")

    await desk.is_in("live")


@pytest.fixture
def own_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Up, Valkey]]:
    """A Platen whose Redis can be taken away."""
    valkey = Valkey(tmp_path_factory.mktemp("own") / "valkey")
    valkey.start()
    up = Up(tmp_path_factory.mktemp("up") / "data", "--redis", valkey.url)
    with up:
        yield up, valkey
    valkey.kill()


@pytest.mark.timeout(120)
async def test_redis_restarted_during_a_watch_is_a_pause_and_then_caught_up(
    own_up: tuple[Up, Valkey], browser: Any
) -> None:
    up, valkey = own_up
    up.api.change("POST", "sites", {"slug": "acme"})
    context = await browser.new_context(service_workers="block")
    await sign_in(up, context, "Ada", {"*": "admin"})

    async def open_it(_roles: object, path: str, **_options: object) -> Tab:
        return await Tab.open(context, up.url, path)

    desk = await edit(open_it, up, "acme", SMALL)
    async with no_builder(up):
        await desk.publish()
        await desk.is_in("queued")
        await asyncio.to_thread(valkey.kill)
        await desk.card.get_by_text("Paused: the connection is lost").wait_for(timeout=30_000)
        await asyncio.to_thread(valkey.start)
        await wait_until(lambda: up.ready, 30, what="Platen to be ready again")

    await desk.is_in("live")
    assert "v2 is live" in await desk.card.inner_text()
    await context.close()


@contextlib.asynccontextmanager
async def no_builder(up: Up) -> AsyncIterator[None]:
    """Builders take nothing new meanwhile."""

    def are_quiet() -> bool:
        return all(builder["state"] == "quiet" for builder in up.api.get("builders")["items"])

    up.api.change("POST", "builders/all/quiet")
    await wait_until(are_quiet, what="the builders to be quiet")
    try:
        yield
    finally:
        up.api.change("DELETE", "builders/all/quiet")


async def answer_with(desk: Desk, config: bytes, *, when_ended: bool = False) -> None:
    """Let the next publish save this config instead, past the API's checks; what follows is real.

    Args:
        when_ended: answer only once the publication has ended.
    """
    client = connect(desk.platen.redis_url)
    keys, settings = Keys(), Settings(redis_url=desk.platen.redis_url)
    stores = Stores(client, keys, settings)

    async def save(route: Route) -> None:
        request = Request(actor="tests", traceparent="", idempotency_key="k" + desk.site, fingerprint="f")
        accepted = await stores.publishing.save(desk.site, desk.slug, config, "", publish=True, request=request)
        assert accepted.version is not None
        assert accepted.publication is not None
        await client.aclose()
        version, publication = accepted.version, accepted.publication
        api, seq = desk.platen.api, publication.seq
        record = end_of(api, desk.site, desk.slug, seq) if when_ended else api.get(f"{desk.path}/publications/{seq}")
        body = {"version": {"number": version.number}, "publication": record}
        await route.fulfill(status=201, json=body)

    await desk.page.route(endpoint("**/versions"), save, times=1)


async def at(desk: Desk, path: str) -> Any:
    await desk.tab.go(path)
    return desk.tab


async def are_live(desk: Desk, count: int) -> bool:
    return await desk.page.locator('.tray-card[data-state="live"]').count() == count


async def has_focus(desk: Desk, label: str, number: int) -> bool:
    return bool(await desk.field(label, desk.widget(number)).evaluate("e => e === document.activeElement"))
