"""The finished page in a real browser: its style applies, everyone can read it, and it fits a phone."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page, Route

from services.builder.render import Rendered, Renderer
from shared.config import Config, decode_config
from tests.conftest import wait_until
from tests.unit.builder.reading import EVERY_WIDGET, EXAMPLES, PICTURE, make_config

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE, DESKTOP, NARROWEST = 360, 1280, 320
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3" fill="#579"/></svg>'
AS_WRITTEN = {path.stem: decode_config(path.read_bytes()) for path in EXAMPLES}
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen"


class Site(ThreadingHTTPServer):
    """Serves one rendered page, with the header that goes with it."""

    page: Rendered

    def show(self, config: Config) -> str:
        """Serve this config's page from now on.

        Returns:
            its address.
        """
        self.page = Renderer().render(config, "acme", "index", "Acme & Sons")
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", self.server.page.csp)
        self.send_header("Content-Length", str(len(self.server.page.html)))
        self.end_headers()
        self.wfile.write(self.server.page.html)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the standard library's
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Visit:
    """A page that was opened, and what the browser said about it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def get(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        return await self.page.evaluate(expression)


async def visit(context: BrowserContext, site: Site, config: Config, width: int = DESKTOP) -> Visit:
    """Open the page of a config, its pictures drawn here instead of fetched."""

    async def draw(route: Route) -> None:
        await route.fulfill(body=DRAWING, content_type="image/svg+xml")

    address = site.show(config)
    page = await context.new_page()
    await page.route(lambda url: url != address, draw)
    await page.set_viewport_size({"width": width, "height": 800})
    visited = Visit(page)
    await page.goto(address, wait_until="load")
    return visited


async def assert_accessible(visited: Visit) -> None:
    await visited.get("document.querySelectorAll('details').forEach(details => details.open = true)")
    results = await Axe().run(visited.page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", AS_WRITTEN)
async def test_axe_finds_nothing_on_an_example(
    context: BrowserContext, site: Site, name: str, scheme: Literal["light", "dark"], width: int
) -> None:
    visited = await visit(context, site, AS_WRITTEN[name], width)

    await visited.page.emulate_media(color_scheme=scheme)

    await assert_accessible(visited)


@pytest.mark.parametrize("accent", ["#ffff00", "#1d4ed8", "#777777"])
@pytest.mark.parametrize("background", ["#ffffff", "#767676", "#3b1d5e", "#000000"])
async def test_axe_finds_nothing_on_every_widget_in_any_colours(
    context: BrowserContext, site: Site, background: str, accent: str
) -> None:
    config = make_config(*EVERY_WIDGET, background=background, theme={"accent": accent})

    visited = await visit(context, site, config)

    await assert_accessible(visited)


@pytest.mark.parametrize("name", AS_WRITTEN)
async def test_the_policy_lets_the_style_apply_and_nothing_complains(
    context: BrowserContext, site: Site, name: str
) -> None:
    config = AS_WRITTEN[name]

    visited = await visit(context, site, config)

    ground = config.background
    shown = await visited.get("getComputedStyle(document.body).backgroundColor")
    assert shown == f"rgb({ground.red}, {ground.green}, {ground.blue})"
    assert visited.complaints == []


async def test_the_policy_stops_a_script_that_got_in(context: BrowserContext, site: Site) -> None:
    visited = await visit(context, site, make_config())

    await visited.get(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title = 1'}))"
    )

    await wait_until(lambda: bool(visited.complaints), what="the browser's complaint")
    assert "Content Security Policy" in visited.complaints[0]
    assert await visited.page.title() == "A page"


@pytest.mark.parametrize("name", [*AS_WRITTEN, "every widget", "long words"])
async def test_the_narrowest_phone_never_scrolls_sideways(context: BrowserContext, site: Site, name: str) -> None:
    long_words = make_config(*with_long_words(), theme={"font": "mono"})
    config = {**AS_WRITTEN, "every widget": make_config(*EVERY_WIDGET), "long words": long_words}[name]

    visited = await visit(context, site, config, NARROWEST)

    assert await visited.get("document.documentElement.scrollWidth") == NARROWEST


async def test_a_wide_table_scrolls_in_its_own_region_by_keyboard(context: BrowserContext, site: Site) -> None:
    visited = await visit(context, site, AS_WRITTEN["planetarium"], PHONE)
    region = visited.page.get_by_role("group", name="Programme")

    await region.focus()
    await visited.page.keyboard.press("ArrowRight")

    async def has_scrolled() -> bool:
        return bool(await visited.get("document.querySelector('.scroll').scrollLeft > 0"))

    # Asked from outside again and again: a predicate left in the page to be polled is a string to evaluate there,
    # which the page's policy forbids, as it should.
    await wait_until(has_scrolled, what="the table to scroll")


@pytest.mark.parametrize("background", ["#f8faf3", "#0b1020"])
async def test_a_shadow_shows_where_a_table_goes_on_and_only_there(
    context: BrowserContext, site: Site, background: str
) -> None:
    columns = [f"Column {number}" for number in range(12)]
    table = {"type": "table", "title": "Wide", "header": columns, "rows": [[f"Word {name}" for name in columns]] * 4}
    visited = await visit(context, site, make_config(table, background=background), PHONE)
    frame = visited.page.locator(".scroll")

    async def edges() -> tuple[bytes, bytes]:
        """The frame's left and right edge, a strip of each as it is painted, text made invisible."""
        box = await frame.bounding_box()
        assert box is not None
        strips = [box["x"] + 2, box["x"] + box["width"] - 8]
        clips = [{"x": x, "y": box["y"] + 60, "width": 6.0, "height": 20.0} for x in strips]
        left, right = [await visited.page.screenshot(clip=clip) for clip in clips]  # type: ignore[arg-type]
        return left, right

    await visited.get(
        "document.querySelectorAll('td').forEach(td => { td.style.color = 'transparent'; td.style.border = 0 })"
    )
    plain_left, shadow_right = await edges()
    await frame.evaluate("frame => frame.scrollLeft = frame.scrollWidth")
    shadow_left, plain_right = await edges()

    assert plain_left == plain_right
    assert shadow_left != plain_left
    assert shadow_right != plain_right


async def test_the_prices_of_the_example_can_be_seen_on_a_phone(context: BrowserContext, site: Site) -> None:
    visited = await visit(context, site, AS_WRITTEN["spring-sale"], 390)

    assert await visited.get("(e => e.scrollWidth - e.clientWidth)(document.querySelector('.scroll'))") == 0


async def test_a_picture_that_does_not_load_leaves_a_phone_unscrolled(context: BrowserContext, site: Site) -> None:
    picture = {"type": "image", **PICTURE, "caption": "A caption that is longer than a phone is wide, by some words."}
    visited = await visit(context, site, make_config(picture), PHONE)

    await visited.get(
        "new Promise(then => { const i = document.querySelector('img'); i.onerror = then; i.src = 'data:,'; })"
    )

    assert await visited.get("document.documentElement.scrollWidth") == PHONE


async def test_a_question_opens_by_keyboard(context: BrowserContext, site: Site) -> None:
    visited = await visit(context, site, AS_WRITTEN["planetarium"])
    question = visited.page.locator("summary").first

    await question.focus()
    await visited.page.keyboard.press("Enter")

    await wait_until(visited.page.get_by_text("From eight.").is_visible, what="the answer")


async def test_whatever_has_the_focus_can_be_seen_to_have_it(context: BrowserContext, site: Site) -> None:
    visited = await visit(context, site, AS_WRITTEN["office-lunch"])

    await visited.page.keyboard.press("Tab")

    outline = await visited.get("getComputedStyle(document.activeElement).outline")
    assert "solid 3px" in outline


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
async def test_nothing_moves_for_those_who_asked_for_it(
    context: BrowserContext, site: Site, motion: Literal["reduce", "no-preference"], moves: bool
) -> None:
    visited = await visit(context, site, AS_WRITTEN["office-lunch"])

    await visited.page.emulate_media(reduced_motion=motion)

    durations = await visited.get(
        "[...document.querySelectorAll('*')].map(element => getComputedStyle(element).transitionDuration)"
    )
    assert any(duration != "0s" for duration in durations) is moves


async def test_a_dark_page_prints_black_on_white(context: BrowserContext, site: Site) -> None:
    visited = await visit(context, site, AS_WRITTEN["planetarium"])

    await visited.page.emulate_media(media="print")

    style = await visited.get("(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))")
    assert style == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


@pytest.mark.parametrize("widget", [{"type": "hero", "title": "T", "image": PICTURE}, {"type": "image", **PICTURE}])
async def test_the_page_does_not_jump_when_its_pictures_arrive(
    context: BrowserContext, site: Site, widget: dict[str, Any]
) -> None:
    visited = await visit(context, site, make_config(widget))
    loaded = await visited.get("document.querySelector('img').getBoundingClientRect().height")

    await visited.page.evaluate("document.querySelector('img').removeAttribute('src')")

    assert await visited.get("document.querySelector('img').getBoundingClientRect().height") == loaded


def with_long_words() -> list[dict[str, Any]]:
    """Every widget, with a word that fits on no phone wherever there is a title."""
    longer = dict.fromkeys(("title", "tagline", "name"), LONG_WORD)
    return [widget | {key: text for key, text in longer.items() if key in widget} for widget in EVERY_WIDGET]
