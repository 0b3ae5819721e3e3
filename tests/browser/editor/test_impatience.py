"""People who press twice or go on while something is sent, and answers in another order than they were asked for."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Route

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.editing import SMALL, edit, endpoint
from tests.browser.editor.past import CONFIG, MOVED, Past, three_versions
from tests.browser.editor.tab import PASSWORD, Tab
from tests.browser.editor.unsteady import Held, Lost, of, settled
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}


async def told(tab: Tab, text: str) -> None:
    """Wait until a notice says something."""
    await tab.page.locator(".toast").get_by_text(text).wait_for()


async def focused(tab: Tab) -> str:
    """What has the focus."""
    found: str = await tab.get("document.activeElement.tagName")
    return found


def row(tab: Tab, text: str) -> Locator:
    return tab.page.locator("tbody tr").filter(has_text=text)


async def test_what_is_typed_while_a_form_is_sent_stays_and_is_not_taken_for_saved(
    open_tab: OpenTab, site: str
) -> None:
    tab = await open_tab(ADMIN, f"{site}/settings")
    title, hostnames = tab.page.get_by_label("Title"), tab.page.get_by_label("Hostnames")

    async with Held(tab.page, endpoint("sites/**"), of("PUT")) as held:
        await title.fill("First")
        await tab.press("Save the title")
        await hostnames.fill("www.first.example")
        await tab.press("Save the hostnames")
        await held.has(2)
        await title.fill("First and second")
        await hostnames.fill("www.first.example\nwww.second.example")
    await told(tab, "The title is saved")
    await told(tab, "The hostnames are saved")
    typed = [await title.input_value(), await hostnames.input_value()]
    await tab.page.get_by_role("link", name="Sites").first.click()
    await tab.page.get_by_role("dialog", name="Leave without saving?").wait_for()

    assert typed == ["First and second", "www.first.example\nwww.second.example"]


async def test_the_name_of_the_next_member_stays_while_the_first_is_added(open_tab: OpenTab, up: Up, site: str) -> None:
    tab = await open_tab(ADMIN, f"{site}/settings")
    name = tab.page.get_by_label("Name", exact=True)

    async with Held(tab.page, endpoint("**/members/*"), of("PUT")) as held:
        await name.fill("Noor")
        await tab.press("Add the member")
        await held.has()
        await name.fill("Lee")
    await row(tab, "Noor").wait_for()
    await tab.page.get_by_text("Noor was added").wait_for()

    assert await name.input_value() == "Lee"


async def test_of_two_roles_that_were_chosen_the_later_counts(open_tab: OpenTab, up: Up, site: str) -> None:
    up.api.change("PUT", f"sites/{site}/members/Lee {site}", {"role": "viewer"})
    tab = await open_tab(ADMIN, f"{site}/settings")
    role = tab.page.get_by_label(f"Role of Lee {site}")

    async with Held(tab.page, endpoint("**/members/*"), of("PUT"), reaches=False, first=1) as held:
        await role.select_option("publisher")
        await held.has()
        await role.select_option("editor")
        # Were the second sent at once, it would be answered first.
        await settled(tab.page)
    await told(tab, "is editor now")

    members = up.api.get(f"sites/{site}/members")["items"]
    assert [member["role"] for member in members] == ["editor"]
    assert await role.input_value() == "editor"


async def test_a_dialog_that_is_slow_to_open_opens_once(open_tab: OpenTab, up: Up, site: str) -> None:
    past = three_versions(up, site)
    tab = await open_tab(ADMIN, past.schedule)

    async with Held(tab.page, endpoint(past.path), of("GET")) as held:
        await tab.press("New schedule")
        await tab.press("New schedule")
        await held.has()
    await tab.page.get_by_role("dialog").first.wait_for()
    await tab.page.keyboard.press("Escape")

    await tab.page.get_by_role("dialog").wait_for(state="detached")


async def test_what_cannot_be_opened_says_so(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, "-/accounts")
    tab.expects = {403}
    await tab.page.route(endpoint("sites?*"), lambda route: route.fulfill(status=403, json={"title": "Not any more."}))

    await tab.press("New account")

    await told(tab, "Not any more.")


async def test_undoing_twice_in_a_hurry_undoes_once(open_tab: OpenTab, up: Up, site: str) -> None:
    past = three_versions(up, site)
    tab = await open_tab(ADMIN, past.screen)
    await tab.press("Roll back to v1")
    await tab.page.get_by_role("dialog").get_by_role("button", name="Roll back to v1").click()
    undo = tab.page.get_by_role("button", name="Undo: go forward to v3")
    await undo.wait_for()

    async with Held(tab.page, endpoint("**/publications"), of("POST")) as held:
        await undo.click()
        await held.has()
        await undo.click()
        held.release()
        await tab.page.locator(".history-notice").get_by_text("v3 is live.").wait_for()

    causes = [publication["cause"] for publication in up.api.get(f"{past.path}/publications")["items"]]
    assert causes == ["publish", "rollback", "publish", "publish"]


async def test_whoever_presses_twice_to_leave_is_asked_once(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    desk.tab.expects = {403}
    # Somewhere to go back to.
    await desk.page.get_by_role("link", name=site, exact=True).click()
    await desk.page.get_by_role("link", name="Small", exact=True).click()
    await desk.field("Title").wait_for()
    await desk.page.route(endpoint("**/draft"), lambda route: route.fulfill(status=403, json={"detail": "No more."}))
    await desk.field("Title").fill("Not saved")

    link = desk.page.get_by_role("link", name="History")
    await link.evaluate("link => { link.click(); link.click(); history.back(); }")
    await desk.page.get_by_role("dialog").first.wait_for()
    await desk.tab.press("Stay")

    await desk.page.get_by_role("dialog").wait_for(state="detached")
    await wait_until(lambda: desk.tab.path == f"{site}/spring", what="the address to be right")
    assert await desk.field("Title").input_value() == "Not saved"


async def test_whoever_stays_and_goes_back_at_once_is_asked_again(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab(ADMIN, site)
    await tab.page.get_by_role("link", name="Settings").click()
    await tab.page.get_by_label("Title").fill("Half a title")
    await tab.page.get_by_role("link", name="Sites").first.click()

    stay = tab.page.get_by_role("button", name="Cancel", exact=True)
    # "Back" as the page is told of it, before the browser has come to its next frame.
    await stay.evaluate("""stay => new Promise((done) => requestAnimationFrame(() => {
        stay.click();
        setTimeout(() => done(dispatchEvent(new PopStateEvent("popstate", {state: {index: 0}}))));
    }))""")
    await tab.page.get_by_role("dialog", name="Leave without saving?").wait_for()

    assert await tab.page.get_by_role("dialog").count() == 1


async def test_a_dialog_does_not_outlive_its_screen(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab({site: "admin"})
    await tab.page.get_by_role("link", name=site.capitalize(), exact=True).click()
    await tab.heading(site.capitalize()).wait_for()
    await tab.page.get_by_role("button", name="New page").first.click()
    await tab.page.get_by_role("dialog").wait_for()

    await tab.page.go_back()
    await tab.heading("Sites").wait_for()

    assert await tab.page.get_by_role("dialog").count() == 0
    assert await focused(tab) == "H1"


async def test_after_trying_again_the_focus_is_on_the_heading(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab({site: "admin"})
    tab.expects = {404}
    away = endpoint(f"sites/{site}")
    await tab.page.route(away, lambda route: route.fulfill(status=404, json={"detail": "Not yet."}))
    await tab.page.get_by_role("link", name=site.capitalize(), exact=True).click()
    await tab.heading("Not found").wait_for()
    await tab.page.unroute(away)

    await tab.press("Try again")
    await tab.heading(site.capitalize()).wait_for()

    assert await focused(tab) == "H1"


async def test_a_note_is_kept_until_it_is_published(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    button = desk.head.get_by_role("button", name="Publish")

    async with Lost(desk.page, endpoint("**/versions"), of("POST")):
        await button.click()
        await desk.page.get_by_label("What changed?").fill("Written with care")
        await desk.page.keyboard.press("Enter")
        await told(desk.tab, "No answer came")
    await button.click()
    kept = await desk.page.get_by_label("What changed?").input_value()
    await desk.page.keyboard.press("Enter")
    await desk.is_in("live")
    desk.tab.complaints.clear()
    desk.tab.expects = {409}

    assert kept == "Written with care"
    # The first try had arrived, and counts as the same.
    assert up.api.get(desk.path)["versions"] == 2


async def test_a_site_whose_answer_was_lost_is_not_called_taken(open_tab: OpenTab, up: Up, site: str) -> None:
    tab = await open_tab(ADMIN)
    await tab.press("New site")
    await tab.page.get_by_label("Title").fill(f"Twin of {site}")

    async with Lost(tab.page, endpoint("sites"), of("POST")):
        await tab.press("Create the site")
        await tab.page.get_by_text("Platen is not reached").wait_for()
    await tab.press("Create the site")
    await tab.heading(f"Twin of {site}").wait_for()
    tab.complaints.clear()


async def test_a_page_whose_answer_was_lost_is_not_called_taken(open_tab: OpenTab, up: Up, site: str) -> None:
    tab = await open_tab(ADMIN, site)
    await tab.page.get_by_role("button", name="New page").first.click()
    await tab.page.get_by_label("Title").fill("Autumn")

    async with Lost(tab.page, endpoint("**/draft"), of("PUT")):
        await tab.press("Write the page")
        await tab.page.get_by_text("Platen is not reached").wait_for()
    await tab.press("Write the page")
    await tab.heading("Autumn").wait_for()
    tab.complaints.clear()

    assert tab.path == f"{site}/autumn"


async def test_an_older_answer_never_replaces_a_newer_history(open_tab: OpenTab, up: Up, site: str) -> None:
    past = three_versions(up, site)
    tab = await open_tab(ADMIN, past.screen)

    async with Held(tab.page, endpoint(past.path), of("GET"), first=1) as held:
        past.save({**MOVED, "title": "Fourth"})
        await held.has()
        past.save({**MOVED, "title": "Fifth"})
        await tab.page.get_by_text("Visitors get v5").wait_for()
        async with tab.page.expect_response(endpoint(past.path)):
            held.release()
        await settled(tab.page)
        shown = await tab.page.locator(".history-now").inner_text()

    assert "Visitors get v5" in shown


async def test_an_older_comparison_says_nothing_of_a_newer_draft(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.page.locator('.page-live[data-same="yes"]').wait_for()

    async with Held(desk.page, endpoint("**/changes"), of("POST"), first=1) as held:
        await desk.field("Title").fill("Another")
        await held.has()
        await desk.field("Title").fill("Small")
        await desk.page.locator('.page-live[data-same="yes"]').wait_for()
        await wait_until(desk.is_saved, what="the draft to be saved")
        async with desk.page.expect_response(endpoint("**/changes")):
            held.release()
        await settled(desk.page)
        same = await desk.page.locator(".page-live").get_attribute("data-same")

    assert same == "yes"


async def test_what_goes_live_between_a_list_and_its_stream_is_seen(open_tab: OpenTab, up: Up, site: str) -> None:
    past = Past(up, site)
    past.save(CONFIG, publish=False)
    tab = await open_tab({site: "admin"})

    async with Held(tab.page, "**/-/events?*", of("GET"), reaches=False) as held:
        await tab.page.get_by_role("link", name=site.capitalize(), exact=True).click()
        await row(tab, "Draft").wait_for()
        await held.has()
        past.save(MOVED)

    await row(tab, "Live").wait_for()


async def test_what_goes_live_between_a_history_and_its_stream_is_seen(open_tab: OpenTab, up: Up, site: str) -> None:
    past = Past(up, site)
    past.save(CONFIG, publish=False)
    tab = await open_tab(ADMIN)
    await tab.go(site)

    async with Held(tab.page, "**/-/events?*", of("GET"), reaches=False) as held:
        await tab.page.get_by_role("link", name="History").click()
        await tab.page.get_by_text("Visitors get nothing").wait_for()
        await held.has()
        past.save(MOVED)

    await tab.page.get_by_text("Visitors get v2").wait_for()


async def test_a_page_taken_off_while_the_stream_was_away_is_not_called_live(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.head.get_by_text("v1 is live").wait_for()

    async def forgetful(route: Route) -> None:
        await route.continue_(url=re.sub("&last_event_id=[^&]*", "", route.request.url))

    # What was told too long ago is told by a snapshot alone.
    await desk.page.route("**/-/events?*", forgetful)
    await desk.tab.get("dispatchEvent(new Event('offline'))")
    up.api.change("DELETE", f"{desk.path}/publications/live")
    await desk.tab.get("dispatchEvent(new Event('online'))")

    await desk.head.get_by_text("not live").wait_for()


async def test_a_search_that_fails_does_not_pass_what_was_there_off_as_found(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    Past(up, site).save(CONFIG)
    tab = await open_tab(ADMIN, site)
    tab.expects = {403}
    await row(tab, "Spring").wait_for()
    await tab.page.route(endpoint("**/pages?search=*"), lambda route: route.fulfill(status=403, json={"detail": "No."}))

    await tab.page.get_by_label("Search").fill("winter")
    await tab.page.get_by_text("The list could not be loaded").first.wait_for()

    assert await tab.page.locator("tbody tr").count() == 0


async def test_a_search_that_was_left_before_it_began_leaves_the_next_address_alone(
    open_tab: OpenTab, site: str
) -> None:
    tab = await open_tab(ADMIN, site)

    await tab.get(
        "(search => { search.value = 'winter'; search.dispatchEvent(new Event('input'));"
        " document.querySelector('.crumbs a').click(); })(document.querySelector('[name=search]'))"
    )
    await tab.heading("Sites").wait_for()
    # What waits as long as a search does before it begins, and began to later, is over later.
    await tab.get("new Promise(done => setTimeout(done, 200))")

    assert tab.path == ""


async def test_more_that_does_not_come_takes_nothing_away(open_tab: OpenTab, up: Up, site: str) -> None:
    for number in range(51):
        up.api.change("POST", f"sites/{site}/pages/page-{number:02}/versions", {"config": {"title": f"Page {number}"}})
    tab = await open_tab(ADMIN, site)
    tab.expects = {403}
    before = await tab.page.locator("tbody tr").count()
    refuse: Any = lambda route: route.fulfill(status=403, json={"detail": "Not now."})  # noqa: E731
    await tab.page.route(endpoint("**/pages?cursor=*"), refuse)

    await tab.press("Show more")
    await told(tab, "Not now.")
    focus = await tab.get("document.activeElement.textContent")
    await tab.page.unroute(endpoint("**/pages?cursor=*"))
    await tab.press("Show more")
    await wait_until(lambda: has_rows(tab, 51), what="all pages")

    assert before == 50
    assert focus == "Show more"


async def has_rows(tab: Tab, count: int) -> bool:
    return await tab.page.locator("tbody tr").count() == count


async def test_whoever_is_at_a_control_stays_there_when_the_page_changes(open_tab: OpenTab, up: Up, site: str) -> None:
    past = three_versions(up, site)
    tab = await open_tab(ADMIN, past.screen)
    await tab.page.get_by_role("link", name="Edit the draft").focus()

    past.save({**MOVED, "title": "Fourth"})
    await tab.page.get_by_text("Visitors get v4").wait_for()

    assert await tab.get("document.activeElement.textContent") == "Edit the draft"


async def test_the_draft_that_is_shared_is_the_one_of_now(open_tab: OpenTab, up: Up, site: str) -> None:
    past = three_versions(up, site)
    tab = await open_tab(ADMIN, past.screen)
    await past.write(tab, {**MOVED, "title": "Written a moment ago"}, 3)

    await tab.press("Share a preview")
    await tab.press("Make a link")
    link = await tab.page.get_by_role("dialog").get_by_label("Link").input_value()

    shown = await tab.page.context.request.get(link)
    assert "Written a moment ago" in await shown.text()


async def test_an_answer_from_before_one_signed_in_again_asks_for_no_second_time(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    desk.tab.expects = {401}
    dialog = desk.page.get_by_role("dialog", name="Sign in again")
    await desk.page.context.clear_cookies()

    async with Held(desk.page, endpoint("**/previews"), of("POST"), first=1) as held:
        await desk.field("Title").fill("Written on")
        await held.has()
        await dialog.get_by_label("Password").fill(PASSWORD)
        await dialog.get_by_role("button", name="Sign in", exact=True).click()
        await wait_until(desk.is_saved, what="the draft to be saved")
        held.release()
        await desk.page.locator(".preview-status").get_by_text("Preview of revision 1").wait_for()

    assert await dialog.count() == 0
