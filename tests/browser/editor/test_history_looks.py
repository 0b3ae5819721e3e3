"""A page's history and schedule, light and dark, wide and narrow: everybody can read them, and they fit."""

import pytest
from playwright.async_api import expect

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.past import CHRISTMAS, MOVED, Past, three_versions
from tests.browser.editor.tab import DESKTOP, PHONE
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen"
SCREENS = {
    "history": "{site}/spring/history",
    "comparison": "{site}/spring/history?before=1&after=4",
    "nothing to compare": "{site}/spring/history?before=1&after=99",
    "schedule": "{site}/spring/schedule",
}


@pytest.fixture
def past(up: Up, site: str) -> Past:
    past = three_versions(up, site)
    past.save({**MOVED, "title": LONG_WORD, "description": LONG_WORD}, note=LONG_WORD)
    for body in (
        {"action": "publish", "version": 1, "at": f"{CHRISTMAS}T09:00", "zone": "America/Argentina/ComodRivadavia"},
        {"action": "unpublish", "at": f"{CHRISTMAS}T10:00", "zone": "Europe/Berlin"},
    ):
        up.api.change("POST", f"{past.path}/schedules", body)
    up.api.change("POST", f"{past.path}/shares", {"version": 1})
    return past


@pytest.mark.parametrize("screen", SCREENS)
async def test_a_screen_is_for_everybody(open_tab: OpenTab, past: Past, screen: str) -> None:
    path = SCREENS[screen].format(site=past.site)

    tab = await open_tab({past.site: "publisher"}, path, reduced_motion="reduce")
    await tab.get("document.querySelectorAll('details').forEach(details => details.open = true)")

    async for look in tab.looks(PHONE, DESKTOP):
        assert await tab.faults() == "", look
        assert await tab.get("document.documentElement.scrollWidth") == await tab.get("innerWidth"), look
    assert await tab.page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("dialog", ["Roll back to v1", "Unpublish", "Share a preview", "New schedule"])
async def test_a_dialog_is_for_everybody(open_tab: OpenTab, past: Past, dialog: str) -> None:
    path = past.schedule if dialog == "New schedule" else past.screen
    tab = await open_tab({past.site: "publisher"}, path, PHONE, reduced_motion="reduce")

    await tab.press(dialog)
    await expect(tab.page.get_by_role("dialog")).to_be_visible()

    async for look in tab.looks(PHONE):
        assert await tab.faults() == "", look
        assert await tab.get("document.documentElement.scrollWidth") == PHONE, look


async def test_the_menu_of_the_last_row_is_seen_whole(open_tab: OpenTab, past: Past) -> None:
    tab = await open_tab({past.site: "publisher"}, past.screen)

    await tab.page.get_by_label("More for v1").click()
    # By the window alone: to scroll to the entry would scroll what clips it as well.
    await tab.page.locator(".menu[open]").evaluate("e => scrollBy(0, e.getBoundingClientRect().top - innerHeight / 2)")
    entry = tab.page.locator(".menu[open] .menu-entries > :last-child")

    assert await entry.evaluate(
        "e => { const box = e.getBoundingClientRect();"
        " return document.elementFromPoint(box.x + box.width / 2, box.bottom - 2) === e }"
    )
