"""Where the focus is once what had it is gone: close by, and never nowhere."""

import pytest
from playwright.async_api import Locator

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.editing import SMALL, edit
from tests.browser.editor.past import CHRISTMAS, three_versions
from tests.browser.editor.tab import Tab
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}


async def focused(tab: Tab) -> str:
    """What has the focus, in words."""
    words: str = await tab.get("document.activeElement.textContent")
    return "nowhere" if await tab.get("document.activeElement === document.body") else words


async def count_is(locator: Locator, count: int) -> bool:
    return await locator.count() == count


async def test_after_a_row_was_removed_the_next_one_has_the_focus(open_tab: OpenTab, up: Up, site: str) -> None:
    for name in (f"Abe {site}", f"Bo {site}"):
        up.api.change("PUT", f"sites/{site}/members/{name}", {"role": "viewer"})
    tab = await open_tab(ADMIN, f"{site}/settings")
    last: list[str] = []

    for name in (f"Abe {site}", f"Bo {site}"):
        await tab.press(f"Remove {name}")
        await tab.press("Remove")
        await tab.page.locator(".toast").get_by_text(f"{name} was removed").wait_for()
        last.append(await focused(tab))

    # The next row begins with its role; where no row is left there is the screen's heading.
    assert last[0] != "nowhere"
    assert last[1] == "Settings"


async def test_after_a_schedule_was_cancelled_the_focus_stays_in_the_list(open_tab: OpenTab, up: Up, site: str) -> None:
    past = three_versions(up, site)
    asked = {"action": "unpublish", "at": f"{CHRISTMAS}T12:00:00", "zone": "UTC"}
    schedule = up.api.change("POST", f"{past.path}/schedules", asked)
    tab = await open_tab(ADMIN, past.schedule)

    await tab.press(f"Cancel schedule {schedule['id']}")
    await tab.press("Cancel the schedule")
    await tab.page.locator("tbody").get_by_text("Cancelled").wait_for()

    assert await focused(tab) != "nowhere"


async def test_after_a_publication_was_dismissed_the_focus_is_on_the_tray_or_the_heading(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.publish("One")
    await desk.is_in("live")
    await desk.publish("Two")
    await desk.is_in("live")
    # Until they are on every server, there is something to wait for.
    await desk.page.locator(".tray-toggle").get_by_text("Publications").wait_for()
    dismiss = desk.page.get_by_role("button", name="Dismiss").and_(desk.page.locator(".tray-card button"))

    await dismiss.first.focus()
    await desk.page.keyboard.press("Enter")
    await wait_until(lambda: count_is(desk.page.locator(".tray-card"), 1), what="one publication to be left")
    one_left = await focused(desk.tab)
    await dismiss.first.focus()
    await desk.page.keyboard.press("Enter")
    await wait_until(lambda: count_is(desk.page.locator(".tray-card"), 0), what="no publication to be left")

    assert one_left == "Publications"
    assert await focused(desk.tab) == "Small"
