"""Drafts on a network that loses and reorders answers: what somebody wrote stays, and what they are told is true."""

import pytest
from playwright.async_api import Route

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.editing import SMALL, Desk, edit, endpoint
from tests.browser.editor.tab import Tab
from tests.browser.editor.unsteady import Held, Lost, of, settled
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DRAFT = endpoint("**/draft")
KEPT = "Object.keys(localStorage).filter(name => name.startsWith('platen:unsaved')).length"


async def becomes(desk: Desk, state: str) -> None:
    """Wait until saving stands in a way."""
    await desk.page.locator(f'.save-state[data-state="{state}"]').wait_for()


async def test_a_save_whose_answer_was_lost_is_nobody_elses(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    async with Lost(desk.page, DRAFT, of("PUT")):
        await desk.field("Title").fill("Sent")
        await becomes(desk, "offline")
        await desk.field("Title").fill("Sent, and more")
    desk.tab.complaints.clear()
    desk.tab.expects = {412}
    await desk.saved()

    assert desk.draft["config"]["title"] == "Sent, and more"
    assert await desk.page.get_by_role("dialog").count() == 0


async def test_what_was_undone_while_it_was_being_saved_is_undone(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    async with Held(desk.page, DRAFT, of("PUT"), first=1) as held:
        await desk.field("Title").fill("Thought better of")
        await held.has()
        await desk.page.keyboard.press("Control+z")
        await desk.page.get_by_role("link", name="History").click()
        held.release()
        await desk.tab.heading("History of spring").wait_for()

    assert desk.draft["config"]["title"] == "Small"


async def test_an_older_draft_that_comes_late_is_not_followed(open_tab: OpenTab, up: Up, site: str) -> None:
    mine = await edit(open_tab, up, site, SMALL)
    theirs = await edit(open_tab, up, site)

    async with Held(mine.page, DRAFT, of("GET"), first=1) as held:
        await theirs.field("Title").fill("Theirs")
        await theirs.saved()
        await held.has()

        async def has_followed() -> bool:
            return await mine.field("Title").input_value() == "Theirs"

        await wait_until(has_followed, 20, what="the other's change")
        await mine.field("Title").fill("Mine after theirs")
        await mine.saved()
        async with mine.page.expect_response(DRAFT):
            held.release()
        # Nothing is to come of it, and what would come follows the answer at once.
        await settled(mine.page)
        title = await mine.field("Title").input_value()

    assert title == "Mine after theirs"
    assert await mine.head.get_by_role("button", name="Undo").get_attribute("aria-disabled") != "true"


async def test_what_goes_live_is_what_was_seen_when_publishing_was_asked(open_tab: OpenTab, up: Up, site: str) -> None:
    mine = await edit(open_tab, up, site, SMALL)
    theirs = await edit(open_tab, up, site)

    await mine.head.get_by_role("button", name="Publish").click()
    await mine.page.get_by_label("What changed?").fill("As I saw it")
    await theirs.field("Title").fill("Never seen")
    await theirs.saved()
    # By the second answer, what the first one led to is there.
    for _ in range(2):
        async with mine.page.expect_response(endpoint("**/presence")):
            pass
    await mine.page.keyboard.press("Enter")
    await mine.is_in("live")

    published = up.api.get(f"{mine.path}/versions/2")["config"]["title"]
    assert published == "Small"


async def test_a_window_with_nothing_unsaved_leaves_what_another_keeps(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    other = Desk(await Tab.open(desk.page.context, up.url, f"{site}/spring"), up, site, "spring")

    await desk.page.route(DRAFT, lambda route: route.abort("connectionreset"))
    await desk.field("Title").fill("Only here")
    await becomes(desk, "offline")
    await desk.page.close(run_before_unload=False)
    desk.tab.complaints.clear()
    await other.page.get_by_role("link", name="History").click()
    await other.tab.heading("History of spring").wait_for()

    assert await other.tab.get(KEPT) == 1


async def test_a_browser_without_room_does_not_say_that_it_keeps(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.tab.get(
        "(() => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') } })()"
    )

    async with Lost(desk.page, DRAFT, of("PUT")):
        await desk.field("Title").fill("Nowhere yet")
        await becomes(desk, "offline")
        await desk.head.get_by_text("This browser has no room to keep it").wait_for()
        await desk.page.get_by_role("link", name="History").click()
        asked = await desk.page.get_by_role("dialog").inner_text()
        await desk.tab.press("Stay")
    desk.tab.complaints.clear()

    assert "lost" in asked
    assert "kept" not in asked


async def test_whoever_signs_in_later_has_their_draft_saved_by_itself(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    desk.tab.expects = {401}
    dialog = desk.page.get_by_role("dialog", name="Sign in again")
    context = desk.page.context

    await context.clear_cookies()
    await desk.field("Title").fill("Before the session ended")

    async def is_refused() -> bool:
        # The preview asks before the draft does.
        if await dialog.count() == 1:
            await desk.page.keyboard.press("Escape")
        return await desk.page.locator('.save-state[data-state="refused"]').count() == 1

    await wait_until(is_refused, what="the draft to be refused")
    # Whatever asks next asks for the password again.
    await dialog.get_by_label("Password").fill("correct horse battery staple")
    await dialog.get_by_role("button", name="Sign in", exact=True).click()
    await wait_until(desk.is_saved, what="the draft to be saved")

    assert desk.draft["config"]["title"] == "Before the session ended"


async def test_a_save_that_is_never_answered_is_sent_again(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    # What the app waits for at most, a hundred times as fast.
    await desk.tab.get(
        "(later => (window.setTimeout = (act, ms) => later(act, ms === 30_000 ? 300 : ms)))(window.setTimeout)"
    )

    async with Held(desk.page, DRAFT, of("PUT"), reaches=False, first=1) as held:
        await desk.field("Title").fill("Into the void")
        await held.has()
        await wait_until(desk.is_saved, what="the draft to be saved")
    desk.tab.complaints.clear()

    assert desk.draft["config"]["title"] == "Into the void"


async def test_a_preview_that_does_not_arrive_is_fetched_again(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.previewed()
    broken: list[str] = []

    async def once(route: Route) -> None:
        if broken:
            await route.fallback()
            return
        broken.append(route.request.url)
        await route.abort("connectionreset")

    await desk.page.route("**/-/previews/**", once)
    await desk.field("Title", desk.widget(0)).fill("Shown after all")
    await desk.page.locator(".preview-status").get_by_text("Preview paused").wait_for()
    frame = desk.page.frame_locator(".preview-frame.is-shown")
    await frame.get_by_text("Shown after all").wait_for()
    desk.tab.complaints.clear()

    assert len(broken) == 1


async def test_a_browser_that_keeps_nothing_is_written_in_all_the_same(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    await desk.page.reload()

    await desk.field("Title").fill("Written all the same")
    await desk.saved()

    assert desk.draft["config"]["title"] == "Written all the same"
