"""A first day with Platen, from the link that it prints to a stranger who looks at what is not published yet."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.editor.editing import Desk
from tests.browser.editor.past import seconds_from_now
from tests.browser.editor.tab import PASSWORD, Tab
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A Platen that nobody has an account of yet."""
    with Up(tmp_path_factory.mktemp("fresh") / "data") as up:
        yield up


async def sign_in_for_the_first_time(tab: Tab) -> None:
    await tab.heading("Welcome to Platen").wait_for()
    await tab.page.get_by_label("Name").fill("Ada")
    await tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.press("Create the account")
    await tab.page.get_by_text("No site yet").wait_for()
    await tab.press("Sign out")
    await tab.page.get_by_label("Name").fill("Ada")
    await tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.press("Sign in")
    await tab.page.get_by_text("No site yet").wait_for()


async def make_a_page(tab: Tab) -> None:
    await tab.press("New site")
    await tab.page.get_by_label("Title").fill("Acme")
    await tab.page.keyboard.press("Enter")
    await tab.heading("Acme").wait_for()
    await tab.page.get_by_role("button", name="New page").first.click()
    await tab.page.keyboard.type("Spring")
    await tab.page.keyboard.press("Enter")
    await wait_until(lambda: tab.path == "acme/spring", what="the editor")


async def write(desk: Desk) -> None:
    await desk.field("Title").fill("Spring sale")
    await desk.tab.press("Add a widget")
    await desk.page.locator('.add-widget-entry[data-kind="hero"]').click()
    await desk.field("Title", desk.widget(0)).fill("Spring is here")
    await desk.saved()


async def look_at_the_preview(desk: Desk) -> None:
    await desk.previewed()
    shown = desk.page.frame_locator(".preview-frame.is-shown")
    await expect(shown.get_by_role("heading", level=1)).to_have_text("Spring is here")


async def visitors_see(visitor: Page, up: Up, heading: str) -> None:
    async def see_it() -> bool:
        answer = await visitor.goto(f"{up.url}/acme/spring")
        assert answer is not None
        return answer.status == 200 and await visitor.locator("h1").inner_text() == heading

    await wait_until(see_it, what=f"visitors to see {heading!r}")


async def break_a_field_and_mend_it(desk: Desk) -> None:
    title = desk.field("Title", desk.widget(0))
    await title.fill("")
    await expect(desk.page.locator(".fault-list")).to_be_visible()
    await desk.head.get_by_role("button", name="Publish").click()
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.locator(".toast").first).to_contain_text("Not published")
    assert await title.get_attribute("aria-invalid") == "true"
    await title.fill("Spring is almost over")
    await expect(desk.page.locator(".fault-list")).to_be_hidden()


async def roll_back(tab: Tab) -> None:
    await tab.go("acme/spring/history")
    await tab.press("Roll back to v1")
    await tab.page.get_by_role("dialog").get_by_role("button", name="Roll back to v1").click()
    await expect(tab.page.get_by_text("Visitors get v1").first).to_be_visible()


async def schedule_the_newest(tab: Tab) -> None:
    date, _, time = seconds_from_now(3).partition("T")
    await tab.go("acme/spring/schedule")
    await tab.press("Schedule something")
    await tab.page.get_by_label("Version", exact=True).select_option("2")
    await tab.page.get_by_label("Date", exact=True).fill(date)
    await tab.page.get_by_label("Time", exact=True).fill(time)
    await tab.page.get_by_label("Time zone").fill("UTC")
    await tab.press("Schedule")
    await expect(tab.page.get_by_text("Publish v2").first).to_be_visible()


async def share_the_draft(tab: Tab) -> str:
    await tab.go("acme/spring/history")
    await tab.press("Share a preview")
    await tab.press("Make a link")
    address = await tab.page.get_by_label("Link", exact=True).input_value()
    await tab.press("Done")
    return address


async def test_a_first_day(fresh: Up, browser: Browser) -> None:
    mine, theirs = await browser.new_context(), await browser.new_context()
    link = re.findall(r"/-/editor/(invitation#\S+)", fresh.output)[0]
    tab, visitor = await Tab.open(mine, fresh.url, link), await theirs.new_page()
    desk = Desk(tab, fresh, "acme", "spring")
    # The browser notes what is refused: a page that is not there yet, and a field that is empty.
    tab.expects = {401, 404, 422}

    await sign_in_for_the_first_time(tab)
    await make_a_page(tab)
    await write(desk)
    await look_at_the_preview(desk)
    await desk.publish("The first")
    await desk.is_in("live")
    await visitors_see(visitor, fresh, "Spring is here")

    await break_a_field_and_mend_it(desk)
    await desk.publish("The second")
    await desk.is_in("live")
    await visitors_see(visitor, fresh, "Spring is almost over")

    await roll_back(tab)
    await visitors_see(visitor, fresh, "Spring is here")
    await schedule_the_newest(tab)
    await visitors_see(visitor, fresh, "Spring is almost over")
    await expect(tab.page.get_by_text("Done", exact=True).first).to_be_visible()

    await tab.go("acme/spring")
    await desk.field("Title", desk.widget(0)).fill("Not for everybody yet")
    await desk.saved()
    answer = await visitor.goto(await share_the_draft(tab))
    assert answer is not None
    assert (answer.status, await visitor.locator("h1").inner_text()) == (200, "Not for everybody yet")
    await visitors_see(visitor, fresh, "Spring is almost over")
    assert tab.unexpected == []
    await mine.close()
    await theirs.close()
