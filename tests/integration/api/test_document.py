"""Every operation of the OpenAPI document, asked in ways nobody thought of: no fault of ours, no undocumented answer.

Schemathesis makes requests from the document, right ones and wrong ones, and holds each answer against it.
"""

import asyncio
import io
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import httpx2
import msgspec
import pytest
import requests
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks

from services.api.app import ENDPOINTS, create_app
from services.api.endpoint import Endpoint
from services.api.openapi import describe
from services.builder.worker import Worker, new_name
from shared.config import SLUG_PATTERN
from shared.connection import connect
from shared.dead_letters import parse_letter
from shared.keys import Keys
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.api.conftest import CONFIG, PAGE, TOKEN, V1

ORIGIN = "http://api.test"
EXAMPLES = 12
SLUG = re.compile(SLUG_PATTERN)


class Known(NamedTuple):
    """What there is under a name of a path parameter, and something that there is not.

    Attributes:
        there: values.
        fits: whether a guess could be one.
    """

    there: list[Any]
    fits: Callable[[Any], bool]


def is_slug(guess: Any) -> bool:
    return isinstance(guess, str) and SLUG.fullmatch(guess) is not None


def is_number(guess: Any) -> bool:
    return isinstance(guess, int) and not isinstance(guess, bool) and guess > 0


KNOWN = {
    "site": Known(["acme", "acme", "acme", "nobody"], is_slug),
    "page": Known(["spring", "spring", "spring", "nothing"], is_slug),
    **dict.fromkeys(("number", "seq", "schedule"), Known([1, 2, 9], is_number)),
    "letter": Known(["0-1-0", "0-2-0"], lambda guess: parse_letter(str(guess)) is not None),
}
checks.load_all_checks()
CHECKS = checks.CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
        "negative_data_rejection",
    ]
)

Send = Callable[[requests.PreparedRequest], httpx2.Response]


def document() -> dict[str, Any]:
    """The document, but for who is asking, which is another test's question: here, somebody who may do everything."""
    found = deepcopy(describe(ENDPOINTS))
    del found["security"]
    return found


@cache
def schema() -> Any:
    """The document as Schemathesis reads it; that takes its time, so it is read where it is needed."""
    found = schemathesis.openapi.from_dict(document())
    found.hook(map_path_parameters)
    return found


def map_path_parameters(_context: schemathesis.HookContext, path_parameters: dict[str, Any] | None) -> Any:
    """Let guesses that could be right meet what there is, more often than not."""
    return {name: _known(name, guess) for name, guess in (path_parameters or {}).items()}


def _known(name: str, guess: Any) -> Any:
    if name not in KNOWN or not KNOWN[name].fits(guess):
        return guess
    return KNOWN[name].there[sum(repr(guess).encode()) % len(KNOWN[name].there)]


@asynccontextmanager
async def world(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an api whose Redis holds a site with a page of two versions, and a dead letter."""
    redis = connect(settings.redis_url)
    await redis.flushall()
    await redis.xadd(Keys().dead(0), {"site": "acme", "page": "spring", "code": "poison", "data": b"\xff"}, id="1-0")
    await redis.aclose()
    # Lists that are too long shall be refused for that, before anything else is.
    app = create_app(msgspec.structs.replace(settings, max_body_bytes=10_000_000), io.StringIO())
    headers = {"authorization": f"Bearer {TOKEN}"}
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as web,
    ):
        await web.post(f"{V1}/sites", json={"slug": "acme"})
        for _ in range(2):
            saved = await web.post(f"{PAGE}/versions", json={"config": CONFIG, "publish": True})
            assert saved.status_code == 201
        plan = {"action": "unpublish", "at": f"{time.gmtime().tm_year + 1}-12-31T00:00", "zone": "UTC"}
        assert (await web.post(f"{PAGE}/schedules", json=plan)).status_code == 201
        yield web


@asynccontextmanager
async def building(settings: Settings, web: httpx2.AsyncClient) -> AsyncIterator[None]:
    """A builder that is listed."""
    own = [connect(settings.redis_url), connect(settings.redis_url, block_s=2, repeats=False)]
    worker = Worker(own[0], own[1], settings, new_name())
    await worker.queue.ensure_groups()
    task = asyncio.create_task(worker.run())

    async def is_listed() -> bool:
        return bool((await web.get(f"{V1}/builders")).json()["items"])

    await wait_until(is_listed, what="the builder")
    yield
    worker.stop.set()
    await task
    for client in own:
        await client.aclose()


@pytest.fixture
def send(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Send]:
    """Sends requests from outside of the loop that answers them, since the tests are made by a library without one."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        web = stack.enter_context(portal.wrap_async_context_manager(world(settings)))
        # Nothing but a preview waits for a builder, and a builder takes a moment to start.
        if "/previews" in request.node.name:
            stack.enter_context(portal.wrap_async_context_manager(building(settings, web)))

        def send(request: requests.PreparedRequest) -> httpx2.Response:
            body = request.body.encode() if isinstance(request.body, str) else request.body
            made = web.build_request(request.method or "", request.url or "", headers=request.headers, content=body)
            return portal.call(web.send, made)

        yield send


# Of the code that answers, in a thread of its own, Hypothesis thinks that it is what makes the guesses.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_an_operation_answers_whatever_it_is_asked_as_documented(
    endpoint: Endpoint, mode: GenerationMode, send: Send
) -> None:
    guesses = schema()[endpoint.path][endpoint.method].as_strategy(generation_mode=mode)

    @bounds(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=guesses)
    def ask(case: schemathesis.Case) -> None:
        request = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
        case.validate_response(send(request), checks=CHECKS)

    # What takes nothing cannot be asked in a wrong way.
    with suppress(Unsatisfiable):
        ask()
