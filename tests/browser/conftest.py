"""A real Chromium, one for the whole run; each test gets a context of its own, so that none sees another's.

Playwright's synchronous API keeps an event loop running, which the other tests cannot share a process with; so it is
the asynchronous one, on a loop that lasts as long as the browser. A module that uses these fixtures says

    pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
"""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.conftest import needs_program

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium without a window."""
    program = needs_program("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh profile: no cookies, nothing cached."""
    context = await browser.new_context(service_workers="block")
    yield context
    await context.close()
