"""The page editor for everybody: light and dark, wide and narrow, whatever it shows just now."""

from collections.abc import Awaitable, Callable

import pytest

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.editing import SPRING_SALE, Desk, edit
from tests.browser.editor.tab import DESKTOP, PHONE
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Show = Callable[[Desk], Awaitable[None]]


async def whole(desk: Desk) -> None:
    await desk.tab.press("Unfold all")


async def faulty(desk: Desk) -> None:
    await desk.tab.press("Unfold all")
    await desk.field("Title", desk.widget(0)).fill("")
    await desk.page.locator(".fault-list").wait_for()


async def adding(desk: Desk) -> None:
    await desk.tab.press("Add a widget")


async def published(desk: Desk) -> None:
    await desk.publish("A note")
    await desk.is_in("live")


async def asking(desk: Desk) -> None:
    await desk.page.keyboard.press("Control+Enter")
    await desk.page.get_by_role("dialog").wait_for()


@pytest.mark.parametrize("state", [whole, faulty, adding, published, asking], ids=lambda state: state.__name__)
async def test_the_editor_is_for_everybody(open_tab: OpenTab, up: Up, site: str, state: Show) -> None:
    desk = await edit(open_tab, up, site, SPRING_SALE, reduced_motion="reduce")

    await state(desk)

    async for look in desk.tab.looks(PHONE, DESKTOP):
        assert await desk.tab.faults() == "", look
        assert await desk.tab.get("document.documentElement.scrollWidth") == await desk.tab.get("innerWidth"), look


async def test_a_page_without_anything_is_for_everybody(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site)

    assert await desk.page.get_by_text("Nothing is on the page yet.").is_visible()
    assert await desk.tab.faults() == ""
