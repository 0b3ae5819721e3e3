"""What was live at an instant, and links for people without an account."""

import time

import pytest
from playwright.async_api import Browser, expect

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.past import CONFIG, MOVED, Past, three_versions
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


@pytest.fixture
def past(up: Up, site: str) -> Past:
    return three_versions(up, site)


def local(at_s: float) -> str:
    """What a clock in Tokyo shows, which is nine hours ahead all year."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_s + 9 * 3600))


async def test_what_was_live_is_told_in_the_zone_of_whoever_asks(open_tab: OpenTab, past: Past) -> None:
    tab = await open_tab({past.site: "viewer"}, past.screen, timezone_id="Asia/Tokyo")
    await expect(tab.page.get_by_text("In your time zone, Asia/Tokyo.").first).to_be_visible()
    began_s = int(time.time())
    await wait_until(lambda: time.time() >= began_s + 1, what="the second in which it went live to be over")

    await tab.fill(Date_and_time=local(time.time()))
    await tab.press("Show")

    await expect(tab.page.get_by_text("visitors got v3").first).to_be_visible()

    await tab.fill(Date_and_time=local(time.time() - 86_400))
    await tab.press("Show")

    await expect(tab.page.get_by_text("the page was not published yet").first).to_be_visible()


async def test_a_share_is_seen_by_a_stranger_until_it_is_revoked(
    open_tab: OpenTab, past: Past, browser: Browser
) -> None:
    tab = await open_tab({past.site: "editor"}, past.screen)
    answer = await tab.page.context.request.put(
        f"{past.up.url}/-/api/v1/{past.path}/draft",
        data={"config": {**MOVED, "widgets": [{"type": "hero", "title": "Not for everybody yet"}]}, "base_version": 3},
        headers={"if-match": '"r0"', "origin": past.up.url},
    )
    assert answer.ok
    await tab.go(past.screen)

    await tab.press("Share a preview")
    await tab.page.get_by_label("It ends").select_option("in an hour")
    await tab.press("Make a link")
    address = await tab.page.get_by_label("Link", exact=True).input_value()
    await tab.press("Done")

    stranger = await browser.new_context()
    page = await stranger.new_page()
    seen = await page.goto(address)
    assert seen is not None
    assert seen.status == 200
    await expect(page.get_by_role("heading", level=1)).to_have_text("Not for everybody yet")
    assert "noindex" in (seen.headers.get("x-robots-tag") or "")
    assert "Not for everybody yet" not in (await past.visit(tab))[1]

    await tab.press("Revoke the link to the draft")
    await tab.page.get_by_role("dialog").get_by_role("button", name="Revoke").click()

    await expect(tab.page.get_by_text("No link is open").first).to_be_visible()
    gone = await page.goto(address)
    assert gone is not None
    assert gone.status == 410
    await stranger.close()


async def test_a_version_can_be_shared_as_well(open_tab: OpenTab, past: Past, browser: Browser) -> None:
    tab = await open_tab({past.site: "editor"}, past.screen)

    await tab.press("Share a preview")
    await tab.page.get_by_label("Show").select_option("v1")
    await tab.press("Make a link")
    address = await tab.page.get_by_label("Link", exact=True).input_value()

    stranger = await browser.new_context()
    page = await stranger.new_page()
    await page.goto(address)
    await expect(page.get_by_role("heading", level=1)).to_have_text(CONFIG["widgets"][0]["title"])  # type: ignore[index,call-overload]
    await stranger.close()
