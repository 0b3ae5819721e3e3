"""Who is told what."""

import msgspec

from services.server.hub import ALL_PAGES, Hub, encode_block
from shared.streams import Entry


class Listener:
    """A watcher that keeps what it is handed."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.resets = self.ends = 0

    def send(self, position: str, block: bytes) -> None:
        self.heard.append((position, block))

    def reset(self) -> None:
        self.resets += 1

    def end(self) -> None:
        self.ends += 1


def event(page: str, at: str = "1-0", kind: str = "build-started") -> Entry:
    data = {"type": kind, "site": "acme", "page": page, "seq": 1, "version": 1, "state": "building", "at": 1}
    return Entry("s", 0, at, {b"type": kind.encode(), b"data": msgspec.json.encode(data)})


def test_an_event_reaches_who_watches_its_page_or_its_site_and_nobody_else() -> None:
    hub, page, other, site = Hub(), Listener(), Listener(), Listener()
    hub.join(("acme", "spring"), page)
    hub.join(("acme", "autumn"), other)
    hub.join(("acme", ALL_PAGES), site)

    hub.publish([event("spring", "1-0"), event("autumn", "2-0")])

    assert [at for at, _ in page.heard] == ["1-0"]
    assert [at for at, _ in other.heard] == ["2-0"]
    assert [at for at, _ in site.heard] == ["1-0", "2-0"]


def test_all_who_watch_are_handed_the_same_bytes() -> None:
    hub, one, two = Hub(), Listener(), Listener()
    hub.join(("acme", "spring"), one)
    hub.join(("acme", ALL_PAGES), two)

    hub.publish([event("spring")])

    assert one.heard[0][1] is two.heard[0][1]


def test_who_has_left_hears_nothing_and_is_not_counted() -> None:
    hub, listener = Hub(), Listener()
    hub.join(("acme", "spring"), listener)

    hub.leave(("acme", "spring"), listener)
    hub.publish([event("spring")])
    hub.say("paused")

    assert listener.heard == []
    assert hub.count == 0
    assert not hub._watchers


def test_an_event_of_a_type_from_the_future_is_handed_on() -> None:
    hub, listener = Hub(), Listener()
    hub.join(("acme", "spring"), listener)

    hub.publish([event("spring", kind="page-recoloured")])

    assert b"event: page-recoloured\n" in listener.heard[0][1]


def test_what_is_no_event_at_all_is_left_out() -> None:
    hub, listener = Hub(), Listener()
    hub.join(("acme", "spring"), listener)

    hub.publish([Entry("s", 0, "1-0", {}), Entry("s", 0, "2-0", {b"data": b"\xff"}), event("spring", "3-0")])

    assert [at for at, _ in listener.heard] == ["3-0"]


def test_a_quiet_hub_ends_everybody() -> None:
    hub, listeners = Hub(), [Listener() for _ in range(3)]
    for listener in listeners:
        hub.join(("acme", "spring"), listener)

    hub.quiet()

    assert [listener.ends for listener in listeners] == [1, 1, 1]
    assert hub.is_quiet


def test_line_ends_of_a_foreign_writer_cannot_forge_a_block() -> None:
    forged = Entry("s", 0, "1-0", {b"type": b"a\n\nevent: b", b"data": b'{"x":\r\n\r\n1}\n\nid: 9-9'})

    lines = encode_block(forged).split(b"\n")

    assert lines[:2] == [b"id: 1-0", b"event: a  event: b"]
    assert all(line.startswith(b"data: ") for line in lines[2:-2])
    assert lines[-2:] == [b"", b""]
