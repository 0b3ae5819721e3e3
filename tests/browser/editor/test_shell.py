"""What is around all screens: going from one to the next, by mouse, keyboard and address."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import BrowserContext

from tests.browser.editor.conftest import OpenTab, sign_in, started
from tests.browser.editor.tab import Tab
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}
FOCUSED = "document.activeElement.tagName + ' ' + document.activeElement.textContent.trim()"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A Platen of their own, for what the whole lists of sites and accounts show."""
    yield from started(tmp_path_factory)


async def test_a_screen_that_is_gone_to_has_its_title_and_the_focus_on_its_heading(
    open_tab: OpenTab, site: str
) -> None:
    tab = await open_tab(ADMIN)

    await tab.page.get_by_role("link", name=site.capitalize(), exact=True).click()
    await tab.heading(site.capitalize()).wait_for()

    assert tab.path == site
    assert await tab.page.title() == f"{site.capitalize()} · Platen"
    assert await tab.get(FOCUSED) == f"H1 {site.capitalize()}"


async def test_back_and_forward_lead_where_one_was(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN)
    await tab.page.get_by_role("link", name=site.capitalize(), exact=True).click()
    # The list that is left has such links, too.
    await tab.heading(site.capitalize()).wait_for()
    await tab.page.get_by_role("link", name="Settings").click()
    await tab.heading("Settings").wait_for()

    await tab.page.go_back()
    await tab.heading(site.capitalize()).wait_for()
    await tab.page.go_back()
    await tab.heading("Sites").wait_for()
    await tab.page.go_forward()
    await tab.heading(site.capitalize()).wait_for()

    assert tab.path == site


async def test_whoever_comes_by_keyboard_skips_to_the_content(open_tab: OpenTab) -> None:
    tab = await open_tab(ADMIN)

    await tab.page.keyboard.press("Tab")
    skipping = await tab.get(FOCUSED)
    await tab.page.keyboard.press("Enter")
    await tab.page.keyboard.press("Tab")

    assert skipping == "A Skip to the content"
    assert await tab.get("document.getElementById('main').contains(document.activeElement)")


async def test_back_leads_back_also_to_where_somebody_skipped_to_the_content(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN)
    await tab.page.keyboard.press("Tab")
    await tab.page.keyboard.press("Enter")
    await tab.page.get_by_role("link", name=site.capitalize(), exact=True).click()
    await tab.heading(site.capitalize()).wait_for()

    await tab.page.go_back()

    await tab.heading("Sites").wait_for()


async def test_an_address_at_which_nothing_is_says_so(open_tab: OpenTab) -> None:
    tab = await open_tab(ADMIN, "-/nothing")

    await tab.heading("There is nothing here").wait_for()
    await tab.page.get_by_role("main").get_by_role("link", name="All sites").click()

    await tab.heading("Sites").wait_for()


async def test_a_site_of_others_is_not_found(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab({}, site)
    tab.expects = {404}

    assert await tab.heading("Not found").is_visible()


async def test_whoever_only_looks_is_offered_nothing_to_change(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab({site: "viewer"}, site)

    await tab.page.get_by_text("No page yet").wait_for()
    buttons = await tab.page.get_by_role("button").all_inner_texts()
    links = await tab.page.get_by_role("link").all_inner_texts()
    await tab.go(f"{site}/settings")
    await tab.page.get_by_text("Not yours to set").wait_for()
    await tab.go("-/accounts")

    assert buttons == ["Sign out"]
    assert not {"Settings", "Accounts", "Audit log"} & set(links)
    assert await tab.heading("Not yours to see").is_visible()


async def test_a_browser_without_a_network_says_that_it_is_paused(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, site)
    banner = tab.page.get_by_text("Paused, reconnecting.")

    await tab.page.context.set_offline(True)
    await banner.wait_for()
    await tab.page.context.set_offline(False)

    await wait_until(banner.is_hidden, what="the end of the banner")


async def test_a_list_is_true_again_after_platen_was_away(tmp_path: Path, context: BrowserContext) -> None:
    with Up(tmp_path / "data") as up:
        port = urlsplit(up.url).port
        up.api.change("POST", "sites", {"slug": "acme"})
        await sign_in(up, context, "Ada", ADMIN)
        tab = await Tab.open(context, up.url, "acme")
        await tab.page.get_by_text("No page yet").wait_for()

    await tab.page.get_by_text("Paused, reconnecting.").wait_for()

    with Up(tmp_path / "data", "--port", str(port)) as up:
        up.api.change("POST", "sites/acme/pages/spring/versions", {"config": {"title": "Spring"}, "publish": True})
        await tab.page.get_by_role("row", name="Spring").get_by_text("Live", exact=True).wait_for()
        await wait_until(tab.page.get_by_text("Paused, reconnecting.").is_hidden, what="the end of the banner")
        await tab.page.close()


async def test_a_screen_that_cannot_be_loaded_is_tried_again(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN)
    await tab.page.route(f"**/sites/{site}", lambda route: route.fulfill(status=500, json={"detail": "This is a bug."}))
    tab.expects = {500}

    await tab.page.get_by_role("link", name=site.capitalize(), exact=True).click()
    await tab.page.get_by_text("This is a bug.").wait_for()
    await tab.page.unroute(f"**/sites/{site}")
    await tab.press("Try again")

    await tab.heading(site.capitalize()).wait_for()


async def test_a_page_of_a_site_called_like_an_address_of_the_app_has_an_editor(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN)

    found = await tab.get(
        "import(document.querySelector('script[type=module]').src.replace('app.js', 'lib/addresses.js'))"
        ".then(({pageAddress}) => [pageAddress('acme', 'settings'), pageAddress('acme', 'spring')])"
    )

    assert found == ["/-/editor/acme/-/settings", "/-/editor/acme/spring"]
