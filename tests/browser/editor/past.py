"""A page with a past: versions to go back to, to compare, and to share."""

import calendar
import time
from typing import Any

from tests.browser.editor.tab import V1, Tab
from tests.conftest import wait_until
from tests.harness import Up, end_of

PAGE = "spring"
# Schedules look no further ahead than five years.
NEXT_YEAR = time.gmtime().tm_year + 1
CHRISTMAS = f"{NEXT_YEAR}-12-24"
HERO = {"type": "hero", "id": "top", "title": "Spring is here"}
TEXT = {"type": "text", "id": "about", "body": "Everything 20% off until Sunday."}
QUOTE = {"type": "quote", "id": "voice", "text": "So green.", "name": "Noor"}

CONFIG = {"title": "Spring sale", "background": "#ffffff", "widgets": [HERO, TEXT, QUOTE]}
CHANGED = {
    **CONFIG,
    "background": "#fff5e6",
    "widgets": [{**HERO, "title": "Spring is finally here"}, TEXT, QUOTE],
}
MOVED = {
    **CHANGED,
    "widgets": [QUOTE, CHANGED["widgets"][0], TEXT, {"type": "text", "id": "more", "body": "And more."}],
}  # type: ignore[index]


class Past:
    """The page `spring` of a site.

    Args:
        up: where it is.
        site: its site.
    """

    def __init__(self, up: Up, site: str) -> None:
        self.up, self.site = up, site
        self.path = f"sites/{site}/pages/{PAGE}"
        self.screen = f"{site}/{PAGE}/history"
        self.schedule = f"{site}/{PAGE}/schedule"

    def save(self, config: dict[str, Any], *, publish: bool = True, note: str = "") -> int:
        """Save a version, publish it unless told otherwise, and wait for that to end; gives its number."""
        answer = self.up.api.change(
            "POST", f"{self.path}/versions", {"config": config, "publish": publish, "note": note}
        )
        if publish:
            end_of(self.up.api, self.site, PAGE, answer["publication"]["seq"])
        return int(answer["version"]["number"])

    def show(self) -> dict[str, Any]:
        """How the page is, by the API."""
        found: dict[str, Any] = self.up.api.get(self.path)
        return found

    def draft(self) -> dict[str, Any]:
        """Its draft, by the API."""
        found: dict[str, Any] = self.up.api.get(f"{self.path}/draft")
        return found

    async def write(self, tab: Tab, config: dict[str, Any], base_version: int = 0) -> None:
        """Save a first draft, as whoever is signed in to a tab."""
        answer = await tab.page.context.request.put(
            f"{self.up.url}{V1}/{self.path}/draft",
            data={"config": config, "base_version": base_version},
            headers={"if-match": '"r0"', "origin": self.up.url},
        )
        assert answer.ok, await answer.text()

    async def visit(self, tab: Tab) -> tuple[int, str]:
        """What a visitor gets now: the status and the page."""
        answer = await tab.page.context.request.get(f"{self.up.url}/{self.site}/{PAGE}")
        return answer.status, await answer.text()

    async def sees(self, tab: Tab, text: str) -> None:
        """Wait until visitors get a page with a text in it."""

        async def is_there() -> bool:
            return text in (await self.visit(tab))[1]

        await wait_until(is_there, what=f"visitors to see {text!r}")


def three_versions(up: Up, site: str) -> Past:
    """A page of which v1 and v3 were live, and v2 was only saved."""
    past = Past(up, site)
    past.save(CONFIG, note="The first")
    past.save(CHANGED, publish=False, note="Only saved")
    past.save(MOVED, note="More of it")
    return past


def seconds_from_now(seconds: float) -> str:
    """What a clock in UTC shows then."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + seconds))


def last_sunday(month: int) -> str:
    """The day on which Europe changes its clocks, in March and in October."""
    days = [week[calendar.SUNDAY] for week in calendar.monthcalendar(NEXT_YEAR, month)]
    return f"{NEXT_YEAR}-{month:02}-{max(days):02}"
