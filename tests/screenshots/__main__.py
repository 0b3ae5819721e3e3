"""Takes the pictures: `python -m tests.screenshots [--only PART] [FOLDER]`."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, async_playwright
from playwright.async_api import TimeoutError as NeverShown

from tests.browser.conftest import ARGUMENTS
from tests.browser.editor.tab import EDITOR, PASSWORD, V1
from tests.harness import ROOT, Up
from tests.screenshots.demo import fill
from tests.screenshots.shots import SHOTS, Shot

FOLDER = ROOT / "screenshots"
CHROMIUM = "/usr/bin/chromium"
# What is not on the screen by then is not to be seen there.
LONGEST_MS = 10_000


class Camera:
    """Takes pictures of a running Platen.

    Args:
        browser: takes them.
        origin: of Platen.
        codes: the invitations of those who look.
        folder: where they go.
    """

    def __init__(self, browser: Browser, origin: str, codes: dict[str, str], folder: Path) -> None:
        self._browser, self._origin, self._codes, self._folder = browser, origin, codes, folder
        self._cookies: dict[str, list[object]] = {"": []}

    async def take(self, shot: Shot) -> None:
        """Take one picture, of the whole length of its screen."""
        context = await self._browser.new_context(
            viewport={"width": shot.width, "height": 800}, color_scheme=shot.scheme, reduced_motion="reduce"
        )
        await self._sign_in(context, shot.who)
        page = await context.new_page()
        page.set_default_timeout(LONGEST_MS)
        if shot.arrange:
            await shot.arrange(page)
        await page.goto(self._origin + EDITOR + shot.path)
        await page.locator("h1").first.wait_for()
        if shot.act:
            await shot.act(page)
        await page.locator(shot.shows).first.wait_for()
        # The bar on top sticks to wherever the window is.
        await page.evaluate("scrollTo(0, 0)")
        await page.screenshot(path=self._folder / f"{shot.name}.png", full_page=True)
        await context.close()

    async def _sign_in(self, context: BrowserContext, name: str) -> None:
        if name not in self._cookies:
            body = {"code": self._codes[name], "password": PASSWORD}
            address = f"{self._origin}{V1}/invitations/accept"
            answer = await context.request.post(address, data=body, headers={"origin": self._origin})
            assert answer.status == 201, await answer.text()
            self._cookies[name] = list(await context.cookies())
        await context.add_cookies(self._cookies[name])  # type: ignore[arg-type]


async def take_all(origin: str, codes: dict[str, str], folder: Path, only: str) -> list[str]:
    """Take the pictures.

    Returns:
        those that could not be taken, since the app shows something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missed: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        camera = Camera(browser, origin, codes, folder)
        for shot in SHOTS:
            if only in shot.name:
                try:
                    await camera.take(shot)
                    sys.stdout.write(f"{folder / shot.name}.png\n")
                except NeverShown as error:
                    missed.append(shot.name)
                    sys.stderr.write(f"{shot.name} was not taken: {error}\n")
        await browser.close()
    return missed


def main() -> int:
    """Take what is asked for. Exit codes: 0 all of it; 1 some could not be taken."""
    parser = argparse.ArgumentParser(description="Take pictures of every screen of the app.")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--only", default="", help="those with this in their name")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as data, Up(Path(data) / "data") as up:
        return 1 if asyncio.run(take_all(up.url, fill(up), chosen.folder, chosen.only)) else 0


if __name__ == "__main__":
    sys.exit(main())
