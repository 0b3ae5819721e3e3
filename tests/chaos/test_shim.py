"""The shim does what the tests that stand on it believe."""

import time
from pathlib import Path

import pytest
import redis

from services.valkey import Valkey, wait_for
from tests.chaos.shim import Shim

pytestmark = pytest.mark.redis7

HOUR_S = 3600


@pytest.fixture
def shim(own_server: Valkey, tmp_path: Path) -> Shim:
    """A shim of a server that runs."""
    shim = Shim(tmp_path)
    with shim.preloaded():
        own_server.start()
    return shim


@pytest.mark.parametrize("ahead_s", [HOUR_S, -2 * HOUR_S])
def test_a_servers_clock_jumps_while_it_runs(own_server: Valkey, shim: Shim, ahead_s: int) -> None:
    with redis.from_url(own_server.url) as client:
        client.set("key", 1, ex=HOUR_S // 2)

        shim.set_clock(ahead_s)

        assert wait_for(lambda: abs(client.time()[0] - time.time() - ahead_s) < 5, 5)
        assert client.exists("key") == (ahead_s < 0)


def test_the_clock_that_measures_spans_does_not_jump(own_server: Valkey, shim: Shim) -> None:
    with redis.from_url(own_server.url) as client:
        shim.set_clock(HOUR_S)

        # A blocking read ends by the monotonic clock: neither at once nor an hour later.
        assert client.xread({"nothing": "$"}, block=50) in ([], {})


def test_what_is_acknowledged_is_in_the_journal(own_server: Valkey, shim: Shim) -> None:
    [appended] = (own_server.data / "appendonlydir").glob("*.incr.aof")
    with redis.from_url(own_server.url) as client:
        for number in range(10):
            client.set("key", number)

            assert shim.synced()[appended.stat().st_ino] == appended.stat().st_size > 0


def test_a_write_that_meets_the_end_of_the_disk_is_cut_short(own_server: Valkey, shim: Shim) -> None:
    own_server.kill()
    own_server.appendfsync = "everysec"
    with shim.preloaded():
        own_server.start()
    with redis.from_url(own_server.url) as client:
        client.set("key", "before")
        shim.set_room(40)

        # Without `always` the answer does not wait for the disk; the next write is refused.
        client.set("key", "x" * 100)

        assert wait_for(lambda: is_refused(client), 5)
        assert "Short write" in own_server.log.read_text()
        shim.set_room(None)
        assert wait_for(lambda: not is_refused(client), 5)


def is_refused(client: redis.Redis) -> bool:
    try:
        client.set("key", 1)
    except redis.ResponseError as error:
        return "MISCONF" in str(error)
    return False
