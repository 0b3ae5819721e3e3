"""HTTP as it is on the wire: header lines are sent as they are given, none is added, nothing is decoded."""

import asyncio
from typing import NamedTuple
from urllib.parse import urlsplit

Lines = list[tuple[str, str]]


class Got(NamedTuple):
    """An answer.

    Attributes:
        status: HTTP status.
        headers: by name in lower case.
        body: as it was sent.
    """

    status: int
    headers: dict[str, str]
    body: bytes


async def ask(url: str, path: str, lines: Lines | None = None, method: str = "GET") -> Got:
    """Send one request over a connection of its own.

    Args:
        url: origin.
        path: with its query.
        lines: header lines beside Host; the same name may stand in several.
    """
    origin = urlsplit(url)
    reader, writer = await asyncio.open_connection(origin.hostname, origin.port)
    head = [f"{method} {path} HTTP/1.1", f"Host: {origin.netloc}"]
    head += [f"{name}: {value}" for name, value in lines or []]
    writer.write("\r\n".join([*head, "", ""]).encode("latin-1"))
    status, headers = _parse((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
    has_body = method != "HEAD" and status != 304
    body = await reader.readexactly(int(headers["content-length"])) if has_body else b""
    writer.write_eof()
    # Nothing follows the answer.
    body += await reader.read()
    writer.close()
    await writer.wait_closed()
    return Got(status, headers, body)


def _parse(head: str) -> tuple[int, dict[str, str]]:
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        assert name.lower() not in headers, line
        headers[name.lower()] = value.strip()
    return int(first.split()[1]), headers
