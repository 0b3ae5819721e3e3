"""What people look at instead of programs: a page, and where there is none a notice in HTML, no problem document."""

import base64
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from services.api.api import Api
from services.api.endpoint import Answer, Endpoint, Handler, Resource
from shared.codec import decompress
from shared.http import PROBLEM
from shared.previews import Page
from shared.roles import Permission

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:1.125rem/1.6 system-ui,sans-serif;
color:#1c1f26;background:#f7f7f5}
main{max-width:32rem;padding:2rem}
h1{font-size:clamp(1.5rem,6vw,2.25rem);line-height:1.15;margin:0 0 .5em;letter-spacing:-.02em}
p{margin:0;color:#4a4f5a}
@media (prefers-color-scheme:dark){body{color:#f2f2ef;background:#16181d}p{color:#b9bec8}}
"""
_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
# The icon is an empty data: address, so that browsers do not ask for one.
_CSP = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_HEADERS = {
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_AWAY = ("Back in a moment", "This page cannot be shown just now. Please try again shortly.")
_MISSING = ("There is no page here", "Check the address, or ask whoever gave it to you.")


class View(NamedTuple):
    """An address that answers HTML.

    Attributes:
        path: where it is; `{names}` are parameters.
        handler: what answers.
        needs: what whoever asks must be allowed to; None where nobody is asked who they are.
        notices: status -> title and sentence of what is shown instead.
    """

    path: str
    handler: Handler
    needs: Permission | None
    notices: Mapping[int, tuple[str, str]]


class Seen(Resource):
    """A view, as an ASGI app.

    Args:
        api: what handlers need.
        view: what to answer.
    """

    def __init__(self, api: Api, view: View) -> None:
        answer = Answer(200, object, "The page.", None)
        super().__init__(
            api, view.path, [Endpoint("GET", view.path, view.path, "", view.handler, answer, needs=view.needs)]
        )
        self._notices = {404: _MISSING, **view.notices}

    async def _answer(self, request: Request) -> Response:
        answer = await super()._answer(request)
        if answer.media_type != PROBLEM:
            return answer
        # The problem names the address, which may be what opens a page to anybody.
        kept = {name: value for name, value in answer.headers.items() if name in {"retry-after", "allow"}}
        return notice(answer.status_code, *self._notices.get(answer.status_code, _AWAY), kept)


def page_response(page: Page) -> Response:
    """A page just as it is published, but for nobody to keep or to list.

    Args:
        page: what was made.
    """
    headers = {**_HEADERS, "content-security-policy": page.csp}
    return Response(decompress(page.body), 200, headers, media_type="text/html")


def notice(status: int, title: str, text: str, more: Mapping[str, str] | None = None) -> Response:
    """What is shown where there is no page.

    Args:
        title, text: for people.
        more: headers beside those that all notices have.
    """
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>' + escape(title) + "</title>"
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        '<link rel="icon" href="data:,"><style>' + _STYLE + "</style></head>"
        "<body><main><h1>" + escape(title) + "</h1><p>" + escape(text) + "</p></main></body></html>"
    )
    return Response(body, status, {**_HEADERS, "content-security-policy": _CSP, **(more or {})}, media_type="text/html")
