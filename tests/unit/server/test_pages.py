"""What is sent for an address, below any web server."""

from collections.abc import MutableMapping, Sequence
from typing import Any

from services.server.addresses import read_address
from services.server.asked import Asked
from services.server.hosts import Hosts
from services.server.memory import PageMemory, PageName
from services.server.pages import Visitors
from services.server.wellknown import WellKnown
from shared.codec import compress
from shared.connection import connect
from shared.hostnames import HostnameStore
from shared.keys import Keys
from shared.published import PublishedStore
from shared.records import PublishedPage
from shared.settings import Settings
from shared.versions import VersionStore


def visitors_of(memory: PageMemory) -> Visitors:
    """Visitors of some pages, on a machine without hostnames; nothing here asks Redis."""
    client, keys, settings = connect("redis://127.0.0.1:1"), Keys(), Settings()
    hosts = Hosts(HostnameStore(client, keys, settings))
    hosts.is_loaded = True
    return Visitors(memory, hosts, WellKnown(PublishedStore(client, keys), VersionStore(client, keys), hosts, ""))


async def ask(visitors: Visitors, method: str, *headers: tuple[bytes, bytes]) -> tuple[int, dict[bytes, bytes], bytes]:
    """Ask below any web server: those leave bodies out themselves, and would hide one that should not be there."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/acme", "query_string": b"", "headers": list(headers)}
    await visitors(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(message["body"] for message in sent[1:])


async def load(names: Sequence[PageName]) -> list[PublishedPage | None]:
    return [PublishedPage(seq=1, version=1, etag="abc", body=compress(b"hello")) for _ in names]


async def test_head_and_304_have_no_body_and_get_has() -> None:
    visitors = visitors_of(PageMemory(load, 1_000_000))

    get, head = await ask(visitors, "GET"), await ask(visitors, "HEAD")
    known = await ask(visitors, "HEAD", (b"if-none-match", b'"abc"'))

    assert (get[0], get[2]) == (200, b"hello")
    assert head == (200, get[1], b"")
    assert (known[0], known[2]) == (304, b"")
    assert known[1] == {
        name: value for name, value in get[1].items() if name not in {b"content-type", b"content-length"}
    }


async def test_a_page_that_is_held_is_answered_without_waiting() -> None:
    memory = PageMemory(load, 1_000_000)
    visitors = visitors_of(memory)
    assert visitors.answer_at_once(b"localhost", read_address("/acme"), Asked()) is None

    await memory.get(PageName("acme", "index"))

    answer = visitors.answer_at_once(b"localhost", read_address("/acme"), Asked())
    assert answer is not None
    assert answer.body == b"hello"
    for other_spelling in ("/acme/", "/acme/index", "/acme/index/", "/%61cme", "/Acme"):
        assert visitors.answer_at_once(b"localhost", read_address(other_spelling), Asked()) is None
