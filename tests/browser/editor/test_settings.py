"""The settings of a site: its title, hostnames, members and defaults, and the whole of it as one file."""

import json

import pytest

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.tab import PASSWORD, Tab
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}


async def told(tab: Tab, text: str) -> None:
    """Wait until a notice says something."""
    await tab.page.locator(".toast").get_by_text(text).wait_for()


async def test_a_title_is_changed(open_tab: OpenTab, up: Up, site: str) -> None:
    tab = await open_tab(ADMIN, f"{site}/settings")

    await tab.page.get_by_label("Title").fill("Acme & Sons")
    await tab.press("Save the title")

    await told(tab, "The title is saved")
    assert up.api.get(f"sites/{site}")["title"] == "Acme & Sons"


async def test_whoever_leaves_with_something_unsaved_is_asked(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, site)
    await tab.page.get_by_role("link", name="Settings").click()
    leaving = tab.page.get_by_role("link", name="Sites").first
    await tab.page.get_by_label("Title").fill("Half a tit")

    await leaving.click()
    await tab.press("Cancel")
    assert tab.path == f"{site}/settings"
    assert await tab.page.get_by_label("Title").input_value() == "Half a tit"
    await tab.page.go_back()
    await tab.press("Cancel")
    await wait_until(lambda: tab.path == f"{site}/settings", what="the address to be right again")
    await leaving.click()
    await tab.press("Leave")

    await tab.heading("Sites").wait_for()


async def test_whoever_has_saved_is_not_asked(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, f"{site}/settings")
    await tab.page.get_by_label("Title").fill("A whole title")
    await tab.press("Save the title")
    await told(tab, "The title is saved")

    await tab.page.get_by_role("link", name="Sites").first.click()

    await tab.heading("Sites").wait_for()


async def test_hostnames_are_set_and_a_wrong_one_is_refused_at_its_field(open_tab: OpenTab, up: Up, site: str) -> None:
    tab = await open_tab(ADMIN, f"{site}/settings")
    tab.expects = {422}
    names = tab.page.get_by_label("Hostnames")

    await names.fill(f"www.{site}.example\nnot a/hostname")
    await tab.press("Save the hostnames")
    await tab.page.locator(".field-error:visible").wait_for()
    assert await names.get_attribute("aria-invalid") == "true"
    await names.fill(f"www.{site}.example\n{site}.example")
    await tab.press("Save the hostnames")

    await told(tab, "The hostnames are saved")
    assert up.api.get(f"sites/{site}")["hostnames"] == [f"www.{site}.example", f"{site}.example"]


async def test_a_member_is_invited_and_comes_in(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, f"{site}/settings")
    name = f"Grace of {site}"

    await tab.page.get_by_label("Name", exact=True).fill(name)
    await tab.page.get_by_label("Role", exact=True).select_option("Publisher")
    await tab.press("Add the member")
    link = await tab.page.get_by_role("textbox", name=f"Link for {name}").input_value()
    other = await open_tab(None, link.partition("/-/editor/")[2])
    await other.heading(f"Welcome, {name}").wait_for()
    await other.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await other.press("Set the password and sign in")

    await other.page.get_by_role("link", name=site.capitalize(), exact=True).click()
    await other.page.get_by_role("button", name="New page").first.wait_for()
    assert await other.page.get_by_role("link", name="Settings").count() == 0


async def test_a_members_role_is_changed_and_taken_away(open_tab: OpenTab, up: Up, site: str) -> None:
    name = f"Grace of {site}"
    up.api.change("PUT", f"sites/{site}/members/{name}", {"role": "editor"})
    tab = await open_tab(ADMIN, f"{site}/settings")

    await tab.page.get_by_label(f"Role of {name}").select_option("Viewer")
    await told(tab, f"{name} is viewer now")
    assert [member["role"] for member in up.api.get(f"sites/{site}/members")["items"]] == ["viewer"]
    await tab.press(f"Remove {name}")
    await tab.press("Remove")

    await told(tab, f"{name} was removed")
    assert up.api.get(f"sites/{site}/members")["items"] == []
    assert await tab.page.get_by_text("No members yet").is_visible()


async def test_defaults_are_what_a_new_page_begins_with(open_tab: OpenTab, up: Up, site: str) -> None:
    tab = await open_tab(ADMIN, f"{site}/settings")

    await tab.page.get_by_label("Language").fill("de")
    await tab.page.get_by_label("Background optional").fill("#f8faf3")
    await tab.page.get_by_label("Typeface").select_option("Serif")
    await tab.press("Save the defaults")

    await told(tab, "The defaults are saved")
    config = up.api.get(f"sites/{site}/pages/new/draft")["config"]
    assert (config["lang"], config["background"], config["theme"]["font"]) == ("de", "#f8faf3", "serif")


async def test_a_wrong_colour_is_refused_at_its_field(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, f"{site}/settings")
    tab.expects = {422}
    accent = tab.page.get_by_label("Accent optional")

    await accent.fill("reddish")
    await tab.press("Save the defaults")

    await tab.page.locator(".field-error:visible").wait_for()
    assert await accent.get_attribute("aria-invalid") == "true"


async def test_a_site_is_taken_along_and_put_into_another(open_tab: OpenTab, up: Up, site: str) -> None:
    for page in ("index", "spring"):
        up.api.change("POST", f"sites/{site}/pages/{page}/versions", {"config": {"title": page}})
    up.api.change("POST", "sites", {"slug": f"{site}-copy"})
    tab = await open_tab(ADMIN, f"{site}/settings")

    async with tab.page.expect_download() as download:
        await tab.page.get_by_role("link", name="Export").click()
    taken = await (await download.value).path()
    await tab.go(f"{site}-copy/settings")
    chooser = tab.page.get_by_label("Choose a file")
    await chooser.set_input_files(taken)
    await tab.page.get_by_text("2 saved, 0 unchanged, 0 refused.").first.wait_for()
    await chooser.set_input_files(taken)

    await tab.page.get_by_text("0 saved, 2 unchanged, 0 refused.").first.wait_for()
    assert [page["page"] for page in up.api.get(f"sites/{site}-copy/pages")["items"]] == ["index", "spring"]
    assert json.loads(taken.read_bytes())


async def test_a_file_that_is_no_site_is_refused_with_words(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, f"{site}/settings")

    picture = {"name": "cat.json", "mimeType": "application/json", "buffer": b"\x89PNG"}
    await tab.page.get_by_label("Choose a file").set_input_files(picture)  # type: ignore[arg-type]

    await tab.page.get_by_text("cat.json is not JSON").wait_for()
