"""What a browser asks for before a screen is there: all of it in one round, and nothing besides.

Chromium says nothing of a module that was named in vain; that each one is needed is read from the modules, in
`tests/unit/api/editor/test_modules.py`.
"""

import pytest

from services.api.editor.assets import Assets
from services.api.editor.modules import FIRST, needed
from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.tab import Tab
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}
NAMED = "[...document.querySelectorAll('link[rel=modulepreload], script')].map((one) => one.href || one.src)"
ASKED = "performance.getEntriesByType('resource').map((one) => one.name)"


async def asked(tab: Tab, kind: str) -> list[str]:
    """Addresses of all files of a kind that the tab has asked for."""
    return sorted(address for address in await tab.get(ASKED) if address.endswith(kind))


@pytest.mark.parametrize(
    "path",
    ["", "-/account", "-/accounts", "-/audit", "{}", "{}/settings", "{}/spring", "{}/spring/history", "-/nothing"],
)
async def test_a_screen_needs_the_modules_that_the_shell_names_one_style_sheet_and_who_it_is(
    up: Up, open_tab: OpenTab, site: str, path: str
) -> None:
    up.api.change("POST", f"sites/{site}/pages/spring/versions", {"config": {"title": "Spring"}})

    tab = await open_tab(ADMIN, path.format(site))

    assert await asked(tab, ".js") == sorted(await tab.get(NAMED))
    assert len(await asked(tab, ".css")) == 1
    # Named by the shell and asked by the app; a browser that did not see one in the other would ask twice.
    assert len(await asked(tab, "/session")) == 1


async def test_while_somebody_signs_in_the_screen_behind_is_fetched(open_tab: OpenTab, site: str) -> None:
    behind = needed(Assets.read().modules, FIRST, "screens/site.js")

    tab = await open_tab(None, f"{site}?state=live")

    async def is_there() -> bool:
        found = " ".join(await asked(tab, ".js"))
        return all(f"/{path}" in found for path in behind)

    await wait_until(is_there, what="the modules of the list of pages")
    assert await tab.heading("Sign in").is_visible()
