"""Scheduling: what is to happen and when, in whose time zone, and what became of it."""

import json

import pytest
from playwright.async_api import Route, expect

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.past import CHRISTMAS, CONFIG, Past, last_sunday, seconds_from_now, three_versions
from tests.browser.editor.tab import Tab
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


@pytest.fixture
def past(up: Up, site: str) -> Past:
    return three_versions(up, site)


async def open_form(open_tab: OpenTab, past: Past, zone: str = "Europe/Berlin") -> Tab:
    tab = await open_tab({past.site: "publisher"}, past.schedule, timezone_id=zone)
    await tab.press("New schedule")
    return tab


def schedules(past: Past) -> list[dict[str, object]]:
    found: list[dict[str, object]] = past.up.api.get(f"{past.path}/schedules")["items"]
    return found


async def set_when(tab: Tab, date: str, time: str, zone: str | None = None) -> None:
    await tab.page.get_by_label("Date", exact=True).fill(date)
    await tab.page.get_by_label("Time", exact=True).fill(time)
    if zone is not None:
        await tab.page.get_by_label("Time zone").fill(zone)


async def test_a_publish_is_scheduled_listed_and_cancelled(open_tab: OpenTab, past: Past) -> None:
    tab = await open_tab({past.site: "publisher"}, past.schedule, timezone_id="Europe/Berlin")
    await expect(tab.page.get_by_text("Nothing is scheduled").first).to_be_visible()

    await tab.press("Schedule something")
    await tab.page.get_by_label("Version", exact=True).select_option("1")
    await set_when(tab, CHRISTMAS, "09:00")
    await tab.press("Schedule")

    await expect(tab.page.get_by_text("Publish v1").first).to_be_visible()
    await expect(tab.page.get_by_text(f"{CHRISTMAS} 09:00").first).to_be_visible()
    [made] = schedules(past)
    assert (made["version"], made["local"], made["zone"]) == (1, f"{CHRISTMAS}T09:00", "Europe/Berlin")

    await tab.press(f"Cancel schedule {made['id']}")
    await tab.press("Cancel the schedule")

    await expect(tab.page.get_by_text("Cancelled", exact=True).first).to_be_visible()
    assert schedules(past)[0]["state"] == "cancelled"


async def test_a_page_that_was_never_published_is_scheduled_as_it_stands(open_tab: OpenTab, up: Up, site: str) -> None:
    past = Past(up, site)
    tab = await open_tab({site: "publisher"})
    tab.expects = {404}
    await past.write(tab, CONFIG)
    await tab.go(past.schedule)

    await tab.press("Schedule something")
    await set_when(tab, CHRISTMAS, "09:00")
    await tab.press("Schedule")

    await expect(tab.page.get_by_text("Publish v1").first).to_be_visible()
    assert [found["version"] for found in schedules(past)] == [1]
    assert up.api.get(f"{past.path}/versions/1")["config"]["title"] == CONFIG["title"]
    assert past.show()["live"] is None


async def test_a_time_elsewhere_is_shown_with_ones_own(open_tab: OpenTab, past: Past) -> None:
    tab = await open_form(open_tab, past)

    await set_when(tab, CHRISTMAS, "09:00", "Asia/Tokyo")

    await expect(tab.page.get_by_text("In your time zone, Europe/Berlin:")).to_contain_text("1:00:00")
    await tab.press("Schedule")
    await expect(tab.page.get_by_text("your time:")).to_contain_text("1:00:00")


async def test_a_time_that_the_clocks_leave_out_is_offered_with_those_beside_it(open_tab: OpenTab, past: Past) -> None:
    tab = await open_form(open_tab, past)
    await set_when(tab, last_sunday(3), "02:30")

    await tab.press("Schedule")
    await expect(tab.page.get_by_text("This time does not exist on that day.").first).to_be_visible()
    assert schedules(past) == []

    await tab.press(f"{last_sunday(3)} 03:30")
    await tab.press("Schedule")

    await expect(tab.page.get_by_text(f"{last_sunday(3)} 03:30").first).to_be_visible()
    assert schedules(past)[0]["local"] == f"{last_sunday(3)}T03:30"


@pytest.mark.parametrize(
    ("name", "fold", "offset"), [("The first time", 0, "+02:00"), ("The second time", 1, "+01:00")]
)
async def test_a_time_that_comes_twice_is_asked_about(
    open_tab: OpenTab, past: Past, name: str, fold: int, offset: str
) -> None:
    tab = await open_form(open_tab, past)
    await set_when(tab, last_sunday(10), "02:30")

    await tab.press("Schedule")
    await expect(tab.page.get_by_text("This time comes twice on that day.").first).to_be_visible()
    await tab.page.get_by_label(name).check()
    await tab.press("Schedule")

    await expect(tab.page.get_by_text(f"{last_sunday(10)} 02:30").first).to_be_visible()
    [made] = schedules(past)
    assert made["fold"] == fold
    assert str(made["instant"]).endswith(offset)


async def test_a_zone_that_is_none_is_said_at_its_field(open_tab: OpenTab, past: Past) -> None:
    tab = await open_form(open_tab, past)
    await set_when(tab, CHRISTMAS, "09:00", "Europe/Atlantis")

    await tab.press("Schedule")

    await expect(tab.page.get_by_label("Time zone")).to_be_focused()
    await expect(tab.page.get_by_text("No zone has this name.").first).to_be_visible()
    assert schedules(past) == []


async def test_what_the_api_refuses_is_said_in_the_form(open_tab: OpenTab, past: Past) -> None:
    tab = await open_form(open_tab, past)
    tab.expects |= {409, 422}
    await set_when(tab, "2020-01-01", "09:00")
    await expect(tab.page.get_by_text("That is over already.").first).to_be_visible()

    await tab.press("Schedule")

    await expect(tab.page.locator(".field-error:visible, .form-problem:visible").first).to_be_visible()
    assert schedules(past) == []


async def test_the_screen_shows_when_it_has_happened(open_tab: OpenTab, past: Past) -> None:
    tab = await open_tab({past.site: "publisher"}, past.schedule)
    body = {"action": "publish", "version": 1, "at": seconds_from_now(2), "zone": "UTC"}

    past.up.api.change("POST", f"{past.path}/schedules", body)

    await expect(tab.page.get_by_text("Scheduled", exact=True).first).to_be_visible()
    await expect(tab.page.get_by_text("Done", exact=True)).to_be_visible(timeout=10_000)
    assert past.show()["live"]["version"] == 1
    assert CONFIG["title"] in (await past.visit(tab))[1]


async def test_taking_off_needs_no_version(open_tab: OpenTab, past: Past) -> None:
    tab = await open_form(open_tab, past)

    await tab.page.get_by_label("Take the page off").check()
    await expect(tab.page.get_by_label("Version", exact=True)).to_be_hidden()
    await set_when(tab, CHRISTMAS, "09:00")
    await tab.press("Schedule")

    await expect(tab.page.get_by_role("rowheader", name="Unpublish")).to_be_visible()
    assert schedules(past)[0]["action"] == "unpublish"


async def test_what_is_overdue_is_said_loudly(open_tab: OpenTab, past: Past) -> None:
    body = {"action": "unpublish", "at": f"{CHRISTMAS}T09:00", "zone": "UTC"}
    past.up.api.change("POST", f"{past.path}/schedules", body)
    tab = await open_tab({past.site: "publisher"}, past.schedule)

    async def late(route: Route) -> None:
        answer = await route.fetch()
        found = await answer.json()
        found["items"][0]["is_overdue"] = True
        await route.fulfill(response=answer, body=json.dumps(found))

    await tab.page.route("**/schedules?*", late)
    await tab.go(past.schedule)

    await expect(tab.page.get_by_role("alert")).to_contain_text("One schedule is overdue.")
    await expect(tab.page.get_by_text("Overdue", exact=True).first).to_be_visible()


async def test_whoever_may_not_publish_sees_schedules_and_no_buttons(open_tab: OpenTab, past: Past) -> None:
    past.up.api.change(
        "POST", f"{past.path}/schedules", {"action": "unpublish", "at": f"{CHRISTMAS}T09:00", "zone": "UTC"}
    )

    tab = await open_tab({past.site: "editor"}, past.schedule)

    await expect(tab.page.get_by_role("rowheader", name="Unpublish")).to_be_visible()
    assert await tab.page.get_by_role("button", name="New schedule").count() == 0
    assert await tab.page.get_by_role("button", name="Cancel").count() == 0


async def test_scheduling_by_keyboard_alone(open_tab: OpenTab, past: Past) -> None:
    tab = await open_tab({past.site: "publisher"}, past.schedule, timezone_id="UTC")
    press = tab.page.keyboard.press

    await tab.page.get_by_role("button", name="New schedule").focus()
    await press("Enter")
    await expect(tab.page.get_by_role("dialog", name="Schedule")).to_be_visible()
    await tab.page.get_by_label("Time zone").focus()
    await press("Enter")

    await expect(tab.page.get_by_role("dialog")).to_have_count(0)
    assert len(schedules(past)) == 1
