"""The table of pictures. A screen that is added gets lines here: at least empty, full, failing, and on a phone.

In the demo content (`demo.py`) the site `acme` is full and `globex` is empty.
"""

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

from playwright.async_api import Page

from tests.browser.editor.tab import DESKTOP, PHONE, V1

Before = Callable[[Page], Awaitable[None]]


class Shot(NamedTuple):
    """One picture.

    Attributes:
        name: of the file, without its ending.
        path: below the app's address.
        who: name of whoever looks, as in `demo.PEOPLE`; "" for nobody.
        width: of the window in CSS pixels.
        scheme: of its colours.
        arrange: what happens before the screen is loaded, such as a fault on the way.
        act: what somebody does on the screen before the picture is taken.
        shows: selector of what must be there before it is taken.
    """

    name: str
    path: str = ""
    who: str = "Ada"
    width: int = DESKTOP
    scheme: Literal["light", "dark"] = "light"
    arrange: Before | None = None
    act: Before | None = None
    shows: str = "h1"


def press(*names: str) -> Before:
    """Somebody presses buttons, one after the other."""

    async def act(page: Page) -> None:
        for name in names:
            await page.get_by_role("button", name=name, exact=True).first.click()

    return act


def failing(path: str, status: int = 503) -> Before:
    """A part of the API that fails."""

    async def arrange(page: Page) -> None:
        body = {"detail": "Redis is not available; nothing was changed."}
        await page.route(f"**{V1}/{path}", lambda route: route.fulfill(status=status, json=body))

    return arrange


async def wrong_password(page: Page) -> None:
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_label("Password", exact=True).fill("not this one")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.locator(".field-error:visible, .form-problem").first.wait_for()


async def wrong_hostname(page: Page) -> None:
    await page.get_by_label("Hostnames").fill("www.acme.example\nnot a/hostname")
    await page.get_by_role("button", name="Save the hostnames").click()
    await page.locator(".field-error:visible").wait_for()


async def add_member(page: Page) -> None:
    await page.get_by_label("Name", exact=True).fill("Katherine")
    await page.get_by_role("button", name="Add the member").click()
    await hide_secret(page)


async def make_token(page: Page) -> None:
    await press("New token")(page)
    await page.get_by_label("Name").fill("nightly prices")
    await page.get_by_role("button", name="Make the token").click()
    await hide_secret(page)


async def hide_secret(page: Page) -> None:
    """What is shown once works until the demo ends; no picture shows it all the same."""
    secret = page.locator(".once input")
    await secret.evaluate("input => input.value = input.value.replace(/.{43}$/, '•'.repeat(43))")


async def publish(page: Page) -> None:
    """Publish from the editor, and wait until it is live."""
    await page.locator(".page-head").get_by_role("button", name="Publish").click()
    await page.get_by_label("What changed?").fill("Ready for autumn")
    await page.keyboard.press("Enter")
    await page.locator('.tray-card[data-state="live"]').first.wait_for()


async def search_in_vain(page: Page) -> None:
    await page.get_by_label("Search").fill("winter")
    await page.get_by_text("No page fits").first.wait_for()


async def break_a_field(page: Page) -> None:
    await press("Unfold all")(page)
    await page.locator(".widget").first.get_by_label("Title", exact=True).fill("")
    await page.locator(".fault-list").wait_for()


async def see_preview(page: Page) -> None:
    await page.get_by_role("radio", name="Preview").check()
    await page.locator(".preview-frame.is-shown").wait_for()


SHOTS: tuple[Shot, ...] = (
    Shot("sign-in", "sign-in", who=""),
    Shot("sign-in-refused", "sign-in", who="", act=wrong_password),
    Shot("sign-in-phone", "sign-in", who="", width=PHONE, scheme="dark"),
    Shot("invitation-spent", "invitation", who=""),
    Shot("sites"),
    Shot("sites-dark", scheme="dark"),
    Shot("sites-phone", width=PHONE),
    Shot("sites-none", who="Newcomer"),
    Shot("sites-searched", "?search=acme"),
    Shot("sites-searched-dark", "?search=acme", scheme="dark"),
    Shot("sites-searched-phone", "?search=acme", width=PHONE),
    Shot("sites-search-in-vain", "?search=winter", shows=".empty"),
    Shot("sites-failing", arrange=failing("sites"), shows=".empty"),
    Shot("new-site", act=press("New site"), shows="dialog"),
    Shot("pages", "acme"),
    Shot("pages-dark", "acme", scheme="dark"),
    Shot("pages-phone", "acme", width=PHONE),
    Shot("pages-viewer", "acme", who="Viewer"),
    Shot("pages-none", "globex"),
    Shot("pages-search-in-vain", "acme", act=search_in_vain),
    Shot("new-page", "acme", act=press("New page"), shows="dialog"),
    Shot("page", "acme/spring", shows=".preview-frame.is-shown"),
    Shot("page-dark", "acme/index", scheme="dark", shows=".preview-frame.is-shown"),
    Shot("page-phone", "acme/index", width=PHONE),
    Shot("page-preview-phone", "acme/index", width=PHONE, act=see_preview),
    Shot("page-empty", "globex/first"),
    Shot("page-adding", "acme/index", act=press("Add a widget"), shows=".add-widget-entry"),
    Shot("page-failing", "acme/index", act=break_a_field, shows=".fault-list"),
    Shot("page-viewer", "acme/index", who="Viewer"),
    Shot("settings", "acme/settings"),
    Shot("settings-dark", "acme/settings", scheme="dark"),
    Shot("settings-phone", "acme/settings", width=PHONE),
    Shot("settings-wrong-hostname", "acme/settings", act=wrong_hostname),
    Shot("settings-member-added", "globex/settings", act=add_member),
    Shot("account", "-/account"),
    Shot("account-phone", "-/account", width=PHONE, scheme="dark"),
    Shot("account-token-made", "-/account", act=make_token),
    Shot("accounts", "-/accounts"),
    Shot("accounts-phone", "-/accounts", width=PHONE),
    Shot("account-roles", "-/accounts", act=press("Roles of Grace"), shows="dialog"),
    Shot("page-with-faults", "acme/lunch", shows=".field-error:visible"),
    Shot("page-published", "acme/autumn", act=publish, shows=".tray-card"),
    Shot("history", "acme/spring/history"),
    Shot("history-dark", "acme/spring/history", scheme="dark"),
    Shot("history-phone", "acme/spring/history", width=PHONE),
    Shot("history-failed", "acme/workshop/history"),
    Shot("schedule", "acme/spring/schedule"),
    Shot("schedule-phone", "acme/spring/schedule", width=PHONE, scheme="dark"),
    Shot("schedule-none", "acme/autumn/schedule"),
    Shot("audit", "-/audit"),
    Shot("audit-phone", "-/audit", width=PHONE, scheme="dark"),
    Shot("not-found", "nobody"),
    Shot("nothing-here", "-/nothing"),
)
