"""Every screen, light and dark, wide and narrow: everybody can read it, it fits, and the browser has no complaint."""

import pytest

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.tab import DESKTOP, PHONE
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen"
# What is shown, and an address below the app's.
SCREENS = {
    "sites": "",
    "sites that are searched": "?search=acme",
    "sites searched in vain": "?search=nowhere",
    "pages of a site": "{site}",
    "a site without pages": "{site}-empty",
    "settings": "{site}/settings",
    "own account": "-/account",
    "accounts": "-/accounts",
    "audit log": "-/audit",
    "nothing": "-/nothing",
}
OPEN_SCREENS = {"sign in": "sign-in", "a spent link": "invitation"}


@pytest.fixture
def full_site(up: Up, site: str) -> str:
    """A site with pages in several states and a member with a long name, and one without any."""
    up.api.change("POST", "sites", {"slug": f"{site}-empty", "title": LONG_WORD})
    up.api.change("PUT", f"sites/{site}/members/{LONG_WORD}", {"role": "editor"})
    for page, publish in (("index", True), ("spring", False), ("a" * 63, False)):
        body = {"config": {"title": f"{page} {LONG_WORD}"}, "publish": publish}
        up.api.change("POST", f"sites/{site}/pages/{page}/versions", body)
    return site


@pytest.mark.parametrize("screen", [*SCREENS, *OPEN_SCREENS])
async def test_a_screen_is_for_everybody(open_tab: OpenTab, full_site: str, screen: str) -> None:
    path = {**SCREENS, **OPEN_SCREENS}[screen].format(site=full_site)
    roles = None if screen in OPEN_SCREENS else ADMIN
    tab = await open_tab(roles, path, reduced_motion="reduce")

    async for look in tab.looks(DESKTOP, PHONE):
        assert await tab.faults() == "", look
        assert await tab.get("document.documentElement.scrollWidth") == await tab.get("innerWidth"), look
    assert await tab.page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("dialog", ["New site", "New page", "New account", "New token"])
async def test_a_dialog_is_for_everybody(open_tab: OpenTab, full_site: str, dialog: str) -> None:
    path = {"New site": "", "New page": full_site, "New account": "-/accounts", "New token": "-/account"}[dialog]
    tab = await open_tab(ADMIN, path, PHONE, reduced_motion="reduce")
    within = "document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth"

    await tab.press(dialog)
    await tab.page.get_by_role("dialog", name=dialog).wait_for()

    async for look in tab.looks(PHONE):
        assert await tab.faults() == "", look
        assert await tab.get(within), look
    await tab.page.keyboard.press("Escape")
    assert await tab.get("document.activeElement.textContent") == dialog


async def test_nothing_moves_for_those_who_asked_for_it(open_tab: OpenTab, full_site: str) -> None:
    tab = await open_tab(ADMIN, full_site, reduced_motion="reduce")

    moving = await tab.get(
        "[...document.querySelectorAll('*')].filter(element => { const s = getComputedStyle(element);"
        " return s.animationName !== 'none' || s.transitionDuration.split(', ').some(d => parseFloat(d) > 0) })"
        ".map(element => element.className)"
    )

    assert moving == []
