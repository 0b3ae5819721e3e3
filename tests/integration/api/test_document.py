"""Every operation of the OpenAPI document, asked in ways nobody thought of: no fault of ours, no undocumented answer.

Schemathesis makes requests from the document, right ones and wrong ones, and holds each answer against it.
"""

import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

import httpx2
import msgspec
import pytest
import requests
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, Phase
from hypothesis import settings as bounds
from schemathesis import checks

from services.api.app import ENDPOINTS, create_app
from services.api.openapi import describe
from shared.connection import connect
from shared.settings import Settings
from tests.integration.api.conftest import CONFIG, PAGE, TOKEN, V1

ORIGIN = "http://api.test"
EXAMPLES = 25
# What there is, and something that there is not.
IDS = {"site": ["acme", "nobody"], "page": ["spring", "nothing"], "number": [1, 2, 9], "seq": [1, 2, 9]}
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
    """The document, but so that guesses meet what there is more often than not."""
    found = deepcopy(describe(ENDPOINTS))
    # Who is asking is another test's question; here it is always somebody who may do everything.
    del found["security"]
    for operations in found["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path" and parameter["name"] in IDS:
                    parameter["schema"] = {"enum": IDS[parameter["name"]]}
                    parameter.pop("example", None)
    return found


SCHEMA = schemathesis.openapi.from_dict(document())


@asynccontextmanager
async def world(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an api whose Redis holds a site with a page of two versions."""
    redis = connect(settings.redis_url)
    await redis.flushall()
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
        yield web


@pytest.fixture
def send(settings: Settings) -> Iterator[Send]:
    """Sends requests from outside of the loop that answers them, since the tests are made by a library without one."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(world(settings)) as web:

        def send(request: requests.PreparedRequest) -> httpx2.Response:
            body = request.body.encode() if isinstance(request.body, str) else request.body
            made = web.build_request(request.method or "", request.url or "", headers=request.headers, content=body)
            return portal.call(web.send, made)

        yield send


@SCHEMA.parametrize()
@bounds(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_an_operation_answers_whatever_it_is_asked_as_documented(case: schemathesis.Case, send: Send) -> None:
    request = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()

    answer = send(request)

    case.validate_response(answer, checks=CHECKS)
