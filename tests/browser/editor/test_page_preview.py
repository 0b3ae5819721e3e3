"""The preview beside the form: the very bytes of publishing, without a flicker, and soon."""

import statistics

import pytest

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.editing import SMALL, SPRING_SALE, Desk, edit
from tests.browser.editor.past import Past
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TALL = {
    "title": "Tall",
    "widgets": [{"type": "text", "id": f"text-{number}", "body": f"Part {number}\n" * 20} for number in range(30)],
}


async def test_the_preview_is_what_will_be_published_byte_by_byte(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SPRING_SALE)
    await desk.field("Title").fill("Both the same")
    await wait_until(lambda: shows(desk, "Both the same"), what="the preview")

    preview = await (await desk.page.request.get(up.url + await desk.previewed())).body()
    await desk.publish()
    await desk.is_in("live")

    assert await (await desk.page.request.get(f"{up.url}/{site}/spring")).body() == preview


async def test_the_scroll_position_stays_and_the_old_frame_until_the_new_one_is_there(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    desk = await edit(open_tab, up, site, TALL)
    await desk.previewed()
    await frame_of(desk, "frame.contentWindow.scrollTo(0, 900)")
    await desk.tab.get(
        """() => {
            window.unseen = 0;
            const count = () => document.querySelectorAll('.preview-frame.is-shown').length;
            new MutationObserver(() => { if (count() !== 1) window.unseen += 1; })
                .observe(document.querySelector('.preview-stage'), {attributes: true, subtree: true});
        }"""
    )

    await desk.field("Title").fill("Scrolled")
    await wait_until(lambda: shows(desk, "Scrolled"), what="the next preview")

    assert await frame_of(desk, "frame.contentWindow.scrollY") == 900
    assert await desk.tab.get("window.unseen") == 0


@pytest.mark.parametrize(("name", "width"), [("Phone", 390), ("Tablet", 820), ("Desktop", 1280)])
async def test_the_page_is_seen_as_on_a_device(open_tab: OpenTab, up: Up, site: str, name: str, width: int) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.previewed()

    await desk.page.get_by_label(name, exact=True).check()

    assert await frame_of(desk, "frame.contentWindow.innerWidth") == width


async def test_it_says_which_revision_it_shows(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.field("Title").fill("Revised")
    await desk.saved()

    await desk.page.get_by_text("Preview of revision 1", exact=True).wait_for()


async def test_what_cannot_be_shown_leaves_the_last_that_could(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL)
    await desk.previewed()

    await desk.field("Title").fill("")
    await desk.page.get_by_text("this is how it was before").wait_for()

    assert await shows(desk, "Small")


async def test_a_widget_that_is_not_finished_hides_nothing_of_the_others(open_tab: OpenTab, up: Up, site: str) -> None:
    empty, bad = {"type": "text", "body": ""}, {"type": "text", "body": "[away](javascript:alert(1))"}
    desk = await edit(open_tab, up, site)
    desk.tab.expects = {422}
    config = {"title": "Begun", "widgets": [empty, SMALL["widgets"][0], bad, SMALL["widgets"][2]]}
    await Past(up, site).write(desk.tab, config)
    await desk.tab.go(f"{site}/spring")

    await desk.page.get_by_text("Without 2 widgets that are not finished").wait_for()
    text = await frame_of(desk, "frame.contentDocument.querySelector('main').innerText")
    await wait_until(lambda: is_marked(desk, 2), what="the fault in the third widget")

    assert [word for word in ("First", "Third", "away") if word in str(text)] == ["First", "Third"]


async def test_the_preview_shows_the_widget_somebody_is_at(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, TALL)
    await desk.previewed()

    await desk.widget(20).locator(".widget-toggle").click()

    inside = "(e => e.top >= 0 && e.top < frame.contentWindow.innerHeight)"
    place = "frame.contentDocument.getElementById('text-20').getBoundingClientRect()"
    assert await frame_of(desk, f"{inside}({place})")


async def test_a_narrow_screen_has_the_preview_behind_a_tab(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SMALL, width=360)
    before = await desk.page.locator(".preview").is_visible()

    await desk.page.get_by_role("radio", name="Preview").check()
    await desk.previewed()

    assert not before
    assert await desk.page.locator(".page-form").is_hidden()


async def test_a_link_in_the_preview_leads_nowhere(open_tab: OpenTab, up: Up, site: str) -> None:
    away = {"type": "cta", "title": "Go", "button": {"text": "Leave", "href": "/elsewhere"}}
    desk = await edit(open_tab, up, site, {"title": "Links", "widgets": [away]})
    url = await desk.previewed()

    await desk.page.frame_locator(".preview-frame.is-shown").get_by_role("link", name="Leave").click()

    assert await frame_of(desk, "frame.contentWindow.location.pathname") == url


async def test_a_keystroke_is_seen_soon(open_tab: OpenTab, up: Up, site: str) -> None:
    desk = await edit(open_tab, up, site, SPRING_SALE)
    await desk.previewed()

    for number in range(12):
        await desk.field("Title").fill(f"Number {number}")
        await wait_until(lambda text=f"Number {number}": shows(desk, text), what="the preview")  # type: ignore[misc]
    measured = await desk.tab.get(
        "performance.getEntriesByName('keystroke-to-frame').map(e => [e.duration, e.detail.waited_ms])"
    )

    own = statistics.median(total - waited for total, waited in measured[1:])
    whole = statistics.median(total for total, _ in measured[1:])
    print(f"keystroke to frame, p50: {own:.0f} ms without and {whole:.0f} ms with the wait for more keystrokes")  # noqa: T201
    assert len(measured) >= 12
    assert all(total > waited >= 0 for total, waited in measured)


async def is_marked(desk: Desk, number: int) -> bool:
    return await desk.widget(number).locator(".widget-marks").inner_text() == "1 to mend"


async def shows(desk: Desk, title: str) -> bool:
    """Whether the frame that is seen shows the page of this title."""
    return bool(await frame_of(desk, "frame.contentDocument.title") == title)


async def frame_of(desk: Desk, expression: str) -> object:
    """A value of the frame that is seen."""
    found: object = await desk.tab.get(
        f"(frame => frame && ({expression}))(document.querySelector('.preview-frame.is-shown'))"
    )
    return found
