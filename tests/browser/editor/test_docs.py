"""The API's reference in a real browser: readable by everyone, on every screen and on paper."""

from collections.abc import Sequence
from typing import Literal

import httpx2
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page, Route
from starlette.applications import Starlette

from services.api.app import ENDPOINTS
from services.api.docs import views
from services.api.openapi import describe

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ORIGIN = "http://platen.test"
PHONE, DESKTOP = 360, 1280
PARTS = 5
APP = Starlette(routes=views.routes(lambda: describe(ENDPOINTS)))


async def answer(route: Route) -> None:
    """Answer the browser from the app itself, so that nothing has to listen."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=APP), base_url=ORIGIN) as web:
        found = await web.get(route.request.url, headers={"accept-encoding": "identity"})
    await route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.content)


async def visit(context: BrowserContext, width: int = DESKTOP, anchor: str = "") -> tuple[Page, Sequence[str]]:
    """Open the reference; also gives what the browser complains of from then on."""
    complaints: list[str] = []
    await context.route(f"{ORIGIN}/**", answer)
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(f"{ORIGIN}{views.PATH}{anchor}")
    return page, complaints


async def keep(page: Page, one_in: int, at: int = 0) -> None:
    """Leave one in so many of what the reference describes, and open it: axe takes twenty seconds for all at once."""
    await page.evaluate(
        "const all = [...document.querySelectorAll('.operation, .shape')];"
        f"all.filter((_, number) => number % {one_in} !== {at}).forEach(each => each.remove());"
        "document.querySelectorAll('details').forEach(details => details.open = true)"
    )


@pytest.mark.parametrize("part", range(PARTS))
async def test_axe_finds_nothing_on_the_reference(context: BrowserContext, part: int) -> None:
    page, complaints = await visit(context)
    await keep(page, PARTS, part)

    results = await Axe().run(page)

    assert results.violations_count == 0, results.generate_report()
    assert complaints == []


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_any_look(
    context: BrowserContext, scheme: Literal["light", "dark"], width: int
) -> None:
    page, complaints = await visit(context, width)
    await page.emulate_media(color_scheme=scheme)
    await keep(page, one_in=10)

    results = await Axe().run(page)

    assert results.violations_count == 0, results.generate_report()
    assert complaints == []


async def test_a_phone_never_scrolls_sideways(context: BrowserContext) -> None:
    page, _ = await visit(context, PHONE)

    await page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")

    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE


async def test_the_policy_lets_the_style_apply(context: BrowserContext) -> None:
    page, complaints = await visit(context)

    assert await page.evaluate("getComputedStyle(document.body).display") == "grid"
    assert complaints == []


async def test_the_contents_lead_to_an_operation(context: BrowserContext) -> None:
    page, _ = await visit(context)

    await page.get_by_role("navigation", name="Contents").get_by_role("link", name="Take a page off").click()

    assert page.url.endswith("#unpublishPage")
    place = await page.evaluate("document.querySelector('#unpublishPage').getBoundingClientRect().top")
    assert 0 <= place < 400


async def test_on_paper_there_are_no_contents_and_no_colours(context: BrowserContext) -> None:
    page, _ = await visit(context)

    await page.emulate_media(media="print", color_scheme="dark")

    assert not await page.get_by_role("navigation", name="Contents").is_visible()
    assert await page.evaluate("getComputedStyle(document.querySelector('.method')).color") == "rgb(0, 0, 0)"
