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
        lines: header lines beside Host and Connection; the same name may stand in several.
    """
    origin = urlsplit(url)
    reader, writer = await asyncio.open_connection(origin.hostname, origin.port)
    head = [f"{method} {path} HTTP/1.1", f"Host: {origin.netloc}", "Connection: close"]
    head += [f"{name}: {value}" for name, value in lines or []]
    writer.write("\r\n".join([*head, "", ""]).encode("latin-1"))
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return _parse(answer)


def _parse(answer: bytes) -> Got:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in rest:
        name, _, value = line.partition(":")
        assert name.lower() not in headers, line
        headers[name.lower()] = value.strip()
    return Got(int(first.split()[1]), headers, body)
