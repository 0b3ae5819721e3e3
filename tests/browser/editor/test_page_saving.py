"""Drafts in the editor: saved by themselves, kept while offline, and never lost between two people."""

import asyncio

import pytest
from playwright.async_api import Route

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.editing import SMALL, Desk, edit, endpoint
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SAVE_STATE = ".save-state"


async def test_what_is_written_is_saved_by_itself_and_that_is_seen(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    await desk.field("Title").fill("Written")
    at_once = await desk.page.locator(SAVE_STATE).get_attribute("data-state")
    await wait_until(desk.is_saved, what="the draft to be saved")

    assert at_once == "changed"
    assert desk.draft["config"]["title"] == "Written"
    assert (await desk.page.locator(SAVE_STATE).text_content() or "").startswith("saved ")


async def test_a_change_that_was_taken_back_is_not_sent(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    await desk.field("Title").fill("Other")
    await desk.field("Title").fill("Small")
    await desk.saved()

    assert desk.saves == []
    assert desk.draft["revision"] == 0


async def test_nothing_is_lost_while_offline_not_even_by_closing_the_tab(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    context = desk.page.context

    async def away(route: Route) -> None:
        await route.abort("internetdisconnected")

    await context.route(endpoint("**"), away)
    await desk.field("Title").fill("Offline")
    await desk.head.get_by_text("not saved: offline. Kept in this browser").wait_for()
    await context.unroute(endpoint("**"), away)
    kept = await desk.tab.get("Object.keys(localStorage).filter(name => name.startsWith('platen:unsaved')).length")
    await desk.page.close(run_before_unload=False)
    desk.tab.complaints.clear()
    again = Desk(await desk.tab.open(context, up.url, f"{site}/spring"), up, site, "spring")
    await wait_until(again.is_saved, what="what was kept to be saved")

    assert kept == 1
    assert await again.field("Title").input_value() == "Offline"
    assert again.draft["config"]["title"] == "Offline"
    assert (
        await again.tab.get("Object.keys(localStorage).filter(name => name.startsWith('platen:unsaved')).length") == 0
    )


async def test_what_could_not_be_saved_is_saved_once_the_connection_is_back(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    await desk.page.context.set_offline(True)
    await desk.field("Title").fill("Back")
    await desk.head.get_by_text("not saved: offline").wait_for()
    await desk.page.context.set_offline(False)
    await wait_until(desk.is_saved, what="the draft to be saved")
    desk.tab.complaints.clear()

    assert desk.draft["config"]["title"] == "Back"


async def test_leaving_saves_first_and_asks_where_it_cannot(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.field("Title").fill("Left")
    await desk.page.get_by_role("link", name="History").click()
    await desk.page.locator(".page-form").wait_for(state="detached")
    saved = desk.draft["config"]["title"]
    await desk.page.go_back()
    await desk.previewed()

    await desk.page.route(endpoint("**/draft"), lambda route: route.fulfill(status=403, json={"detail": "No more."}))
    desk.tab.expects = {403}
    await desk.field("Title").fill("Not saved")
    await desk.page.get_by_role("link", name=site, exact=True).click()
    await desk.tab.press("Stay")

    assert saved == "Left"
    assert desk.tab.path.endswith("spring")
    assert await desk.field("Title").input_value() == "Not saved"


async def test_a_screen_on_its_way_out_takes_nothing_that_would_be_lost_with_it(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    may_come = asyncio.Event()

    async def slowly(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await desk.page.route(endpoint("**/versions*"), slowly)
    await desk.field("Title").focus()
    # As people do who have the field under the cursor while another screen is still coming.
    await desk.page.get_by_role("link", name="History").dispatch_event("click")
    await wait_until(lambda: not desk.tab.path.endswith("spring"), what="the way to the next screen")
    await desk.page.keyboard.type("lost")
    title = await desk.field("Title").input_value()
    may_come.set()
    await desk.page.locator(".page-form").wait_for(state="detached")

    assert title == "Small"
    assert not await desk.page.locator("main").evaluate("main => main.inert")


async def two_desks(open_tab: OpenTab, up: Up, site: str) -> tuple[Desk, Desk]:
    """Two people on one page; the first has saved a change that the second has not seen."""
    mine = await edit(open_tab, up, site, SMALL)
    theirs = await edit(open_tab, up, site)
    # Otherwise each would see at once what the other has saved.
    await mine.page.route(endpoint("**/presence"), lambda route: route.fulfill(json={"others": [], "revision": 0}))
    await theirs.field("Title").fill("Their title")
    await theirs.field("Title", theirs.widget(0)).fill("Their opening")
    await theirs.saved()
    mine.tab.expects = {412}
    await mine.field("Title", mine.widget(0)).fill("My opening")
    await mine.field("Body", mine.widget(1)).fill("My text")
    await mine.page.get_by_role("dialog").wait_for()
    return mine, theirs


@pytest.mark.parametrize(
    ("choice", "title", "opening", "text"),
    [
        ("Keep mine", "Small", "My opening", "My text"),
        ("Take theirs", "Their title", "Their opening", "Second"),
        ("Merge: mine where I changed, theirs elsewhere", "Their title", "My opening", "My text"),
    ],
)
async def test_of_two_who_collide_the_second_chooses(
    open_tab: OpenTab, up: Up, site: str, choice: str, title: str, opening: str, text: str
) -> None:
    mine, _ = await two_desks(open_tab, up, site)
    rows = await mine.page.get_by_role("dialog").locator("tbody tr").all_inner_texts()

    await mine.tab.press(choice)
    await wait_until(mine.is_saved, what="the choice to be saved")

    config = mine.draft["config"]
    assert [row.split("\t")[0].split("\n")[0] for row in rows][:2] == ["Title", "Opening “My opening” › Title"]
    assert (config["title"], config["widgets"][0]["title"], config["widgets"][1]["body"]) == (title, opening, text)


async def test_the_side_that_was_not_chosen_is_an_undo_away(open_tab: OpenTab, up: Up, site: str) -> None:
    mine, _ = await two_desks(open_tab, up, site)

    await mine.tab.press("Take theirs")
    await wait_until(mine.is_saved, what="the choice to be saved")
    await mine.page.keyboard.press("Control+z")
    await mine.saved()

    assert mine.draft["config"]["widgets"][0]["title"] == "My opening"


async def test_a_collision_that_is_put_off_loses_nothing(open_tab: OpenTab, up: Up, site: str) -> None:
    mine, _ = await two_desks(open_tab, up, site)

    await mine.page.keyboard.press("Escape")
    await mine.field("Body", mine.widget(1)).fill("More of mine")
    await mine.page.keyboard.press("Control+s")
    await mine.tab.press("Keep mine")
    await wait_until(mine.is_saved, what="the choice to be saved")

    assert mine.draft["config"]["widgets"][1]["body"] == "More of mine"


async def test_each_sees_who_else_is_there_and_what_they_saved(open_tab: OpenTab, up: Up, site: str) -> None:
    mine = await edit(open_tab, up, site, SMALL)
    theirs = await edit(open_tab, up, site)

    await theirs.field("Title").fill("Seen by both")
    await theirs.saved()

    async def has_followed() -> bool:
        return await mine.field("Title").input_value() == "Seen by both"

    await asyncio.gather(
        wait_until(has_followed, 20, what="the other's change"),
        wait_until(mine.page.locator(".presence").is_visible, 20, what="the other's name"),
    )
    assert "Ada" in (await mine.page.locator(".presence").text_content() or "")
    assert mine.saves == []
