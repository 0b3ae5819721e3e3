"""A tab of the editors' app, and what the browser complained about in it."""

import re
from collections.abc import AsyncIterator
from typing import Any, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Locator, Page

EDITOR = "/-/editor/"
V1 = "/-/api/v1"
PASSWORD = "correct horse battery staple"
PHONE, DESKTOP = 360, 1280
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# The browser notes every refusal by itself; a test that provokes one says so.
_REFUSAL = re.compile(r"the server responded with a status of (\d{3})")


class Tab:
    """One page of a browser.

    Args:
        page: Playwright's.
        origin: of Platen.
    """

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self.origin = page, origin
        self.complaints: list[str] = []
        self.expects: set[int] = set()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @classmethod
    async def open(cls, context: BrowserContext, origin: str, path: str = "", width: int = DESKTOP) -> "Tab":
        """A tab that shows a screen."""
        tab = cls(await context.new_page(), origin)
        await tab.page.set_viewport_size({"width": width, "height": 800})
        await tab.go(path)
        return tab

    @property
    def unexpected(self) -> list[str]:
        """Complaints but for the refusals that the test provokes."""
        return [text for text in self.complaints if not self._is_expected(text)]

    def _is_expected(self, text: str) -> bool:
        refusal = _REFUSAL.search(text)
        return bool(refusal and int(refusal[1]) in self.expects)

    async def go(self, path: str) -> None:
        """Load an address below the app's, and wait for its screen."""
        await self.page.goto(self.origin + EDITOR + path)
        await self.page.locator("h1").first.wait_for()

    @property
    def path(self) -> str:
        """Where it is, below the app's address."""
        return self.page.url.removeprefix(self.origin + EDITOR)

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", level=1, name=name, exact=True)

    async def press(self, name: str) -> None:
        """Press the one button of this name."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def fill(self, **fields: str) -> None:
        """Fill fields by the beginning of their label, in which `_` is a blank."""
        for label, text in fields.items():
            await self.page.get_by_label(label.replace("_", " ")).fill(text)

    async def get(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        return await self.page.evaluate(expression)

    async def looks(self, *widths: int) -> AsyncIterator[str]:
        """Show what is on the screen light and dark, in some widths, one look after the other; yields each one's name.

        A look needs no page of its own, which would cost more than all the looking.
        """
        for scheme in SCHEMES:
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for width in widths:
                await self.page.set_viewport_size({"width": width, "height": 800})
                yield f"{scheme}, {width} px wide"

    async def faults(self) -> str:
        """What axe finds, "" for nothing."""
        results = await Axe().run(self.page)
        return str(results.generate_report()) if results.violations_count else ""
