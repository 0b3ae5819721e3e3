"""What a request is refused for before anybody answers it: how it is said, and what is wrong with it.

The parser checks the grammar; here stands what it lets through although it means two things to two readers, or
nothing that this server does.
"""

import re

from shared.host import plain_host

MOST_HEAD_BYTES = 32 * 1024
MOST_HEADERS = 100

# A name or an address with a port, as a URL has it; the colons of an IPv6 address stand in brackets.
HOST = re.compile(rb"(?:[0-9A-Za-z._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
# Of a target that is a whole URL: what it names before its path.
_AUTHORITY = re.compile(rb"[^/?#]+://([^/?#]*)")

Headers = list[tuple[bytes, bytes]]

_TEXTS = {
    400: "This is not a request that can be understood: {}.\n",
    408: "The request did not come within {} seconds.\n",
    414: "The address is too long: at most {} bytes are read.\n",
    431: "The head of the request is too large: {}.\n",
    505: "Only HTTP/1.1 and HTTP/1.0 are spoken here, not HTTP/{}.\n",
}


class Refusal(Exception):
    """Ends the reading of a connection.

    Args:
        status: one of 400, 408, 414, 431, 505.
        about: what is put into the status's sentence.
    """

    def __init__(self, status: int, about: object) -> None:
        self.status, self.text = status, _TEXTS[status].format(about).encode()


def too_large() -> Refusal:
    """The head is longer, or has more headers, than is read."""
    return Refusal(431, f"at most {MOST_HEAD_BYTES} bytes and {MOST_HEADERS} headers are read")


def too_long() -> Refusal:
    """The target alone is longer than a head may be."""
    return Refusal(414, MOST_HEAD_BYTES)


def broken() -> Refusal:
    """The parser does not take it."""
    return Refusal(400, "it breaks the rules of HTTP")


def find_fault(method: bytes, target: bytes, version: str, headers: Headers) -> Refusal | None:
    """What is wrong with a head that the parser takes; None if nothing is.

    Args:
        method, target: as they came.
        version: of HTTP, such as "1.1".
        headers: names in lower case.
    """
    if version not in {"1.0", "1.1"}:
        return Refusal(505, version)
    reason = _why_no_address(method, target, version, headers) or _why_no_end(version, headers)
    return Refusal(400, reason) if reason else None


def _why_no_address(method: bytes, target: bytes, version: str, headers: Headers) -> str:
    """What is wrong with whom a request is meant for."""
    if method == b"CONNECT":
        return "it asks for a tunnel"
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1:
        return "it has more than one Host"
    if not hosts and version != "1.0":
        return "it has no Host"
    if hosts and HOST.fullmatch(hosts[0]) is None:
        return "its Host is none"
    named = _AUTHORITY.match(target)
    # Some go by the one, some by the other: a cache would keep a page for a site that it is not from.
    is_another = named is not None and plain_host(named[1]) != plain_host(hosts[0] if hosts else b"")
    return "its target names another host than its Host" if is_another else ""


def _why_no_end(version: str, headers: Headers) -> str:
    """Why it is not certain where a request's body ends.

    The parser refuses a length beside a coding, and two lengths. It would tell the app of a request with another
    coding before it finds that it cannot read it, and HTTP/1.0 knows none.
    """
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if not codings:
        return ""
    return "" if codings == [b"chunked"] and version == "1.1" else "its Transfer-Encoding is not understood"
