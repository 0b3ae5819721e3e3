"""A tab in which somebody edits a page: its form, its preview, and the tray of what they publish."""

import json
from typing import Any

from playwright.async_api import Locator, Response

from tests.browser.editor.tab import V1, Tab
from tests.conftest import wait_until
from tests.harness import ROOT, Up, end_of

# What does not come about within this does not at all, and says so before the test is cut off.
LONGEST_MS = 10_000
ADMIN = {"*": "admin"}
SPRING_SALE: dict[str, Any] = json.loads((ROOT / "examples" / "spring-sale.json").read_text())
SMALL: dict[str, Any] = {
    "title": "Small",
    "widgets": [
        {"type": "hero", "id": "hero-1", "title": "First"},
        {"type": "text", "id": "text-1", "body": "Second"},
        {"type": "quote", "id": "quote-1", "text": "Third", "name": "Somebody"},
    ],
}


class Desk:
    """The page editor in a tab.

    Args:
        tab: where it is open.
        up: the Platen that it belongs to.
        site, page: what is edited.
    """

    def __init__(self, tab: Tab, up: Up, site: str, page: str) -> None:
        self.tab, self.page = tab, tab.page
        self.platen, self.site, self.slug = up, site, page
        self.saves: list[Any] = []
        self.page.set_default_timeout(LONGEST_MS)
        self.page.on("response", self._note)

    def _note(self, response: Response) -> None:
        if response.request.method == "PUT" and response.url.endswith("/draft"):
            self.saves.append(response.request.post_data_json)

    @property
    def path(self) -> str:
        """The page's address in the API."""
        return f"sites/{self.site}/pages/{self.slug}"

    @property
    def draft(self) -> dict[str, Any]:
        found: dict[str, Any] = self.platen.api.get(f"{self.path}/draft")
        return found

    @property
    def head(self) -> Locator:
        return self.page.locator(".page-head")

    @property
    def widgets(self) -> Locator:
        return self.page.locator(".widget")

    @property
    def card(self) -> Locator:
        """The newest publication in the tray."""
        return self.page.locator(".tray-card").first

    def field(self, label: str, within: Locator | None = None) -> Locator:
        return (within or self.page.locator(".page-form")).get_by_label(label, exact=True).first

    def widget(self, number: int) -> Locator:
        """A widget by its place, from 0."""
        return self.widgets.nth(number)

    async def names(self) -> list[str]:
        """The widgets by what their heads say."""
        return await self.page.locator(".widget-name").all_text_contents()

    async def is_saved(self) -> bool:
        return await self.page.locator('.save-state[data-state="saved"]').count() == 1

    async def saved(self) -> None:
        """Wait until everything is saved."""
        await self.page.keyboard.press("Control+s")
        await wait_until(self.is_saved, what="the draft to be saved")

    async def previewed(self) -> str:
        """Wait for the preview of what stands here; gives its address."""
        frame = self.page.locator(".preview-frame.is-shown")
        await frame.wait_for()
        return str(await self.page.locator(".preview").get_attribute("data-preview"))

    async def publish(self, note: str = "") -> None:
        """Publish, and go on once it is accepted."""
        before = await self.page.locator(".tray-card").count()
        await self.head.get_by_role("button", name="Publish").click()
        await self.page.get_by_label("What changed?").fill(note)
        await self.page.keyboard.press("Enter")
        await wait_until(lambda: self._has_cards(before + 1), what="the publication in the tray")

    async def is_in(self, state: str) -> None:
        """Wait until the newest publication is in a state."""

        async def has_come() -> bool:
            return await self.card.get_attribute("data-state") == state

        await wait_until(has_come, 20, what=f"the publication to be {state}")

    async def _has_cards(self, count: int) -> bool:
        return await self.page.locator(".tray-card").count() == count


async def edit(open_tab: Any, up: Up, site: str, config: dict[str, Any] | None = None, **options: Any) -> Desk:
    """Somebody opens a page, which has this config as its first version."""
    slug = options.pop("page", "spring")
    if config is not None:
        saved = up.api.change("POST", f"sites/{site}/pages/{slug}/versions", {"config": config, "publish": True})
        # Or what is published next would overtake it, and nothing would ever have been live.
        end_of(up.api, site, slug, saved["publication"]["seq"])
    tab: Tab = await open_tab(options.pop("roles", ADMIN), f"{site}/{slug}", **options)
    return Desk(tab, up, site, slug)


def endpoint(path: str) -> str:
    """A pattern of an API address, for interception."""
    return f"**{V1}/{path}"
