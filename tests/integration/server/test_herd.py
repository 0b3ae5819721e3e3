"""When many watchers come together, or have to start again together: others do not pay for it."""

import asyncio

import msgspec

from services.server.held import HeldStream, Taken
from services.server.keeper import Keeper
from services.server.status import Status
from services.server.stream import MOST_WAITING_BYTES
from shared import keys as keys_of
from shared.auth import Token, Tokens, digest
from shared.connection import Client
from shared.credentials import Credential
from shared.settings import Settings
from tests.conftest import wait_until
from tests.integration.server.conftest import Publisher, Site
from tests.integration.server.test_follower import TOPIC, Parts, parts, step_s
from tests.unit.server.test_held import Transport

__all__ = ["parts", "step_s"]

MANY = 200


async def read_snapshot(port: int, page: str, token: str) -> None:
    """Watch a page until its snapshot is there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    query = f"/-/events?site=acme&page={page}"
    writer.write(f"GET {query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n".encode())
    await reader.readuntil(b"event: snapshot")
    writer.transport.abort()


async def test_watchers_who_come_together_leave_connections_to_redis_for_others(
    site: Site, publisher: Publisher, client: Client
) -> None:
    tokens = [f"token-of-watcher-{number}" for number in range(MANY)]
    record = msgspec.json.encode(Token("ada", 0, {"*": "viewer"}))
    await client.hset(keys_of.TOKENS, mapping={digest(token): record for token in tokens})
    pool = site.server.follower._events._client.connection_pool

    # Until all of them are there nobody is answered.
    await client.client_pause(500)
    await asyncio.gather(*(read_snapshot(site.port, f"p{number}", token) for number, token in enumerate(tokens)))

    assert len(pool._available_connections) + len(pool._in_use_connections) < pool.max_connections


async def test_whoever_starts_again_does_not_wait_for_those_who_read_slowly(
    parts: Parts, publisher: Publisher, client: Client, settings: Settings
) -> None:
    tokens = Tokens(client)
    keeper = Keeper(parts.catch_up.beat, tokens, 15)
    status = Status(parts.catch_up, parts.hub, keeper, tokens, settings)
    await publisher.publish(b"one")
    parts.follower.start()
    await wait_until(lambda: parts.follower.is_following)

    def watch(unread_bytes: int) -> Transport:
        transport = Transport()
        transport.waiting = unread_bytes
        held = HeldStream(TOPIC, Credential("token", "digest"), 1e9, status._forget, status._start_again)
        parts.hub.join(TOPIC, held)
        keeper.add(held)
        held.greet(Taken(transport, set(), b""), "")
        held.reset()
        return transport

    slow = [watch(MOST_WAITING_BYTES // 2 + 1) for _ in range(MANY)]
    await wait_until(lambda: any(b"event: reset" in transport.sent for transport in slow))
    quick = watch(0)

    await wait_until(lambda: b"event: snapshot" in quick.sent)
    assert not any(transport.is_aborted for transport in slow)
    await status.stop()
