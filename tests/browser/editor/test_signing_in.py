"""The first run, signing in and out, and a session that ends in the middle of something."""

import re
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.tab import PASSWORD, Tab
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A Platen that nobody has an account of yet."""
    with Up(tmp_path_factory.mktemp("fresh") / "data") as up:
        yield up


@pytest_asyncio.fixture(loop_scope="session")
async def first(fresh: Up, browser: Browser) -> AsyncIterator[Tab]:
    """Whoever follows the link that a first start prints."""
    context = await browser.new_context(service_workers="block")
    link = re.findall(r"/-/editor/(invitation#\S+)", fresh.output)[0]
    tab = await Tab.open(context, fresh.url, link)
    yield tab
    await context.close()
    assert tab.unexpected == []


async def test_the_first_run_makes_an_administrator_who_is_signed_in(first: Tab) -> None:
    await first.heading("Welcome to Platen").wait_for()

    await first.page.get_by_label("Name").fill("Ada")
    await first.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await first.press("Create the account")

    await first.page.get_by_text("No site yet").wait_for()
    assert await first.page.get_by_role("link", name="Your account: Ada").is_visible()
    assert await first.page.get_by_role("link", name="Accounts").is_visible()


async def test_each_field_that_is_wrong_says_so_at_once_and_the_link_works_on(first: Tab) -> None:
    name, password = first.page.get_by_label("Name"), first.page.get_by_label("Password", exact=True)
    assert await first.get("document.activeElement.name") == "name"
    await name.fill("a/b")

    await password.fill("short")
    await first.press("Create the account")
    errors = await first.page.locator(".field-error:visible").all_inner_texts()

    assert [error.partition(":")[0] for error in errors] == [
        "Use letters, digits, spaces and . @ + - _ ', with a letter or a digit in front.",
        "This is too short",
    ]
    assert await password.get_attribute("aria-invalid") == "true"
    assert await first.get("document.activeElement.name") == "name"
    await name.fill("Ada Lovelace")
    await password.fill("ada lovelace")
    await first.press("Create the account")
    await first.page.get_by_text("This is the name").wait_for()
    await password.fill(PASSWORD)
    assert await first.page.get_by_text("At least 10 characters: done").count() == 1
    await first.press("Create the account")
    await first.page.get_by_text("No site yet").wait_for()


async def test_a_link_that_was_used_says_so(open_tab: OpenTab) -> None:
    tab = await open_tab(None, "invitation#" + "x" * 43)
    tab.expects = {404, 422}

    assert await tab.heading("This link does not work").is_visible()


async def test_signing_in_leads_on_to_where_one_wanted(open_tab: OpenTab, up: Up, site: str) -> None:
    name = await name_of_somebody(open_tab)
    tab = await open_tab(None, f"{site}?state=live")
    await tab.heading("Sign in").wait_for()

    await sign_in(tab, name)

    await tab.heading(site.capitalize()).wait_for()
    assert tab.path == f"{site}?state=live"
    assert await tab.page.get_by_label("State").input_value() == "live"


async def test_a_wrong_password_is_refused_without_saying_which_of_the_two_it_was(open_tab: OpenTab) -> None:
    name = await name_of_somebody(open_tab)
    tab = await open_tab(None)
    tab.expects = {401}
    refusal = tab.page.locator(".field-error").get_by_text("This name and password do not go together.")

    await sign_in(tab, name, "another password altogether")
    await refusal.wait_for()

    assert await tab.get("document.activeElement.name") == "password"
    assert await tab.page.get_by_label("Password", exact=True).get_attribute("aria-invalid") == "true"
    await sign_in(tab, name)
    await tab.heading("Sites").wait_for()


async def test_signing_out_leaves_nothing_to_come_back_to(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, site)

    await tab.press("Sign out")
    await tab.heading("Sign in").wait_for()
    await tab.page.go_back()
    await tab.heading("Sign in").wait_for()

    assert await tab.page.get_by_role("banner").is_hidden()
    await tab.go(site)
    assert await tab.heading("Sign in").is_visible()


async def test_a_session_that_ends_in_the_middle_loses_nothing(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, f"{site}/settings")
    tab.expects = {401}
    await tab.page.get_by_label("Title").fill("Written long ago")

    await tab.page.context.clear_cookies()
    await tab.press("Save the title")
    dialog = tab.page.get_by_role("dialog", name="Sign in again")
    await dialog.get_by_label("Password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Sign in", exact=True).click()

    await tab.page.locator(".toast").get_by_text("The title is saved").wait_for()
    assert tab.path == f"{site}/settings"
    assert await tab.page.get_by_label("Title").input_value() == "Written long ago"


async def name_of_somebody(open_tab: OpenTab) -> str:
    """The name of somebody who has an account."""
    tab = await open_tab(ADMIN)
    text = await tab.page.locator(".shell-name").text_content()
    assert text is not None
    return text.removeprefix("Your account: ")


async def sign_in(tab: Tab, name: str, password: str = PASSWORD) -> None:
    await tab.page.get_by_label("Name").fill(name)
    await tab.page.get_by_label("Password", exact=True).fill(password)
    await tab.press("Sign in")
