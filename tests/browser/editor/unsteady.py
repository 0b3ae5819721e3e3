"""A network that holds back, loses and reorders answers, as the app's tabs see it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from playwright.async_api import Error, Page, Request, Route

from tests.conftest import wait_until

Fits = Callable[[Request], bool]


def of(method: str) -> Fits:
    """Whether a request is of a method."""
    return lambda request: request.method == method


async def settled(page: Page) -> None:
    """Let what an answer leads to come about: it has until the browser has painted twice."""
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")


class Held:
    """Answers to some requests that are held back, in the order in which they were asked for.

    Args:
        page: whose requests.
        pattern: of addresses, as Playwright has them.
        fits: which of those requests; others pass.
        reaches: whether a request reaches Platen at once, and its answer alone waits.
        first: how many are held; those that come later pass. None holds all.
    """

    def __init__(self, page: Page, pattern: str, fits: Fits, *, reaches: bool = True, first: int | None = None) -> None:
        self._page, self._pattern, self._fits, self._reaches, self._first = page, pattern, fits, reaches, first
        self._gates: list[asyncio.Event] = []
        self.asked: list[Request] = []

    async def __aenter__(self) -> "Held":
        await self._page.route(self._pattern, self._hold)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()
        await self._page.unroute(self._pattern, self._hold)

    async def _hold(self, route: Route) -> None:
        if not self._fits(route.request) or len(self._gates) == self._first:
            await route.fallback()
            return
        gate = asyncio.Event()
        self._gates.append(gate)
        answer = await route.fetch() if self._reaches else None
        self.asked.append(route.request)
        await gate.wait()
        # The app may have given it up meanwhile.
        with suppress(Error):
            await (route.fulfill(response=answer) if answer else route.continue_())

    def release(self, number: int | None = None) -> None:
        """Let one answer through, by its place in the order of asking, or all of them."""
        for gate in self._gates if number is None else [self._gates[number]]:
            gate.set()

    async def has(self, count: int = 1) -> None:
        """Wait until so many are held."""
        await wait_until(lambda: len(self.asked) >= count, what=f"{count} requests to be held")


class Lost:
    """The first answer to some requests is lost on its way, and whatever is asked afterwards as well.

    Args:
        page: whose requests.
        pattern: of addresses.
        fits: which of those requests; others pass.
    """

    def __init__(self, page: Page, pattern: str, fits: Fits) -> None:
        self._page, self._pattern, self._fits = page, pattern, fits
        self.count = 0

    async def __aenter__(self) -> "Lost":
        await self._page.route(self._pattern, self._lose)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._page.unroute(self._pattern, self._lose)

    async def _lose(self, route: Route) -> None:
        if not self._fits(route.request):
            await route.fallback()
            return
        self.count += 1
        if self.count == 1:
            await route.fetch()
        await route.abort("connectionreset")
