"""People who press twice or go on while something is sent, and answers in another order than they were asked for."""

import pytest
from playwright.async_api import Locator

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.editing import endpoint
from tests.browser.editor.past import three_versions
from tests.browser.editor.tab import Tab
from tests.browser.editor.unsteady import Held, of
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}


async def told(tab: Tab, text: str) -> None:
    """Wait until a notice says something."""
    await tab.page.locator(".toast").get_by_text(text).wait_for()


async def focused(tab: Tab) -> str:
    """What has the focus."""
    found: str = await tab.get("document.activeElement.tagName")
    return found


def row(tab: Tab, text: str) -> Locator:
    return tab.page.locator("tbody tr").filter(has_text=text)


async def test_a_dialog_that_is_slow_to_open_opens_once(open_tab: OpenTab, up: Up, site: str) -> None:
    past = three_versions(up, site)
    tab = await open_tab(ADMIN, past.schedule)

    async with Held(tab.page, endpoint(past.path), of("GET")) as held:
        await tab.press("New schedule")
        await tab.press("New schedule")
        await held.has()
    await tab.page.get_by_role("dialog").first.wait_for()
    await tab.page.keyboard.press("Escape")

    await tab.page.get_by_role("dialog").wait_for(state="detached")


async def test_what_cannot_be_opened_says_so(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, "-/accounts")
    tab.expects = {403}
    await tab.page.route(endpoint("sites?*"), lambda route: route.fulfill(status=403, json={"title": "Not any more."}))

    await tab.press("New account")

    await told(tab, "Not any more.")


async def test_undoing_twice_in_a_hurry_undoes_once(open_tab: OpenTab, up: Up, site: str) -> None:
    past = three_versions(up, site)
    tab = await open_tab(ADMIN, past.screen)
    await tab.page.locator("summary").last.click()
    await tab.page.get_by_role("button", name="Restore as draft").last.click()
    await tab.press("Restore v1 as draft")

    await tab.page.locator(".history-notice").get_by_role("button").dblclick()
    await tab.page.locator(".history-notice").get_by_text("The draft is what it was before.").wait_for()

    assert await tab.page.locator(".toast-problem").count() == 0
    assert not past.draft()["is_saved"]


async def has_rows(tab: Tab, count: int) -> bool:
    return await tab.page.locator("tbody tr").count() == count
