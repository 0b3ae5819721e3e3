"""Writing a page: the form that its schema makes, by keyboard, mouse and touch, and back again."""

from typing import Any

import msgspec
import pytest
from playwright.async_api import Locator, Route

from services.api.form import form_schema
from shared.widgets import AnyWidget
from shared.widgets.parts import Widget
from shared.widgets.texts import Line, Markdown
from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.editing import SMALL, Desk, edit, endpoint
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


class Countdown(Widget, frozen=True, tag="countdown"):
    """Countdown: days until something begins."""

    title: Line
    body: Markdown | None = None
    days: int = 7


class Page(msgspec.Struct, frozen=True, kw_only=True):
    title: Line
    widgets: tuple[Countdown | AnyWidget, ...] = ()


async def test_a_page_is_written_by_keyboard_alone(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site)
    keyboard = desk.page.keyboard

    await tab_to(desk, "INPUT Title")
    await keyboard.type("Typed")
    await tab_to(desk, "BUTTON Add a widget")
    await keyboard.press("Enter")
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await keyboard.type("Hello *there*")
    await desk.saved()
    await keyboard.press("Control+Enter")
    await keyboard.type("The first")
    await keyboard.press("Enter")
    await desk.is_in("live")

    assert desk.draft["config"] == {
        "title": "Typed",
        "widgets": [{"type": "text", "id": "text-1", "body": "Hello *there*"}],
    }
    assert "<em>there</em>" in await visit(desk)
    assert up.api.get(f"{desk.path}/versions")["items"][0]["note"] == "The first"


async def test_a_widget_is_added_between_two_others(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    below = desk.page.get_by_role("button", name="Add a widget below Opening “First”")
    keyboard = desk.page.keyboard

    await below.focus()
    await keyboard.press("Enter")
    assert await below.get_attribute("aria-expanded") == "true"
    await keyboard.press("Escape")
    assert await below.evaluate("e => e === document.activeElement && e.ariaExpanded === 'false'")
    await keyboard.press("Enter")
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await keyboard.type("Between")
    await desk.saved()
    await desk.tab.press("Add a widget")
    await desk.page.locator('.add-widget-entry[data-kind="hero"]').click()

    assert [each["id"] for each in desk.draft["config"]["widgets"]] == ["hero-1", "text-2", "text-1", "quote-1"]
    assert desk.draft["config"]["widgets"][1]["body"] == "Between"
    assert (await desk.names())[-1].startswith("Opening")


async def test_every_widget_can_be_added_filled_in_and_published(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, {"title": "All"})

    # The browser notes what is refused while a picture has no words yet, and that there is no such picture here.
    desk.tab.expects = {404, 422}
    for kind in AnyWidget.__args__:
        await desk.tab.press("Add a widget")
        await desk.page.locator(f'.add-widget-entry[data-kind="{kind.__struct_config__.tag}"]').click()
    await fill_in_everything(desk)
    await desk.saved()
    await wait_until(lambda: desk.draft["faults"] == [], what="no faults")
    await desk.publish()
    await desk.is_in("live")

    assert [widget["id"] for widget in desk.draft["config"]["widgets"]] == [
        f"{kind.__struct_config__.tag}-1" for kind in AnyWidget.__args__
    ]


async def test_a_widget_that_is_added_in_python_is_in_the_form(open_tab: OpenTab, up: Up, site: str) -> None:
    schema = msgspec.to_builtins(form_schema(Page))

    async def answer(route: Route) -> None:
        await route.fulfill(json=schema)

    desk = await edit(open_tab, up, site, SMALL)
    # No builder here knows the widget.
    desk.tab.expects = {422}
    await desk.page.route(endpoint("config-schema"), answer)
    await desk.tab.go(f"{site}/spring")
    await desk.tab.press("Add a widget")
    await desk.page.get_by_role("button", name="Countdown Days until something begins.").click()
    await desk.field("Title", desk.widget(3)).fill("Soon")
    await desk.field("Body optional", desk.widget(3)).fill("**Very** soon")
    await desk.field("Days", desk.widget(3)).fill("3")
    await desk.saved()

    assert desk.draft["config"]["widgets"][3] == {
        "type": "countdown", "id": "countdown-1", "title": "Soon", "body": "**Very** soon", "days": 3,
    }  # fmt: skip


async def test_widgets_are_moved_by_buttons_and_that_is_told(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    await desk.tab.press("Move Opening “First” down")
    told = await desk.page.locator("#live-polite").text_content()
    await desk.page.keyboard.press("Enter")

    assert told == "Opening “First” moved to place 2 of 3"
    assert await desk.names() == ["Text", "Quote “Third”", "Opening “First”"]
    assert await desk.tab.get("document.activeElement.getAttribute('aria-label')") == "Move Opening “First” down"
    await desk.saved()
    assert [widget["id"] for widget in desk.draft["config"]["widgets"]] == ["text-1", "quote-1", "hero-1"]


@pytest.mark.parametrize("pointer", ["mouse", "touch"])
async def test_widgets_are_moved_by_hand(open_tab: OpenTab, up: Up, site: str, pointer: str) -> None:
    desk = await edit(open_tab, up, site, SMALL, has_touch=pointer == "touch")
    await desk.tab.press("Fold all")

    await (drag_by_mouse if pointer == "mouse" else drag_by_touch)(desk, 2, 0)

    await wait_until(lambda: has_names(desk, ["Quote “Third”", "Opening “First”", "Text"]), what="the widget to move")


async def test_escape_puts_a_widget_back_that_is_being_moved(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.tab.press("Fold all")
    x, y = await centre(desk, 2)

    await desk.page.mouse.move(x, y)
    await desk.page.mouse.down()
    await desk.page.mouse.move(x, y - 300, steps=5)
    await desk.page.keyboard.press("Escape")
    await desk.page.mouse.up()

    assert await desk.names() == ["Opening “First”", "Text", "Quote “Third”"]


async def test_a_duplicate_has_an_id_of_its_own(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    await desk.tab.press("Duplicate Opening “First”")
    await desk.saved()

    first, second, *_ = desk.draft["config"]["widgets"]
    assert second == {**first, "id": "hero-2"}


async def test_a_widget_that_was_removed_comes_back(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    await desk.tab.press("Remove Text")
    without = await desk.names()
    await desk.page.locator(".toast").get_by_role("button", name="Undo").click()

    assert without == ["Opening “First”", "Quote “Third”"]
    assert await desk.names() == ["Opening “First”", "Text", "Quote “Third”"]
    assert await desk.field("Body", desk.widget(1)).input_value() == "Second"


async def test_undoing_a_removal_is_offered_no_longer_than_it_is_that(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    offer = desk.page.locator(".toast").get_by_role("button", name="Undo")

    await desk.tab.press("Remove Text")
    await offer.wait_for()
    await desk.field("Title").fill("Written since")

    assert await offer.count() == 0
    assert await desk.names() == ["Opening “First”", "Quote “Third”"]


async def test_what_was_typed_in_one_go_is_undone_in_one_go(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    title = desk.field("Title")

    await title.fill("")
    await title.press_sequentially("Other")
    await desk.field("Title", desk.widget(0)).fill("Changed")
    await desk.page.keyboard.press("Control+z")
    one_back = (await title.input_value(), await desk.field("Title", desk.widget(0)).input_value())
    await desk.page.keyboard.press("Control+z")
    two_back = await title.input_value()
    await desk.page.keyboard.press("Control+Shift+z")
    await desk.page.keyboard.press("Control+Shift+z")

    assert one_back == ("Other", "First")
    assert two_back == "Small"
    assert await title.input_value() == "Other"
    assert await desk.field("Title", desk.widget(0)).input_value() == "Changed"


async def test_cells_are_pasted_from_a_spreadsheet(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(
        open_tab, up, site, {"title": "T", "widgets": [{"type": "table", "header": ["A"], "rows": [["1"]]}]}
    )

    await paste(desk, "Row 1, column 1", 'x\ty\r\n"two\nlines"\tz\r\n')
    await desk.field("Header 2").fill("B")
    await desk.saved()

    table = desk.draft["config"]["widgets"][0]
    assert (table["header"], table["rows"]) == (["A", "B"], [["x", "y"], ["two lines", "z"]])


async def test_rows_and_columns_come_and_go(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(
        open_tab, up, site, {"title": "T", "widgets": [{"type": "table", "header": ["A"], "rows": [["1"]]}]}
    )

    await desk.tab.press("Add column")
    await desk.page.keyboard.type("B")
    await desk.page.keyboard.press("Enter")
    await desk.page.keyboard.type("2")
    await desk.tab.press("Add row")
    await desk.page.keyboard.type("3")
    await desk.tab.press("Remove column 1")
    await desk.saved()

    table = desk.draft["config"]["widgets"][0]
    assert (table["header"], table["rows"]) == (["B"], [["2"], [""]])


async def test_a_part_that_may_be_left_out_is_added_and_removed(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    await desk.page.get_by_role("button", name="Add button", exact=True).click()
    await desk.page.keyboard.type("Go")
    await desk.page.keyboard.press("Tab")
    await desk.page.keyboard.type("#there")
    await desk.saved()
    with_button = desk.draft["config"]["widgets"][0]
    await desk.tab.press("Remove button")
    await desk.saved()

    assert with_button["cta"] == {"text": "Go", "href": "#there"}
    assert not desk.draft["config"]["widgets"][0].get("cta")


async def test_a_colour_is_picked_or_written_and_its_contrast_told(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)

    await desk.field("Background").fill("navy")
    picked = await desk.page.get_by_label("Pick background").input_value()
    await desk.page.get_by_label("Pick accent").fill("#ffff00")

    assert picked == "#000080"
    assert await desk.page.get_by_text("Text on it is light, contrast up to 16.0 : 1.").is_visible()
    assert await desk.field("Accent").input_value() == "#ffff00"
    assert await desk.page.get_by_text("easy to read").is_visible()


async def test_an_image_shows_itself_or_says_that_there_is_none(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3"/></svg>'
    await desk.page.route(
        "https://example.com/*.svg", lambda route: route.fulfill(body=drawing, content_type="image/svg+xml")
    )
    await desk.page.route(
        "https://example.com/*.png", lambda route: route.fulfill(body="no picture", content_type="image/png")
    )

    await desk.field("Icon optional").fill("https://example.com/a.svg")
    await desk.page.locator(".thumbnail").first.wait_for()
    await desk.field("Icon optional").fill("https://example.com/b.png")

    await desk.page.get_by_text("No picture comes from this address.").first.wait_for()


async def test_the_size_of_an_image_is_taken_from_it_unless_somebody_wrote_one(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    desk = await edit(open_tab, up, site)
    desk.tab.expects = {422}
    await desk.page.route("https://example.com/a.svg", lambda route: draw(route, 400))
    await desk.page.route("https://example.com/b.svg", lambda route: draw(route, 200))
    await desk.tab.press("Add a widget")
    await desk.page.locator(".add-widget-entry").get_by_text("Image", exact=True).click()
    address, width = desk.field("Image address"), desk.field("Width")

    await address.fill("https://example.com/a.svg")
    await wait_until(lambda: has_value(width, "400"), what="the size of the first")
    await address.fill("https://example.com/b.svg")
    await wait_until(lambda: has_value(width, "200"), what="the size of the second")
    await width.fill("100")
    await address.fill("https://example.com/a.svg")
    await desk.page.locator('.thumbnail[src$="a.svg"]:visible').wait_for()

    assert await width.input_value() == "100"
    assert await desk.field("Height").input_value() == "300"


async def test_a_viewer_is_told_that_the_page_is_not_theirs_to_change(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL, roles={site: "viewer"})

    assert await desk.page.get_by_text("You may look at this page.").is_visible()


async def test_an_editor_who_may_not_publish_sees_no_such_button(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL, roles={site: "editor"})

    await desk.previewed()

    assert await desk.page.get_by_role("button", name="Publish").count() == 0


async def tab_to(desk: Desk, name: str) -> None:
    """Press Tab until the focus is on what has this name, its kind of element before it."""
    focused = "(e => `${e.tagName} ${e.labels?.[0]?.firstChild.textContent ?? e.textContent}`)(document.activeElement)"
    for _ in range(60):
        await desk.page.keyboard.press("Tab")
        if await desk.tab.get(focused) == name:
            return
    raise AssertionError(f"no way to {name}")


async def visit(desk: Desk) -> str:
    """The page as a visitor gets it."""
    answer = await desk.page.request.get(f"{desk.platen.url}/{desk.site}/{desk.slug}")
    return await answer.text()


async def has_names(desk: Desk, names: list[str]) -> bool:
    return await desk.names() == names


async def fill_in_everything(desk: Desk) -> None:
    """Give every field that needs something something, numbers a number and addresses an address."""
    for control in await desk.page.locator("[aria-required]:visible, .sheet th input:visible").all():
        if await control.input_value() == "":
            kind, mode = await control.get_attribute("type"), await control.get_attribute("inputmode")
            await control.fill("640" if kind == "number" else "/a.png" if mode == "url" else "Words")
    for box in await desk.page.get_by_label("Decorative").all():
        await box.check()


async def centre(desk: Desk, number: int) -> tuple[float, float]:
    """Where the handle of a widget is."""
    box = await desk.widget(number).locator(".widget-handle").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def drag_by_mouse(desk: Desk, number: int, to: int) -> None:
    await desk.widget(number).scroll_into_view_if_needed()
    (x, y), (_, target) = await centre(desk, number), await centre(desk, to)
    await desk.page.mouse.move(x, y)
    await desk.page.mouse.down()
    await desk.page.mouse.move(x, target - 30, steps=8)
    await desk.page.mouse.up()


async def drag_by_touch(desk: Desk, number: int, to: int) -> None:
    await desk.widget(number).scroll_into_view_if_needed()
    (x, y), (_, target) = await centre(desk, number), await centre(desk, to)
    session = await desk.page.context.new_cdp_session(desk.page)

    async def touch(kind: str, *points: float) -> None:
        where: list[Any] = [{"x": x, "y": point} for point in points]
        await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    await touch("touchStart", y)
    for step in range(1, 9):
        await touch("touchMove", y + (target - 30 - y) * step / 8)
    await touch("touchEnd")


async def paste(desk: Desk, label: str, text: str) -> None:
    """Paste into a field as from a spreadsheet."""
    await desk.field(label).focus()
    await desk.page.evaluate(
        """text => {
            const clipboardData = new DataTransfer();
            clipboardData.setData('text/plain', text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}));
        }""",
        text,
    )


async def draw(route: Route, width: int) -> None:
    body = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="300"/>'
    await route.fulfill(body=body, content_type="image/svg+xml")


async def has_value(control: Locator, text: str) -> bool:
    return await control.input_value() == text
