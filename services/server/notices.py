"""The pages visitors get instead of a page: there is none, it was taken off, it cannot be had just now."""

import base64
from hashlib import sha256
from html import escape
from typing import NamedTuple

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:1.125rem/1.6 system-ui,sans-serif;
color:#1c1f26;background:#f7f7f5}
main{max-width:32rem;padding:2rem}
h1{font-size:clamp(1.75rem,6vw,2.75rem);line-height:1.15;margin:0 0 .5em;letter-spacing:-.02em}
p{margin:0;color:#4a4f5a}
@media (prefers-color-scheme:dark){body{color:#f2f2ef;background:#16181d}p{color:#b9bec8}}
"""
_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Notice(NamedTuple):
    """A page of our own.

    Attributes:
        status: HTTP status.
        body: HTML.
        retry_after_s: when to come back, 0 where that would not help.
    """

    status: int
    body: bytes
    retry_after_s: int = 0


def _html(title: str, text: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>' + escape(title) + "</title>"
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        '<link rel="icon" href="data:,"><style>' + _STYLE + "</style></head>"
        "<body><main><h1>" + escape(title) + "</h1><p>" + escape(text) + "</p></main></body></html>"
    ).encode()


MISSING = Notice(404, _html("There is no page here", "Check the address, or go back to where you came from."))
GONE = Notice(410, _html("This page was taken off", "It was published once and is no longer available."))
AWAY = Notice(503, _html("Back in a moment", "This page cannot be shown just now. Please try again shortly."), 2)
