"""Faults at the fields they belong to, and gone as soon as they are mended."""

import pytest

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.editing import SMALL, Desk, edit
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

BAD_LINK = {
    "title": "Bad",
    "widgets": [*SMALL["widgets"], {"type": "cta", "title": "Go", "button": {"text": "Go", "href": "#x"}}],
}


async def test_a_fault_stands_at_its_field_and_in_the_summary_and_leaves_when_mended(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    desk = await edit(open_tab, up, site, BAD_LINK)
    await desk.tab.press("Unfold all")
    link = desk.field("Leads to", desk.widget(3))

    await link.fill("javascript:alert(1)")
    await wait_until(lambda: is_wrong(desk, "Leads to", 3), what="the fault at its field")
    about = await link.evaluate(
        "e => document.getElementById(e.getAttribute('aria-describedby').split(' ').at(-1)).innerText"
    )
    summary = await desk.page.locator(".fault-list").inner_text()
    mark = await desk.widget(3).locator(".widget-marks").inner_text()
    await link.fill("https://example.com/")

    assert "javascript" in about
    assert "1 thing is to be mended" in summary
    assert "Leads to" in summary
    assert mark == "1 to mend"
    await wait_until(lambda: is_right(desk, "Leads to", 3), 0.5, what="the fault to leave at once")
    assert await desk.page.locator(".fault-list").is_hidden()


async def test_the_summary_leads_to_a_field_that_is_folded_away(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, BAD_LINK)
    await desk.tab.press("Unfold all")
    await desk.field("Title", desk.widget(3)).fill("")
    await desk.page.locator(".fault-list").wait_for()
    await desk.tab.press("Fold all")

    await desk.page.locator(".fault-list .link-button").first.click()

    assert await desk.field("Title", desk.widget(3)).evaluate("e => e === document.activeElement")


async def test_a_publish_that_is_refused_leads_to_the_field(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    desk.tab.expects = {422}
    await desk.field("Body", desk.widget(1)).fill("")

    await desk.head.get_by_role("button", name="Publish").click()
    await desk.page.keyboard.press("Enter")

    await wait_until(lambda: has_focus(desk, "Body", 1), what="the focus on the field")
    assert "Not published" in await desk.page.locator(".toast").first.inner_text()
    assert await desk.page.locator(".tray-card").count() == 0


async def test_what_is_only_empty_is_asked_for_and_is_no_mistake(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site)

    await desk.page.locator(".fault-list.is-needed").get_by_text("1 thing is to be filled in").wait_for()
    await desk.page.locator(".field-error.is-needed").get_by_text("This is needed.").wait_for()
    await desk.head.get_by_role("button", name="Publish").click()

    await desk.page.locator(".toast").get_by_text("Not published: 1 thing is to be filled in first.").wait_for()
    assert await desk.field("Title").evaluate("e => e === document.activeElement")
    assert await desk.page.get_by_role("dialog").count() == 0


async def test_an_id_that_two_widgets_have_is_mended_in_either(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    desk.tab.expects = {422}
    await desk.tab.press("Unfold all")
    await desk.field("Name for links optional", desk.widget(2)).fill("hero-1")
    await wait_until(lambda: is_wrong(desk, "Name for links optional", 2), what="the fault in the second of both")
    await desk.page.get_by_text("Without 1 widget that is not finished").wait_for()

    await desk.field("Name for links optional", desk.widget(0)).fill("top")

    await wait_until(lambda: is_right(desk, "Name for links optional", 2), what="the fault to leave")
    await desk.page.get_by_text("Preview of revision").wait_for()
    assert await desk.page.locator(".fault-list").is_hidden()


async def test_a_cell_that_is_wrong_is_marked(open_tab: OpenTab, up: Up, site: str) -> None:
    table = {"type": "table", "header": ["A", "B"], "rows": [["1", "2"]]}
    desk = await edit(open_tab, up, site, {"title": "T", "widgets": [table]})

    await desk.field("Header 2").fill("")
    await wait_until(lambda: is_wrong(desk, "Header 2", 0), what="the cell to be marked")
    await desk.field("Header 2").fill("C")

    await wait_until(lambda: is_right(desk, "Header 2", 0), what="the mark to leave")


async def test_what_is_incomplete_is_saved_all_the_same(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    await desk.field("Title").fill("")
    await desk.saved()
    await desk.tab.go(f"{site}/spring")

    assert desk.draft["faults"]
    assert await desk.field("Title").input_value() == ""
    await wait_until(lambda: is_wrong(desk, "Title", None), what="the fault after loading anew")


async def is_wrong(desk: Desk, label: str, number: int | None) -> bool:
    place = None if number is None else desk.widget(number)
    return await desk.field(label, place).get_attribute("aria-invalid") == "true"


async def is_right(desk: Desk, label: str, number: int | None) -> bool:
    return not await is_wrong(desk, label, number)


async def has_focus(desk: Desk, label: str, number: int) -> bool:
    return bool(await desk.field(label, desk.widget(number)).evaluate("e => e === document.activeElement"))
