"""The pages visitors get instead of a page: there is none, it was taken off, it cannot be had just now.

Nobody keeps them, for what they say may change with the next publish. They have no script and are not indexed.
"""

import base64
from hashlib import sha256
from html import escape

from services.server.answers import Answer, encode_headers

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
# The icon is an empty data: address, so that browsers do not ask for one.
_CSP = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
RETRY_AFTER_S = 2


def _notice(status: int, title: str, text: str, more: dict[str, str] | None = None) -> Answer:
    body = _html(title, text)
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "content-security-policy": _CSP,
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "x-robots-tag": "noindex",
        **(more or {}),
    }
    return Answer(status, encode_headers(headers), body)


def _html(title: str, text: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>' + escape(title) + "</title>"
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        '<link rel="icon" href="data:,"><style>' + _STYLE + "</style></head>"
        "<body><main><h1>" + escape(title) + "</h1><p>" + escape(text) + "</p></main></body></html>"
    ).encode()


MISSING = _notice(404, "There is no page here", "Check the address, or go back to where you came from.")
GONE = _notice(410, "This page was taken off", "It was published once and is no longer available.")
AWAY = _notice(
    503,
    "Back in a moment",
    "This page cannot be shown just now. Please try again shortly.",
    {"retry-after": str(RETRY_AFTER_S)},
)
