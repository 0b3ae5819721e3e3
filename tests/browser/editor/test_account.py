"""One's own sessions and tokens, the accounts of everybody, and what is written down of all that."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.browser.editor.conftest import OpenTab, started
from tests.browser.editor.tab import PASSWORD, V1
from tests.conftest import wait_until
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADMIN = {"*": "admin"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A Platen of their own, for what the whole lists of sites and accounts show."""
    yield from started(tmp_path_factory)


def status_with(up: Up, token: str, path: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return httpx2.get(f"{up.url}{V1}/{path}", headers=headers, trust_env=False).status_code


async def test_a_token_is_shown_once_works_and_is_revoked(open_tab: OpenTab, up: Up, site: str) -> None:
    tab = await open_tab({site: "publisher"}, "-/account")
    assert await tab.page.get_by_text("No tokens yet").is_visible()

    await tab.press("New token")
    await tab.page.get_by_label("Name").fill("nightly prices")
    await tab.page.get_by_label("Role").select_option("Viewer")
    await tab.press("Make the token")
    token = await tab.page.get_by_label("Token nightly prices").input_value()

    assert token.startswith("platen_")
    assert status_with(up, token, f"sites/{site}") == 200
    await tab.page.reload()
    await tab.page.get_by_role("row", name="nightly prices").wait_for()
    assert token not in await tab.page.content()
    await tab.press("Revoke nightly prices")
    await tab.press("Revoke")
    await tab.page.get_by_text("No tokens yet").wait_for()
    await wait_until(lambda: status_with(up, token, f"sites/{site}") == 401, what="the end of the token")


async def test_a_token_without_a_name_is_asked_for_one(open_tab: OpenTab, site: str) -> None:
    tab = await open_tab({site: "editor"}, "-/account")

    await tab.press("New token")
    await tab.page.get_by_role("dialog").wait_for()
    roles = await tab.page.get_by_label("Role").locator("option").all_text_contents()
    await tab.press("Make the token")

    await tab.page.get_by_text("This is needed.").wait_for()
    assert roles == ["Viewer", "Editor"]


async def test_a_session_of_another_browser_is_ended_from_here(open_tab: OpenTab, site: str) -> None:
    other = await open_tab({site: "editor"})
    name = (await other.page.locator(".shell-name").text_content() or "").removeprefix("Your account: ")
    tab = await open_tab(None, "-/account")
    await tab.page.get_by_label("Name").fill(name)
    await tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.press("Sign in")
    other.expects = {401}

    await tab.page.get_by_role("button", name="End the session").click()
    await tab.page.locator(".toast").get_by_text("The session is ended").wait_for()

    async def is_out() -> bool:
        await other.go("")
        return await other.heading("Sign in").is_visible()

    await wait_until(is_out, longest_s=15, what="the end of the session")


async def test_a_password_is_changed_and_all_other_sessions_end(open_tab: OpenTab, up: Up, site: str) -> None:
    tab = await open_tab({site: "editor"}, "-/account")
    tab.expects = {422}
    name = (await tab.page.locator(".shell-name").text_content() or "").removeprefix("Your account: ")
    sign_in = {"name": name, "password": PASSWORD}
    elsewhere = httpx2.post(f"{up.url}{V1}/session", json=sign_in, headers={"origin": up.url}, trust_env=False)
    await tab.page.reload()
    await tab.page.get_by_role("button", name="End the session").wait_for()
    present = tab.page.get_by_label("Present password", exact=True)
    new = tab.page.get_by_label("New password", exact=True)

    await present.fill("not this one")
    await new.fill("four quiet otters knitting")
    await tab.press("Change the password")
    await tab.page.get_by_text("This is not your password").first.wait_for()
    await present.fill(PASSWORD)
    await tab.press("Change the password")
    await tab.page.locator(".toast").get_by_text("The password is changed").wait_for()

    await wait_until(tab.page.get_by_role("button", name="End the session").is_hidden, what="the other session to go")
    assert await present.input_value() == await new.input_value() == ""
    assert elsewhere.status_code == 201


async def test_an_account_is_made_given_roles_and_removed(open_tab: OpenTab, up: Up, site: str) -> None:
    tab = await open_tab(ADMIN, "-/accounts")
    name = f"Grace of {site}"
    row = tab.page.get_by_role("row", name=name)

    await tab.press("New account")
    dialog = tab.page.get_by_role("dialog", name="New account")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("button", name="Make the account").click()
    await dialog.get_by_text("Choose where, or remove the role.").wait_for()
    assert await dialog.get_by_label("Where").evaluate("e => e === document.activeElement && e.value === ''")
    await dialog.get_by_label("Where").select_option(site.capitalize())
    await dialog.get_by_role("button", name="Make the account").click()
    await tab.page.get_by_role("textbox", name=f"Link for {name}").wait_for()
    await row.get_by_text(f"Editor on {site}").wait_for()

    await tab.press(f"Roles of {name}")
    await tab.page.get_by_role("dialog").get_by_label("Role").select_option("Publisher")
    await tab.press("Save the roles")
    await row.get_by_text(f"Publisher on {site}").wait_for()

    await tab.press(f"Remove {name}")
    await tab.press("Remove the account")
    await wait_until(row.is_hidden, what="the end of the account")
    assert name not in [account["name"] for account in up.api.get("accounts?limit=200")["items"]]


async def test_whoever_lost_their_password_gets_a_new_link(open_tab: OpenTab, up: Up, site: str) -> None:
    name = f"Grace of {site}"
    up.api.change("POST", "accounts", {"name": name, "roles": {site: "editor"}})
    tab = await open_tab(ADMIN, "-/accounts")

    await tab.press(f"New link of {name}")
    await tab.press("Make the link")

    link = await tab.page.get_by_role("textbox", name=f"Link for {name}").input_value()
    other = await open_tab(None, link.partition("/-/editor/")[2])
    await other.heading(f"Welcome, {name}").wait_for()


async def test_what_was_done_and_refused_is_read_in_the_audit_log(open_tab: OpenTab, up: Up, site: str) -> None:
    up.api.change("PUT", f"sites/{site}/title", {"title": "Acme & Sons"})
    tab = await open_tab(ADMIN, "-/audit")

    await tab.page.get_by_label("Site").select_option("Acme & Sons")

    entry = tab.page.get_by_role("row", name="Set title")
    await entry.get_by_text("Done").wait_for()
    assert tab.path == f"-/audit?site={site}"


async def test_the_audit_log_calls_an_account_by_its_name_also_when_it_is_gone(
    open_tab: OpenTab, up: Up, site: str
) -> None:
    name = f"Grace of {site}"
    made = up.api.change("POST", "accounts", {"name": name})["account"]
    up.api.change("DELETE", f"accounts/{made['id']}")

    tab = await open_tab(ADMIN, "-/audit")

    entry = tab.page.get_by_role("row", name="Remove account").first
    await entry.get_by_text(name, exact=True).wait_for()
    assert await tab.page.get_by_text(made["id"]).count() == 0


async def test_older_entries_come_when_they_are_asked_for(open_tab: OpenTab, up: Up, site: str) -> None:
    for number in range(60):
        up.api.change("PUT", f"sites/{site}/title", {"title": f"Title {number}"})
    tab = await open_tab(ADMIN, f"-/audit?site={site}")
    rows = tab.page.get_by_role("row", name="Set title")
    assert await rows.count() == 50

    await tab.press("Older")

    await wait_until(lambda: is_more(rows), what="older entries")


async def is_more(rows: object) -> bool:
    return await rows.count() >= 60  # type: ignore[attr-defined, no-any-return]
