"""The list of sites, where there are many of them and where there are few."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, Route

from tests.browser.editor.conftest import OpenTab, started
from tests.browser.editor.tab import Tab
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}
FEW = {"client-01": "editor", "client-02": "viewer"}
MANY = 55


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A Platen with more sites than the list shows at first."""
    for up in started(tmp_path_factory):
        for number in range(MANY):
            body = {"slug": f"client-{number:02}", "title": f"Client {number:02}"}
            up.api.change("POST", "sites", {**body, "hostnames": [f"www.{number:02}.example"]})
        yield up


def row(tab: Tab, site: str) -> Locator:
    return tab.page.get_by_role("row", name=site)


def search(tab: Tab) -> Locator:
    return tab.page.get_by_role("search", name="Sites").get_by_label("Search")


async def is_told(tab: Tab, text: str) -> None:
    """Wait until screen readers are told something."""
    await tab.page.locator("#live-polite").get_by_text(text, exact=True).wait_for(state="attached")


async def tab_to(tab: Tab, what: str, value: str) -> None:
    """Press Tab until something of what has the focus is as it should be."""
    for _ in range(20):
        await tab.page.keyboard.press("Tab")
        if await tab.get(f"document.activeElement.{what}") == value:
            return
    raise AssertionError(f"Tab never came to {value}")


@pytest.mark.parametrize("words", ["client 54", "client-54", "WWW.54.Example"])
async def test_a_site_is_found_among_many(open_tab: OpenTab, words: str) -> None:
    tab = await open_tab(ADMIN)
    assert await row(tab, "Client 54").count() == 0

    await search(tab).fill(words)
    await row(tab, "Client 54").wait_for()

    assert await row(tab, "Client 01").count() == 0
    await is_told(tab, "1 site")
    assert tab.path.startswith("?search=")
    await tab.page.reload()
    await row(tab, "Client 54").wait_for()
    assert await search(tab).input_value() == words


async def test_a_site_is_found_by_keyboard_alone_and_the_search_is_there_after_going_back(open_tab: OpenTab) -> None:
    tab = await open_tab(ADMIN)
    keyboard = tab.page.keyboard

    await tab_to(tab, "name", "search")
    await keyboard.type("54")
    await is_told(tab, "1 site")
    await tab_to(tab, "textContent", "Client 54")
    await keyboard.press("Enter")
    await tab.heading("Client 54").wait_for()
    await tab.page.go_back()
    await tab.heading("Sites").wait_for()

    assert await search(tab).input_value() == "54"
    assert await row(tab, "Client 01").count() == 0


async def test_a_search_without_a_find_says_so_and_is_taken_back_where_it_was_made(open_tab: OpenTab) -> None:
    tab = await open_tab(FEW, "?search=client")

    await search(tab).fill("winter")
    await tab.page.get_by_role("heading", name="No site fits").wait_for()
    await is_told(tab, "No site fits")
    await search(tab).fill("")
    await row(tab, "Client 02").wait_for()

    await is_told(tab, "2 sites")
    assert tab.path == ""
    assert await tab.get("document.activeElement.name") == "search"


async def test_a_few_sites_are_listed_without_a_search(open_tab: OpenTab) -> None:
    tab = await open_tab(FEW)

    assert await row(tab, "Client 02").is_visible()
    assert await tab.page.get_by_label("Search").is_hidden()


async def test_a_list_that_came_at_the_second_try_is_searched(open_tab: OpenTab) -> None:
    tab = await open_tab(ADMIN, "-/account")
    tab.expects = {403}

    async def refuse(route: Route) -> None:
        await route.fulfill(status=403, json={"detail": "No."})

    await tab.page.route("**/api/v1/sites", refuse)
    await tab.page.get_by_role("link", name="Sites").first.click()
    await tab.page.get_by_text("The list could not be loaded").first.wait_for()
    await tab.page.unroute("**/api/v1/sites", refuse)
    await tab.press("Try again")

    await search(tab).wait_for()


async def test_a_search_goes_on_behind_thousands_of_sites_that_do_not_fit(open_tab: OpenTab) -> None:
    tab = await open_tab(ADMIN)

    async def find_nothing_at_first(route: Route) -> None:
        await route.fulfill(json={"items": [], "next": "client-50"})

    await tab.page.route("**/sites?search=client", find_nothing_at_first)
    await search(tab).fill("client")
    await row(tab, "Client 51").wait_for()

    assert await row(tab, "Client 50").count() == 0


async def test_any_of_many_sites_can_be_chosen(open_tab: OpenTab) -> None:
    tab = await open_tab(ADMIN, "-/accounts")

    async def ask_for_fewer(route: Route) -> None:
        await route.continue_(url=route.request.url.replace("limit=200", "limit=20"))

    await tab.page.route("**/sites?limit=200*", ask_for_fewer)
    await tab.press("New account")
    where = tab.page.get_by_role("dialog").get_by_label("Where")
    await where.select_option(f"Client {MANY - 1}")

    assert await where.input_value() == f"client-{MANY - 1}"
