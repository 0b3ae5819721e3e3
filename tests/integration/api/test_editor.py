"""The shell of the editors' app, and its assets."""

import re

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette

from services.api.editor.views import POLICY
from shared.settings import Settings
from tests.integration.api.conftest import V1, Opener

EDITOR = "/-/editor/"


@pytest.fixture
def web(app: Starlette) -> httpx2.AsyncClient:
    """A client without a token: a browser shows the app before anybody is signed in."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://api.test")


PRELOAD = re.compile(r'<link rel="modulepreload" href="/-/editor/static/\w+/([^"]+)">\n')


@pytest.mark.parametrize(
    ("path", "screen"),
    [
        ("", "screens/sites.js"),
        ("sign-in", "screens/sign-in.js"),
        ("acme", "screens/site.js"),
        ("acme/", "screens/site.js"),
        ("acme/spring", "screens/page.js"),
        ("acme/-/settings", "screens/page.js"),
        ("acme/settings", "screens/settings.js"),
        ("static", "screens/site.js"),
        ("static/spring/history", "screens/history.js"),
        ("-/x", "shell/nowhere.js"),
        ("Acme", "shell/nowhere.js"),
    ],
)
async def test_every_address_of_the_app_has_one_shell_but_for_what_its_screen_loads(
    web: httpx2.AsyncClient, path: str, screen: str
) -> None:
    signed_in = {"cookie": "__Host-platen=1"}

    answer, first = await web.get(EDITOR + path, headers=signed_in), await web.get(EDITOR, headers=signed_in)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert PRELOAD.sub("", answer.text) == PRELOAD.sub("", first.text)
    assert [name for name in PRELOAD.findall(answer.text) if name.startswith("screens/") or "nowhere" in name] == [
        screen
    ]


@pytest.mark.parametrize(
    ("path", "screen"),
    [("", "sign-in"), ("acme/spring", "sign-in"), ("sign-in", "sign-in"), ("invitation", "invitation")],
)
async def test_whoever_is_not_signed_in_loads_what_they_may_see(
    web: httpx2.AsyncClient, path: str, screen: str
) -> None:
    text = (await web.get(EDITOR + path)).text

    assert [name for name in PRELOAD.findall(text) if name.startswith("screens/")] == [f"screens/{screen}.js"]


async def test_the_shell_travels_small(web: httpx2.AsyncClient) -> None:
    answer = await web.get(f"{EDITOR}acme/spring", headers={"accept-encoding": "br", "cookie": "__Host-platen=1"})

    assert answer.headers["content-encoding"] == "br"
    assert int(answer.headers["content-length"]) < len(answer.content) / 4


async def test_the_shell_is_never_kept_and_lets_nothing_in_but_its_own(web: httpx2.AsyncClient) -> None:
    headers = (await web.get(EDITOR)).headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'; script-src 'self'; style-src 'self';")


async def test_the_shell_has_no_script_and_no_style_of_its_own(web: httpx2.AsyncClient) -> None:
    text = (await web.get(EDITOR)).text

    assert re.findall(r"<script(?![^>]*\ssrc=)", text) == []
    assert "<style" not in text
    assert not re.search(r"\s(?:style|on[a-z]+)=", text)


async def test_what_the_shell_names_is_there_and_kept_for_ever(web: httpx2.AsyncClient) -> None:
    named = re.findall(r'(?:href|src)="(/-/[^"]+)"', (await web.get(EDITOR)).text)

    answers = {path: await web.get(path) for path in named}

    assert len(answers) > 10
    assert {answer.status_code for answer in answers.values()} == {200}
    assert {answer.headers["cache-control"] for answer in answers.values()} == {"public, max-age=31536000, immutable"}
    assert {answer.headers["x-content-type-options"] for answer in answers.values()} == {"nosniff"}
    kinds = {path.rsplit(".", 1)[1]: answer.headers["content-type"] for path, answer in answers.items()}
    assert kinds == {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}


@pytest.mark.parametrize(
    ("field", "coding"),
    [
        ("br, gzip", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("zstd", ""),
        ("br;q=0.1, *;q=0.5", "gzip"),
        ("identity, gzip;q=0.5", ""),
        ("*;q=0", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("path", [EDITOR, "/-/api/docs"])
async def test_what_never_changes_is_sent_small(web: httpx2.AsyncClient, path: str, field: str, coding: str) -> None:
    text = (await web.get(path, headers={"accept-encoding": "identity"})).text
    named = re.findall(r'(?:href|src)="(/-/[^"]+\.(?:js|css))"', text)[0]

    plain = await web.get(named, headers={"accept-encoding": "identity"})
    asked = await web.get(named, headers={"accept-encoding": field})

    assert asked.headers.get("content-encoding", "") == coding
    assert asked.content == plain.content
    assert plain.headers["vary"] == asked.headers["vary"] == "accept-encoding"
    assert (int(asked.headers["content-length"]) < 0.8 * len(plain.content)) == bool(coding)


async def test_assets_of_another_release_are_gone_instead_of_mixed_with_ours(web: httpx2.AsyncClient) -> None:
    app_js = re.findall(r'src="([^"]+app\.js)"', (await web.get(EDITOR)).text)[0]

    other = re.sub(r"[0-9A-F]{20}", "0" * 20, app_js)

    assert (await web.get(app_js)).status_code == 200
    assert (await web.get(other)).status_code == 404
    assert (await web.get(app_js.replace("app.js", "app.py"))).status_code == 404
    assert (await web.get(app_js.replace("app.js", "%2e%2e/views.py"))).status_code == 404


@pytest.mark.parametrize("path", ["/-/", "/-/editor"])
async def test_the_way_to_the_app_is_short(web: httpx2.AsyncClient, path: str) -> None:
    answer = await web.get(path)

    assert (answer.status_code, answer.headers["location"]) == (302, EDITOR)


async def test_a_browser_that_was_signed_in_is_told_to_ask_who_it_is(web: httpx2.AsyncClient) -> None:
    visits = [
        ("other=1", "api.test"),
        ("platen=1", "localhost"),
        ("platen=1", "localhost:8000"),
        ("__Host-platen=1", "api.test"),
    ]
    shells = [await web.get(EDITOR, headers={"cookie": cookie, "host": host}) for cookie, host in visits]

    found = [re.findall(r'data-session="(\w+)"', shell.text)[0] for shell in shells]

    assert found == ["none", "maybe", "none", "maybe"]
    asked = [re.findall(r'<link rel="preload" as="fetch" crossorigin href="([^"]+)">', shell.text) for shell in shells]
    assert asked == [[], [f"{V1}/session"], [], [f"{V1}/session"]]


async def test_the_app_is_read_only(web: httpx2.AsyncClient) -> None:
    assert (await web.head(EDITOR)).status_code == 200
    assert (await web.post(EDITOR)).status_code == 405


async def test_the_app_keeps_to_the_consoles_host(opened: Opener, settings: Settings) -> None:
    async with opened(msgspec.structs.replace(settings, console_host="console.example.com")) as web:
        found = {
            (host, path): (await web.get(path, headers={"host": host})).status_code
            for host in ("console.example.com", "www.acme.example")
            for path in (EDITOR, "/-/", "/-/editor")
        }

    assert set(found.values()) == {200, 302, 404}
    assert all((status == 404) == (host == "www.acme.example") for (host, _), status in found.items())
