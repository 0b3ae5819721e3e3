"""The reference page, as it is served."""

import re

import httpx2
import pytest
from starlette.applications import Starlette

DOCS = "/-/api/docs"


@pytest.fixture
async def stranger(app: Starlette) -> httpx2.AsyncClient:
    """A client without a token."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://api.test")


async def test_anybody_may_read_the_reference(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get(DOCS)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert 'id="saveVersion"' in answer.text


async def test_its_policy_lets_in_a_style_sheet_of_ours_and_nothing_else(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get(DOCS)

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_its_style_sheet_may_be_kept_for_ever(stranger: httpx2.AsyncClient) -> None:
    page = await stranger.get(DOCS)
    found = re.search(r'<link rel="stylesheet" href="([^"]+)">', page.text)
    assert found

    style = await stranger.get(found[1])

    assert style.status_code == 200
    assert style.headers["content-type"].startswith("text/css")
    assert "immutable" in style.headers["cache-control"]
    assert page.headers["cache-control"] == "no-cache"


async def test_it_can_only_be_read_and_nothing_else_is_below_it(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.post(DOCS)).status_code == 405
    assert (await stranger.get(f"{DOCS}/other.css")).status_code == 404
