"""Who is told what."""

import asyncio

import msgspec

from services.server.hub import (
    ALL_PAGES,
    AT_ONCE,
    EVERYTHING,
    Block,
    Hub,
    Piece,
    Told,
    encode_block,
    framed,
    several,
    tell,
)
from shared.events import decode_event
from shared.streams import Entry


class Listener:
    """A watcher that keeps what it is handed."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.pieces: list[Piece] = []
        self.resets = self.ends = 0

    def send(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.heard += [("{}-{}".format(*at) if at else "", text) for at, text in piece.blocks]

    def reset(self) -> None:
        self.resets += 1

    def end(self) -> None:
        self.ends += 1


def event(page: str, at: str = "1-0", kind: str = "build-started", site: str = "acme") -> Told:
    data = {"type": kind, "site": site, "page": page, "seq": 1, "version": 1, "state": "building", "at": 1}
    encoded = msgspec.json.encode(data)
    return tell(Entry("s", 0, at, {b"type": kind.encode(), b"data": encoded}), decode_event(encoded))


async def test_an_event_reaches_who_watches_its_page_or_its_site_and_nobody_else() -> None:
    hub, page, other, site = Hub(), Listener(), Listener(), Listener()
    hub.join(("acme", "spring"), page)
    hub.join(("acme", "autumn"), other)
    hub.join(("acme", ALL_PAGES), site)

    await hub.hand_on(hub.plan([event("spring", "1-0"), event("autumn", "2-0")]))

    assert [at for at, _ in page.heard] == ["1-0"]
    assert [at for at, _ in other.heard] == ["2-0"]
    assert [at for at, _ in site.heard] == ["1-0", "2-0"]


async def test_all_who_watch_are_handed_the_same_bytes() -> None:
    hub, one, two = Hub(), Listener(), Listener()
    hub.join(("acme", "spring"), one)
    hub.join(("acme", ALL_PAGES), two)

    await hub.hand_on(hub.plan([event("spring")]))

    assert one.heard[0][1] is two.heard[0][1]
    assert one.heard == two.heard


async def test_a_batch_is_one_piece_for_all_who_watch_the_same() -> None:
    hub, listeners = Hub(), [Listener() for _ in range(3)]
    for listener in listeners:
        hub.join(("acme", "spring"), listener)

    await hub.hand_on(hub.plan([event("spring", "1-0"), event("autumn", "2-0"), event("spring", "3-0")]))

    [piece] = listeners[0].pieces
    assert all(listener.pieces == [piece] for listener in listeners)
    assert [block.at for block in piece.blocks] == [(1, 0), (3, 0)]
    assert piece.chunk == b"%x\r\n%b\r\n" % (len(piece.text), piece.text)


async def test_who_watches_everything_hears_of_every_site() -> None:
    hub, listener = Hub(), Listener()
    hub.join(EVERYTHING, listener)

    await hub.hand_on(hub.plan([event("spring", "1-0"), event("autumn", "2-0")]))

    assert [at for at, _ in listener.heard] == ["1-0", "2-0"]


async def test_who_watches_several_sites_hears_of_those_in_one_order() -> None:
    hub, listener, other = Hub(), Listener(), Listener()
    hub.join(several(["acme", "globex"]), listener)
    hub.join(several(["initech"]), other)

    sites = ["globex", "initech", "acme", "globex"]
    await hub.hand_on(hub.plan([event("spring", f"{at}-0", site=site) for at, site in enumerate(sites, 1)]))

    assert [at for at, _ in listener.heard] == ["1-0", "3-0", "4-0"]
    assert len(listener.pieces) == 1
    assert [at for at, _ in other.heard] == ["2-0"]


async def test_who_left_several_sites_hears_nothing_and_leaves_nothing_behind() -> None:
    hub, listener, stays = Hub(), Listener(), Listener()
    hub.join(several(["acme", "globex"]), listener)
    hub.join(several(["acme"]), stays)

    hub.leave(several(["globex", "acme"]), listener)
    await hub.hand_on(hub.plan([event("spring"), event("spring", "2-0", site="globex")]))

    assert listener.heard == []
    assert [at for at, _ in stays.heard] == ["1-0"]
    assert dict(hub._several) == {"acme": {several(["acme"])}}


async def test_who_joins_while_events_are_handed_on_is_not_told_of_them() -> None:
    """What is applied has moved past them before, so that watcher finds them in the history."""
    hub, late = Hub(), Listener()
    for _ in range(AT_ONCE):
        hub.join(("acme", "spring"), Listener())
    plans = hub.plan([event("spring", "1-0"), event("autumn", "2-0")])
    handing_on = asyncio.create_task(hub.hand_on(plans))
    await asyncio.sleep(0)

    hub.join(("acme", "autumn"), late)
    await handing_on

    assert late.heard == []


def test_a_piece_leaves_out_what_was_sent_before_and_keeps_what_is_no_event() -> None:
    piece = Piece([Block((5, 1), b"<5-1>"), Block(None, b"<word>"), Block((10, 0), b"<10-0>")])

    assert piece.since((5, 1)).text == b"<word><10-0>"
    assert piece.since((10, 0)).chunk == framed(b"<word>")
    assert Piece([]).chunk == b""


async def test_who_has_left_hears_nothing_and_is_not_counted() -> None:
    hub, listener = Hub(), Listener()
    hub.join(("acme", "spring"), listener)

    hub.leave(("acme", "spring"), listener)
    await hub.hand_on(hub.plan([event("spring")]))
    hub.say("paused")

    assert listener.heard == []
    assert hub.count == 0
    assert not hub._watchers


async def test_an_event_of_a_type_from_the_future_is_handed_on() -> None:
    hub, listener = Hub(), Listener()
    hub.join(("acme", "spring"), listener)

    await hub.hand_on(hub.plan([event("spring", kind="page-recoloured")]))

    assert b"event: page-recoloured\n" in listener.heard[0][1]


async def test_what_is_no_event_at_all_is_left_out() -> None:
    hub, listener = Hub(), Listener()
    hub.join(("acme", "spring"), listener)

    odd = [tell(Entry("s", 0, "1-0", {}), None), tell(Entry("s", 0, "2-0", {b"data": b"\xff"}), None)]
    await hub.hand_on(hub.plan([*odd, event("spring", "3-0")]))

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
