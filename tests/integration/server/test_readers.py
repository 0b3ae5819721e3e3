"""Many clients at a time, each asking, reading and hanging up at its own pace: what they get depends on none of it."""

import asyncio
import itertools
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import pytest

from tests.integration.server.conftest import Publisher, Site, StartServer
from tests.integration.server.raw import PROBE, PROBED, Answer, Raw, connected, narrow, request, without_dates
from tests.integration.server.ways import LARGE, PIECES, SPRING, Both, start_both

CLIENTS = 40
# What is sent from a file, in pieces or as a whole, what is too short for that, and what goes by the routes.
ASKED = [
    *PIECES.values(),
    *[PIECES["held"]] * 8,
    *[PIECES["large"]] * 2,
    request(LARGE, b"Accept-Encoding: gzip"),
    request(SPRING, b"Accept-Encoding: gzip"),
    request(SPRING, b"Accept-Encoding: br"),
    request(SPRING, b"Cookie: a=b"),
]


class Manner(NamedTuple):
    """How a client behaves.

    Attributes:
        sends: segments, each with the turns of the loop that it is held back for, in which something may be read.
        reads: at most so many bytes at a time, over and over.
        is_narrow: whether little is under way at a time.
        hangs_up: whether it says so once it has asked for everything.
    """

    sends: list[tuple[bytes, int]]
    reads: list[int]
    is_narrow: bool
    hangs_up: bool


def make_manner(rng: random.Random) -> Manner:
    # Several of a kind, as a page that comes again within its second is what goes another way.
    row = [kind for _ in range(rng.randint(1, 12)) for kind in [rng.choice(ASKED)] * rng.choice([1, 1, 2, 4])]
    pauses = rng.choice([[1], [1, 1, 30], [5, 10, 20]])
    segments = rng.choice([_one_by_one, _one_by_one, _in_one, _cut_anywhere])(row, rng)
    sends = [(segment, rng.choice(pauses)) for segment in segments]
    reads = [rng.choice([100, 3_000, 20_000, 200_000]) for _ in range(rng.randint(1, 3))]
    return Manner(sends, reads, rng.random() < 0.5, rng.random() < 0.3)


def _one_by_one(row: list[bytes], _rng: random.Random) -> list[bytes]:
    return row


def _in_one(row: list[bytes], _rng: random.Random) -> list[bytes]:
    return [b"".join(row)]


def _cut_anywhere(row: list[bytes], rng: random.Random) -> list[bytes]:
    whole = b"".join(row)
    cuts = sorted(rng.randrange(len(whole)) for _ in range(30))
    return [whole[start:end] for start, end in itertools.pairwise([0, *cuts, len(whole)])]


@pytest.fixture(params=["on", "off"], ids=["from a file", "written"])
async def both(start_server: StartServer, publisher: Publisher, request: pytest.FixtureRequest) -> Both:
    return await start_both(start_server, publisher, request.param)


@asynccontextmanager
async def open_connection(site: Site, is_narrow: bool) -> AsyncIterator[Raw]:
    if is_narrow:
        async with narrow(site) as (raw, _):
            yield raw
    else:
        async with connected(site.port) as raw:
            yield raw


async def behave(site: Site, manner: Manner) -> bytes:
    """All that a client gets, without dates."""

    async def ask(raw: Raw) -> None:
        for piece, turns in manner.sends:
            # What is written in one turn of the loop would leave as one.
            for _ in range(turns):
                await asyncio.sleep(0)
            raw.send(piece)
        raw.hang_up() if manner.hangs_up else raw.send(PROBE)

    got = bytearray()
    async with open_connection(site, manner.is_narrow) as raw, asyncio.TaskGroup() as group:
        group.create_task(ask(raw))
        for most in itertools.cycle(manner.reads):
            piece = await raw.reader.read(most)
            got += piece
            if not piece or got.endswith(PROBED):
                break
    assert manner.hangs_up or got.endswith(PROBED)
    return without_dates(bytes(got))


@pytest.mark.parametrize("seed", range(4))
async def test_what_a_client_gets_is_alike_on_both_ways_however_it_asks_and_reads(both: Both, seed: int) -> None:
    rng = random.Random(seed)
    manners = [make_manner(rng) for _ in range(CLIENTS)]

    got = await asyncio.gather(*[behave(site, manner) for site in both for manner in manners])

    for manner, wire, asgi in zip(manners, got[:CLIENTS], got[CLIENTS:], strict=True):
        assert wire == asgi, manner


async def test_what_changes_meanwhile_arrives_whole_and_never_goes_back(
    start_server: StartServer, publisher: Publisher
) -> None:
    site, dates = await start_server(fast_path=True), set[bytes]()

    async def read_on(seed: int) -> int:
        """Returns: how many different pages were got."""
        rng, seen = random.Random(seed), [0]
        async with open_connection(site, is_narrow=seed % 2 == 0) as raw:
            while len(dates) < 3:
                count = rng.randint(1, 5)
                raw.send(*[request(SPRING)] * count)
                for answer in [await raw.answer() for _ in range(count)]:
                    seen.append(_number_of(answer))
        assert seen == sorted(seen)
        return len(set(seen))

    rng = random.Random(1)
    await publisher.publish(_numbered(1, rng))
    readers = [asyncio.create_task(read_on(seed)) for seed in range(8)]
    for number in itertools.count(2):
        await publisher.publish(_numbered(number, rng))
        dates.add(site.server.clock.date)
        if len(dates) == 3:
            break
    assert min(await asyncio.gather(*readers)) > 1


def _numbered(number: int, rng: random.Random) -> bytes:
    """A page that says the same from its beginning to its end."""
    return b"<p>%06d</p>" % number * rng.choice([10, 1_000, 8_000])


def _number_of(answer: Answer) -> int:
    [number] = set(re.findall(rb"\d+", answer.body))
    date, modified = (parsedate_to_datetime(answer.headers[name].decode()) for name in (b"date", b"last-modified"))
    assert (answer.status, modified <= date) == (200, True)
    return int(number)
