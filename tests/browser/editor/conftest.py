"""A running Platen for each module, and people who are signed in to it."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext

from tests.browser.editor.tab import DESKTOP, PASSWORD, V1, Tab
from tests.harness import Up

OpenTab = Callable[..., Awaitable[Tab]]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running Platen, with the sites and accounts of all tests; a module that looks at lists of them has its own."""
    yield from started(tmp_path_factory)


def started(folders: pytest.TempPathFactory) -> Iterator[Up]:
    """A Platen that runs until it is given back."""
    with Up(folders.mktemp("up") / "data") as up:
        yield up


@pytest.fixture
def site(up: Up) -> str:
    """A site of the test's own; its title is its slug with a capital."""
    slug = f"acme-{next(_numbers)}"
    up.api.change("POST", "sites", {"slug": slug, "title": slug.capitalize()})
    return slug


@pytest_asyncio.fixture(loop_scope="session")
async def open_tab(up: Up, browser: Browser) -> AsyncIterator[OpenTab]:
    """Opens the app as a new account with some roles, or as nobody (None). No tab may have complained at the end."""
    tabs: list[Tab] = []
    contexts: list[BrowserContext] = []

    async def open_as(roles: dict[str, str] | None, path: str = "", width: int = DESKTOP, **options: Any) -> Tab:
        context = await browser.new_context(service_workers="block", **options)
        contexts.append(context)
        if roles is not None:
            await sign_in(up, context, f"Ada {next(_numbers)}", roles)
        tabs.append(await Tab.open(context, up.url, path, width))
        return tabs[-1]

    yield open_as
    for context in contexts:
        await context.close()
    assert [tab.unexpected for tab in tabs if tab.unexpected] == []


async def sign_in(up: Up, context: BrowserContext, name: str, roles: dict[str, str]) -> None:
    """Make somebody an account, and sign them in without the app."""
    made = up.api.change("POST", "accounts", {"name": name, "roles": roles})
    code = made["invitation"]["path"].partition("#")[2]
    answer = await context.request.post(
        f"{up.url}{V1}/invitations/accept", data={"code": code, "password": PASSWORD}, headers={"origin": up.url}
    )
    assert answer.status == 201, await answer.text()
