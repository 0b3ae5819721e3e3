"""Sites and the pages of one: made, listed, searched, and kept true by what happens."""

import pytest
from playwright.async_api import Locator, Route

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.tab import V1, Tab
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}


def save(up: Up, site: str, page: str, title: str, *, publish: bool = True) -> None:
    up.api.change("POST", f"sites/{site}/pages/{page}/versions", {"config": {"title": title}, "publish": publish})


def row(tab: Tab, page: str) -> Locator:
    return tab.page.get_by_role("row", name=page)


async def test_a_page_that_is_a_draft_only_is_listed_by_its_title(up: Up, open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, site)

    saved = await tab.page.request.put(
        f"{up.url}{V1}/sites/{site}/pages/xyz/draft",
        data={"config": {"title": "Spring sale"}},
        headers={"if-match": '"r0"', "origin": up.url},
    )
    await tab.go(site)

    assert saved.ok
    assert await tab.page.get_by_role("link", name="Spring sale", exact=True).is_visible()
    assert await row(tab, "xyz").get_by_text("Draft", exact=True).is_visible()


async def test_a_site_is_made_by_its_title_alone(open_tab: OpenTab) -> None:
    tab = await open_tab(ADMIN)

    await tab.press("New site")
    dialog = tab.page.get_by_role("dialog", name="New site")
    await dialog.get_by_label("Title").fill("Café Süd & Söhne")
    assert await dialog.get_by_label("Name in addresses").input_value() == "cafe-sud-sohne"
    await dialog.get_by_label("Title").press("Enter")

    await tab.heading("Café Süd & Söhne").wait_for()
    assert tab.path == "cafe-sud-sohne"


async def test_a_site_and_a_page_are_made_by_keyboard_alone(open_tab: OpenTab) -> None:
    tab = await open_tab(ADMIN)
    keyboard = tab.page.keyboard

    async def tab_to(text: str) -> None:
        for _ in range(40):
            await keyboard.press("Tab")
            if await tab.get("document.activeElement.textContent") == text:
                return
        raise AssertionError(f"Tab never came to {text}")

    await tab_to("New site")
    await keyboard.press("Enter")
    await keyboard.type("Keys only")
    await keyboard.press("Enter")
    await tab.heading("Keys only").wait_for()
    await tab_to("New page")
    await keyboard.press("Space")
    await keyboard.type("first")
    await keyboard.press("Enter")

    await wait_until(lambda: tab.path == "keys-only/first", what="the editor")


async def test_a_name_that_is_taken_is_refused_at_its_field(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN)
    tab.expects = {409}

    await tab.press("New site")
    await tab.page.get_by_label("Title").fill("Other")
    slug = tab.page.get_by_label("Name in addresses")
    await slug.fill(site)
    await tab.press("Create the site")
    await tab.page.locator(".field-error").get_by_text(f"The site '{site}' exists").wait_for()

    assert await slug.get_attribute("aria-invalid") == "true"
    assert await tab.get("document.activeElement.name") == "slug"
    await tab.page.keyboard.press("Escape")
    assert await tab.get("document.activeElement.textContent") == "New site"


@pytest.mark.parametrize("slug", ["sign-in", "invitation"])
async def test_a_site_is_not_called_like_an_address_of_the_app(open_tab: OpenTab, slug: str) -> None:
    tab = await open_tab(ADMIN)

    await tab.press("New site")
    await tab.page.get_by_label("Title").fill(slug)
    await tab.press("Create the site")

    await tab.page.get_by_text("This name is an address of the app's own").wait_for()


async def test_whoever_has_no_site_learns_how_to_come_by_one(open_tab: OpenTab) -> None:
    tab = await open_tab({})

    assert await tab.page.get_by_text("No site is open to you yet").is_visible()
    assert await tab.page.get_by_role("button", name="New site").count() == 0


async def test_a_page_that_is_published_goes_live_on_the_list_by_itself(open_tab: OpenTab, up: Up, site: str) -> None:
    save(up, site, "spring", "Spring", publish=False)
    tab = await open_tab({site: "viewer"}, site)
    assert await row(tab, "spring").get_by_text("Live").count() == 0

    save(up, site, "spring", "Spring sale")

    await row(tab, "Spring sale").get_by_text("Live", exact=True).wait_for()


async def test_a_page_that_waits_for_a_builder_says_so(open_tab: OpenTab, up: Up, site: str) -> None:
    save(up, site, "spring", "Spring", publish=False)
    tab = await open_tab({site: "viewer"}, site)

    up.api.change("POST", "builders/all/quiet")
    try:
        await wait_until(lambda: all(each["state"] == "quiet" for each in up.api.get("builders")["items"]))
        save(up, site, "spring", "Spring")
        await row(tab, "Spring").get_by_text("Building", exact=True).wait_for()
    finally:
        up.api.change("DELETE", "builders/all/quiet")

    await row(tab, "Spring").get_by_text("Live", exact=True).wait_for()


async def test_a_page_that_comes_into_being_appears(open_tab: OpenTab, up: Up, site: str) -> None:
    tab = await open_tab({site: "viewer"}, site)
    await tab.page.get_by_text("No page yet").wait_for()

    save(up, site, "spring", "Spring")

    await row(tab, "Spring").get_by_text("Live", exact=True).wait_for()


async def test_a_search_goes_on_behind_thousands_of_pages_that_do_not_fit(open_tab: OpenTab, up: Up, site: str) -> None:
    save(up, site, "spring", "Spring")
    save(up, site, "summer", "Summer")
    tab = await open_tab({site: "editor"}, site)

    async def find_nothing_at_first(route: Route) -> None:
        await route.fulfill(json={"items": [], "next": "spring"})

    await tab.page.route("**/pages?search=summ", find_nothing_at_first)
    await tab.page.get_by_label("Search").fill("summ")
    await wait_until(row(tab, "Spring").is_hidden, what="the search")

    await row(tab, "Summer").wait_for()


async def test_pages_are_found_by_what_they_are_called(open_tab: OpenTab, up: Up, site: str) -> None:
    for page in ("spring", "summer", "autumn"):
        save(up, site, page, page.capitalize())
    tab = await open_tab({site: "editor"}, site)

    await tab.page.get_by_label("Search").fill("summ")
    await wait_until(row(tab, "Spring").is_hidden, what="the search")

    assert await row(tab, "Summer").is_visible()
    assert tab.path == f"{site}?search=summ"
    await tab.page.reload()
    await row(tab, "Summer").wait_for()
    assert await row(tab, "Spring").is_hidden()
    assert await tab.page.get_by_label("Search").input_value() == "summ"


async def test_a_search_without_a_find_says_so(open_tab: OpenTab, up: Up, site: str) -> None:
    save(up, site, "spring", "Spring")
    tab = await open_tab({site: "editor"}, site)

    await tab.page.get_by_label("Search").fill("winter")

    await tab.page.get_by_role("heading", name="No page fits").wait_for()


async def test_pages_are_filtered_by_their_state(open_tab: OpenTab, up: Up, site: str) -> None:
    save(up, site, "spring", "Spring")
    save(up, site, "summer", "Summer", publish=False)
    tab = await open_tab({site: "editor"}, site)
    await row(tab, "Spring").get_by_text("Live", exact=True).wait_for()

    await tab.page.get_by_label("State").select_option("Live")

    await wait_until(row(tab, "Summer").is_hidden, what="the filter")
    assert await row(tab, "Spring").is_visible()


async def test_a_new_page_is_asked_its_title_and_written(open_tab: OpenTab, up: Up, site: str) -> None:
    up.api.change("PUT", f"sites/{site}/defaults", {"config": {"background": "#fff5e6"}})
    tab = await open_tab({site: "editor"}, site)

    await tab.page.get_by_role("button", name="New page").first.click()
    await tab.page.keyboard.type("Spring sale")
    assert await tab.page.get_by_text(f"/{site}/spring-sale").is_visible()
    await tab.page.keyboard.press("Enter")

    await tab.heading("Spring sale").wait_for()
    assert tab.path == f"{site}/spring-sale"
    draft = up.api.get(f"sites/{site}/pages/spring-sale/draft")["config"]
    assert (draft["title"], draft["background"]) == ("Spring sale", "#fff5e6")


async def test_a_new_page_never_takes_the_place_of_another(open_tab: OpenTab, up: Up, site: str) -> None:
    save(up, site, "spring", "Spring", publish=False)
    tab = await open_tab({site: "editor"}, f"{site}?search=nothing")

    await tab.page.get_by_role("button", name="New page").first.click()
    await tab.page.keyboard.type("Spring")
    await tab.press("Write the page")

    await tab.page.locator(".field-error").get_by_text("There is a page with this name already.").wait_for()
    assert await tab.get("document.activeElement.name") == "slug"


async def test_a_list_of_many_pages_goes_on(open_tab: OpenTab, up: Up, site: str) -> None:
    for number in range(60):
        save(up, site, f"page-{number:02}", f"Page {number:02}", publish=False)
    tab = await open_tab({site: "editor"}, site)
    assert await row(tab, "Page 59").count() == 0

    await tab.press("Show more")

    await row(tab, "Page 59").wait_for()
    assert await tab.page.get_by_role("button", name="Show more").count() == 0
    assert await tab.get("document.activeElement.textContent") == "Page 50"
