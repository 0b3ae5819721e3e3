"""Going back, and forward again: what visitors get follows at once, and the draft is left alone."""

import pytest
from playwright.async_api import expect

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.past import CHANGED, CONFIG, MOVED, PAGE, Past, three_versions
from tests.browser.editor.tab import Tab
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


@pytest.fixture
def past(up: Up, site: str) -> Past:
    return three_versions(up, site)


def row(tab: Tab, number: int) -> object:
    return tab.page.get_by_role("row").filter(has=tab.page.get_by_role("rowheader", name=f"v{number} "))


async def open_history(open_tab: OpenTab, past: Past, role: str = "publisher") -> Tab:
    return await open_tab({past.site: role}, past.screen)


async def test_a_rollback_is_what_visitors_get_and_undo_goes_forward(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past)

    await tab.press("Roll back to v1")
    dialog = tab.page.get_by_role("dialog", name="Roll back to v1?")
    await expect(dialog).to_contain_text("Visitors get v1 at once")
    await expect(dialog).to_contain_text("The draft stays as it is")
    await expect(dialog).to_contain_text("You can undo it")
    await dialog.get_by_role("button", name="Roll back to v1").click()

    await expect(tab.page.get_by_text("v1 is live.", exact=True).first).to_be_visible()
    await expect(tab.page.get_by_text("Visitors get v1").first).to_be_visible()
    assert "finally" not in (await past.visit(tab))[1]

    await tab.press("Undo: go forward to v3")

    await expect(tab.page.get_by_text("Visitors get v3").first).to_be_visible()
    await past.sees(tab, "Spring is finally here")
    causes = [found["cause"] for found in past.up.api.get(f"{past.path}/publications")["items"]]
    assert causes[:2] == ["publish", "rollback"]


async def test_a_rollback_leaves_the_draft_alone(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past)
    await tab.page.get_by_label("More for v1").click()
    await tab.press("Restore as draft")
    await tab.press("Restore v1 as draft")
    await expect(tab.page.get_by_text("The draft is v1 now.").first).to_be_visible()
    before = past.draft()

    await tab.press("Roll back to v1")
    await tab.page.get_by_role("dialog").get_by_role("button", name="Roll back to v1").click()

    await expect(tab.page.get_by_text("Visitors get v1").first).to_be_visible()
    assert past.draft() == before


async def test_cancelling_the_question_changes_nothing(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past)

    await tab.press("Roll back to v1")
    await tab.page.keyboard.press("Escape")

    await expect(tab.page.get_by_role("dialog")).to_have_count(0)
    assert past.show()["live"]["version"] == 3
    assert past.show()["wanted"]["seq"] == 2


async def test_a_version_that_was_never_live_is_published_and_built(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past)

    await tab.press("Publish v2")
    dialog = tab.page.get_by_role("dialog", name="Publish v2?")
    await expect(dialog).to_contain_text("v2 is built first")
    await dialog.get_by_role("button", name="Publish v2").click()

    await expect(tab.page.get_by_text("v2 is live.", exact=True).first).to_be_visible()
    await past.sees(tab, "Spring is finally here")


async def test_a_page_is_taken_off_and_comes_back(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past)

    await tab.press("Unpublish")
    await tab.page.get_by_role("dialog").get_by_role("button", name="Unpublish").click()

    await expect(tab.page.get_by_text("The page is unpublished.", exact=True).first).to_be_visible()
    await expect(tab.page.get_by_text("Visitors get nothing").first).to_be_visible()
    assert (await past.visit(tab))[0] == 410

    await tab.press("Undo: go forward to v3")

    await expect(tab.page.get_by_text("Visitors get v3").first).to_be_visible()
    await past.sees(tab, "Spring is finally here")


async def test_the_screen_follows_what_others_do(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past, "viewer")
    await expect(tab.page.get_by_text("Visitors get v3").first).to_be_visible()

    past.save(CONFIG, note="By somebody else")

    await expect(tab.page.get_by_text("Visitors get v4").first).to_be_visible()
    await expect(tab.page.get_by_text("By somebody else").first).to_be_visible()
    await expect(row(tab, 4).get_by_text("Live", exact=True).first).to_be_visible()  # type: ignore[attr-defined]
    await expect(row(tab, 3).get_by_text("Instant", exact=True).first).to_be_visible()  # type: ignore[attr-defined]


async def test_whoever_may_only_look_is_shown_no_way_to_change_anything(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past, "viewer")

    await expect(tab.page.get_by_text("Visitors get v3").first).to_be_visible()
    for name in ("Roll back to v1", "Unpublish", "Publish v2", "Share a preview", "Restore as draft"):
        assert await tab.page.get_by_role("button", name=name, exact=True).count() == 0, name


async def test_restoring_as_draft_shows_visitors_nothing_and_can_be_undone(open_tab: OpenTab, past: Past) -> None:
    before = past.up.api.get(f"{past.path}/draft")
    tab = await open_history(open_tab, past, "editor")

    await tab.page.get_by_label("More for v1").click()
    await tab.press("Restore as draft")
    await tab.press("Restore v1 as draft")

    await expect(tab.page.get_by_text("The draft is v1 now.").first).to_be_visible()
    assert past.draft()["config"]["background"] == CONFIG["background"]
    assert past.show()["live"]["version"] == 3

    await tab.press("Undo: take the earlier draft back")

    await expect(tab.page.get_by_text("The draft is what it was before.").first).to_be_visible()
    assert (past.draft()["is_saved"], past.draft()["config"]) == (False, before["config"])


async def test_a_draft_that_somebody_saves_meanwhile_is_not_overwritten_unasked(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past, "editor")
    tab.expects.add(412)
    await tab.page.get_by_label("More for v1").click()
    await tab.press("Restore as draft")
    await expect(tab.page.get_by_role("dialog", name="Restore v1 as draft?")).to_be_visible()

    answer = await tab.page.context.request.put(
        f"{past.up.url}/-/api/v1/{past.path}/draft",
        data={"config": {**MOVED, "title": "Theirs"}, "base_version": 3},
        headers={"if-match": f'"r{past.draft()["revision"]}"', "origin": past.up.url},
    )
    assert answer.ok, await answer.text()
    await tab.press("Restore v1 as draft")

    dialog = tab.page.get_by_role("dialog", name="The draft was changed meanwhile")
    await expect(dialog).to_contain_text("saved the draft")
    await dialog.get_by_role("button", name="Cancel").click()
    assert past.draft()["config"]["title"] == "Theirs"


async def test_going_back_by_keyboard_alone(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past)

    await reach(tab, "Roll back to v1")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("dialog", name="Roll back to v1?")).to_be_visible()
    await tab.page.keyboard.press("Enter")

    await expect(tab.page.get_by_text("v1 is live.", exact=True).first).to_be_visible()
    await reach(tab, "Undo: go forward to v3")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_text("v3 is live.", exact=True).first).to_be_visible()


async def test_the_menu_of_a_version_closes_by_escape_and_keeps_the_focus(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past)
    menu = tab.page.get_by_label("More for v3")
    await menu.focus()
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("link", name="Open")).to_be_visible()

    await tab.page.keyboard.press("Escape")

    await expect(tab.page.get_by_role("link", name="Open")).to_be_hidden()
    await expect(menu).to_be_focused()


async def test_a_page_that_was_never_saved_is_not_found(open_tab: OpenTab, past: Past) -> None:
    tab = await open_tab({past.site: "publisher"}, past.screen)
    tab.expects.add(404)

    await tab.go(f"{past.site}/nothing/history")

    await expect(tab.heading("Not found")).to_be_visible()


async def test_a_draft_alone_has_a_history_without_versions(open_tab: OpenTab, past: Past) -> None:
    tab = await open_tab({past.site: "editor"}, past.screen)
    answer = await tab.page.context.request.put(
        f"{past.up.url}/-/api/v1/sites/{past.site}/pages/new/draft",
        data={"config": CHANGED, "base_version": 0},
        headers={"if-match": '"r0"', "origin": past.up.url},
    )
    assert answer.ok
    tab.expects.add(404)

    await tab.go(f"{past.site}/new/history")

    await expect(tab.heading("History of new")).to_be_visible()
    await expect(tab.page.get_by_text("Nothing of it was ever published.").first).to_be_visible()


async def test_a_permanent_link_stays_what_it_was(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past, "viewer")
    await tab.page.get_by_label("More for v1").click()
    address = await tab.page.get_by_role("link", name="Open").get_attribute("href")
    assert address == f"/-/v/{past.site}/{PAGE}/1"

    answer = await tab.page.context.request.get(past.up.url + address)

    assert answer.status == 200
    assert "Spring is here" in await answer.text()


async def reach(tab: Tab, name: str) -> None:
    """Go on with the Tab key until a button has the focus."""
    button = tab.page.get_by_role("button", name=name, exact=True)
    for _ in range(80):
        if await button.evaluate("button => button === document.activeElement"):
            return
        await tab.page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by keyboard")


async def test_a_draft_is_discarded_and_taken_back(open_tab: OpenTab, past: Past) -> None:
    tab = await open_history(open_tab, past, "editor")
    await past.write(tab, CONFIG, 3)
    await tab.go(past.screen)

    await tab.press("Discard the draft")
    await tab.page.get_by_role("dialog").get_by_role("button", name="Discard the draft").click()
    await expect(tab.page.get_by_text("There is no draft beside it.")).to_be_visible()
    assert past.draft()["is_saved"] is False

    await tab.press("Undo: take it back")

    await expect(tab.page.get_by_text("The draft is what it was before.").first).to_be_visible()
    assert past.draft()["config"] == CONFIG


async def test_a_page_that_was_never_published_is_deleted_and_brought_back(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    past = Past(up, site)
    tab = await open_tab({site: "editor"})
    tab.expects = {404}
    await past.write(tab, CONFIG)
    await tab.go(past.screen)

    await tab.press("Delete the page")
    await tab.page.get_by_role("dialog").get_by_role("button", name="Delete the page").click()
    await tab.page.get_by_text("No page yet").wait_for()

    await tab.press("Undo")

    await tab.heading(CONFIG["title"]).wait_for()
    assert past.draft()["config"] == CONFIG


async def test_a_page_gets_another_address_and_the_old_one_leads_there(open_tab: OpenTab, past: Past) -> None:
    past.up.api.change("POST", f"sites/{past.site}/pages/taken/versions", {"config": CONFIG})
    tab = await open_history(open_tab, past, "admin")
    tab.expects = {409}

    await tab.press("Move")
    await tab.page.get_by_label("Name in addresses").fill("taken")
    await tab.press("Move the page")
    await tab.page.locator(".field-error:visible").wait_for()
    await tab.page.get_by_label("Name in addresses").fill("summer")
    await tab.press("Move the page")

    await tab.heading("History of summer").wait_for()
    answer = await tab.page.context.request.get(f"{past.up.url}/{past.site}/{PAGE}")
    assert answer.url == f"{past.up.url}/{past.site}/summer"
