"""Drafts on a network that loses and reorders answers: what somebody wrote stays, and what they are told is true."""

import pytest
from playwright.async_api import Route

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.editing import SMALL, Desk, edit, endpoint
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DRAFT = endpoint("**/draft")
KEPT = "Object.keys(localStorage).filter(name => name.startsWith('platen:unsaved')).length"


async def becomes(desk: Desk, state: str) -> None:
    """Wait until saving stands in a way."""
    await desk.page.locator(f'.save-state[data-state="{state}"]').wait_for()


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
