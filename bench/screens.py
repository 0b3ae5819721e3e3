"""The editors' app on a slow line: how long a browser with an empty cache takes to show a screen.

A real Chromium, HTTP/1.1, and 100 ms put before each answer; otherwise everything is on loopback. *Depth* is the
longest chain of files of which each was only known once the one before was there, from the document to what a script
asks the API.
"""

import asyncio
import json
import shutil
import statistics
import sys
from typing import Any, NamedTuple

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from bench.latency import Pool
from bench.pages import config
from bench.running import platen_up

ROUNDS = 5
LATENCY_MS = 100
EDITOR, V1 = "/-/editor/", "/-/api/v1"
PASSWORD = "correct horse battery staple"  # noqa: S105 - of an account that lives for this run
# Notes the instant at which an element is there: whoever asks from outside, asks twice a second.
NOTE = """
const see = () => {
  if (window.usable || !document.querySelector(%s)) return;
  window.usable = { after: performance.now(), at: performance.timeOrigin + performance.now() };
};
new MutationObserver(see).observe(document, { childList: true, subtree: true });
"""
LINE = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": -1, "uploadThroughput": -1}
# Screen -> where it is, and what is there once it can be used.
SCREENS = {
    "sign-in": ("sign-in", "form button[type=submit]"),
    "sites": ("", "table a[href$='/bench']"),
    "pages": ("bench", "table a[href$='/bench/p0']"),
    "page editor": ("bench/p0", ".page-form input"),
    "history": ("bench/p0/history", ".screen h2"),
}


class Sample(NamedTuple):
    """One screen, shown once.

    Attributes:
        usable_ms: from asking for the document.
        requests: all of them up to there.
        depth: of the longest chain of these.
    """

    usable_ms: float
    requests: int
    depth: int


class Requests:
    """What a page has asked for, and what made it ask."""

    def __init__(self) -> None:
        self._depths: dict[str, int] = {}
        self._at: dict[str, float] = {}

    def add(self, event: dict[str, Any]) -> None:
        initiator = event["initiator"]
        frames = (initiator.get("stack") or {}).get("callFrames") or [{}]
        source = initiator.get("url") or frames[0].get("url", "")
        self._depths.setdefault(event["request"]["url"], 1 + self._depths.get(source, 0))
        self._at.setdefault(event["request"]["url"], event["wallTime"] * 1000)

    def sample(self, usable: dict[str, float]) -> Sample:
        depths = [depth for address, depth in self._depths.items() if self._at[address] <= usable["at"]]
        return Sample(usable["after"], len(depths), max(depths))


async def _slowed(context: BrowserContext) -> tuple[Page, Requests]:
    page, requests = await context.new_page(), Requests()
    devtools = await context.new_cdp_session(page)
    devtools.on("Network.requestWillBeSent", requests.add)
    await devtools.send("Network.enable")
    await devtools.send("Network.emulateNetworkConditions", LINE)
    return page, requests


async def _show(browser: Browser, origin: str, cookies: list[Any], name: str) -> Sample:
    """Show a screen to somebody who was never here before."""
    path, usable = SCREENS[name]
    context = await browser.new_context(service_workers="block")
    await context.add_cookies([] if name == "sign-in" else cookies)
    page, requests = await _slowed(context)
    await page.add_init_script(NOTE % json.dumps(usable))
    await page.goto(f"{origin}{EDITOR}{path}", wait_until="commit")
    await page.locator(usable).first.wait_for()
    sample = requests.sample(await page.evaluate("window.usable"))
    await context.close()
    return sample


async def _sign_in(browser: Browser, origin: str) -> list[Any]:
    """An account, as the cookies of its session."""
    pool = Pool(int(origin.rpartition(":")[2]))
    await pool.send("POST", f"{V1}/sites", b'{"slug":"bench","title":"Bench"}')
    made = await pool.send("POST", f"{V1}/accounts", b'{"name":"Ada","roles":{"*":"admin"}}')
    page = json.dumps({"config": config(0, 1), "publish": True}).encode()
    await pool.send("POST", f"{V1}/sites/bench/pages/p0/versions", page)
    pool.close()
    code = json.loads(made[1])["invitation"]["path"].partition("#")[2]
    context = await browser.new_context()
    answer = await context.request.post(
        f"{origin}{V1}/invitations/accept", data={"code": code, "password": PASSWORD}, headers={"origin": origin}
    )
    assert answer.status == 201, await answer.text()
    cookies = await context.cookies()
    await context.close()
    return list(cookies)


async def _measure(origin: str, program: str) -> dict[str, list[Sample]]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        cookies = await _sign_in(browser, origin)
        # The first round starts what is started when it is needed, and does not count.
        rounds = [{name: await _show(browser, origin, cookies, name) for name in SCREENS} for _ in range(ROUNDS + 1)]
        await browser.close()
    return {name: [shown[name] for shown in rounds[1:]] for name in SCREENS}


def main() -> None:
    """Print the median time of each screen, and what it asked for."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("this needs a Chromium")
    print(f"\nscreens of the app, nothing cached, {LATENCY_MS} ms before each answer; median of {ROUNDS}")
    with platen_up(builders=1) as running:
        found = asyncio.run(_measure(f"http://127.0.0.1:{running.port}", program))
    print(f"{'':>16} {'usable':>9} {'lowest':>8} {'highest':>8}   requests  depth")
    for name, samples in found.items():
        times = sorted(sample.usable_ms for sample in samples)
        requests = max(sample.requests for sample in samples)
        depth = max(sample.depth for sample in samples)
        usable = f"{statistics.median(times):>6.0f} ms {times[0]:>8.0f} {times[-1]:>8.0f}"
        print(f"{name:>16} {usable} {requests:>10} {depth:>6}")
