"""Addresses of the editors' app: the shell, and the assets below a hash of all of them.

The shell knows nothing of who asks: everything it shows comes from the API, as any script's would. It is the same for
every address below `/-/editor/` but for the modules it names, which are those of the screen that the address shows.
"""

import re
from functools import cache
from pathlib import Path

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from services.api.editor.assets import HASH_PATTERN, SHEET, Assets
from services.api.editor.modules import FIRST, NOWHERE, SIGN_IN, needed, screens, shown_at
from services.api.endpoint import V1
from services.api.fixed import Fixed
from shared.credentials import cookie_name
from shared.route import ReadRoute

EDITOR = "/-/editor/"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_ASSET = re.compile(rf"static/{HASH_PATTERN}/")
_TEMPLATES = Path(__file__).parent / "templates"
_NEVER_SNIFFED = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}
_SHELL_HEADERS = {
    **_NEVER_SNIFFED,
    "cache-control": "no-store",
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
}
_ASSET_HEADERS = {**_NEVER_SNIFFED, "cache-control": "public, max-age=31536000, immutable"}


class Shell:
    """The app's one document.

    Args:
        assets: what it loads.
    """

    def __init__(self, assets: Assets) -> None:
        self._screens = screens(assets.modules)
        first = {NOWHERE, SIGN_IN, *(screen.module for screen in self._screens)}
        self._answers = {
            (module, has_session): Fixed(
                _render(assets, module, has_session), "text/html; charset=utf-8", _SHELL_HEADERS
            )
            for module in first
            for has_session in (True, False)
        }

    async def show(self, request: Request) -> Response:
        rest = request.path_params["rest"]
        # A tab of another release would take the shell for a module; told that it is gone, it loads the shell anew.
        if _ASSET.match(rest):
            raise HTTPException(404)
        # It is there once somebody has signed in; a first visit need not ask the API who it is.
        has_session = cookie_name(request.headers.get("host", ""), request.scope["scheme"]) in request.cookies
        module = shown_at(self._screens, f"/{rest}", has_session)
        return self._answers[module, has_session].answer(request)


class Static:
    """The assets.

    Args:
        assets: all of them.
    """

    def __init__(self, assets: Assets) -> None:
        self._answers = {
            path: Fixed(asset.body, asset.media_type, _ASSET_HEADERS) for path, asset in assets.served.items()
        }

    async def show(self, request: Request) -> Response:
        answer = self._answers.get(request.path_params["path"])
        if answer is None:
            raise HTTPException(404)
        return answer.answer(request)


async def go_to_editor(_request: Request) -> Response:
    return RedirectResponse(EDITOR, 302, {"cache-control": "no-store"})


def routes() -> list[BaseRoute]:
    """Everything below `/-/editor/`, and what leads there."""
    assets = Assets.read()
    shell, static = Shell(assets), Static(assets)
    return [
        ReadRoute("/-/", go_to_editor),
        ReadRoute("/-/editor", go_to_editor),
        ReadRoute(f"{EDITOR}static/{assets.hash}/{{path:path}}", static.show),
        ReadRoute(f"{EDITOR}{{rest:path}}", shell.show),
    ]


def _render(assets: Assets, module: str, has_session: bool) -> bytes:
    """The shell of a screen: it names all that is needed before the screen can ask the API for anything, and the one
    question that comes before every screen, who is signed in."""
    modules = [path for path in needed(assets.modules, FIRST, module) if path != FIRST]
    shown = {"base": f"{EDITOR}static/{assets.hash}/", "sheet": SHEET, "first": FIRST, "modules": modules}
    template = _environment().get_template("app.html")
    return template.render(shown, session=f"{V1}/session", has_session=has_session).encode()


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
