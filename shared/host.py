"""The host that a request asks for."""

from collections.abc import Iterable

# Longer than any name with its port; what is longer is nobody's.
_LONGEST = 300


def host_in(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The Host header; b"" where there is none, or two that somebody in between may take differently.

    Args:
        headers: of the request, names in lower case.
    """
    hosts = [value for name, value in headers if name == b"host"]
    return hosts[0] if len(hosts) == 1 else b""


def plain_host(host: bytes) -> bytes:
    """A Host header without what does not matter: case, a port, a dot at the end."""
    if len(host) > _LONGEST:
        return b""
    name, _, port = host.rpartition(b":")
    return (name if name and not port.strip(b"0123456789") else host).lower().removesuffix(b".")


def port_in(host: str) -> str:
    """The port in a Host header, as it is written; "" where there is none."""
    name, _, port = host.rpartition(":")
    return port if name and port.isascii() and port.isdigit() else ""
