"""Opening Redis, and telling its errors apart: definitely not done, or unknown.

redis-py's own defaults retry ten times, on timeouts too, and then one append can be written twice. Here a broken
connection is replaced and the call made once more, which is safe because what we send is safe to run twice
(publishing carries its idempotency key into the script); the exception is taking entries from a group, which goes over
a client that does not repeat. A timeout is never retried here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from redis import exceptions as refusals
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from shared import keys
from shared.errors import Misconfigured, StoreUnavailable, StoreUncertain

# A redis.asyncio.Redis. Its own types describe every response mode and protocol at once (bytes or str, list or dict);
# ours is fixed by `connect`, so each adapter states the type of what it reads instead.
Client: TypeAlias = Any

Answer = TypeVar("Answer")

CALL_TIMEOUT_S = 1.5
_NOT_DONE = (
    "connecting to",
    "No connection available",
    "MISCONF",
    "is loading the dataset",
    "BUSY",
    "CLUSTERDOWN",
    "MASTERDOWN",
    "NOREPLICAS",
    "TRYAGAIN",
    # What a read waited for is gone: Redis was emptied, or became a replica.
    "UNBLOCKED",
)


class _Retry(Retry):
    """Fails by the lost answer of the first try, where the second one was refused: the first may have been done."""

    async def call_with_retry(
        self, do: Callable[[], Awaitable[Answer]], fail: Callable[..., Any], *more: Any, **options: Any
    ) -> Answer:
        lost: list[Exception] = []

        async def watched() -> Answer:
            try:
                return await do()
            except refusals.RedisError as error:
                if isinstance(translate(error), StoreUncertain):
                    lost.append(error)
                raise

        try:
            return await super().call_with_retry(watched, fail, *more, **options)
        except refusals.RedisError as error:
            if lost and isinstance(translate(error), StoreUnavailable):
                raise lost[0] from error
            raise


class _Pool(BlockingConnectionPool):
    """A pool that loses no connection when whoever gives one back is cancelled while waiting for the pool's lock."""

    async def release(self, connection: Any) -> None:
        """Take a connection back; redis-py alone would count it as in use for ever."""
        try:
            await super().release(connection)
        except asyncio.CancelledError:
            if connection in self._in_use_connections:
                await super().release(connection)
            raise


def connect(url: str, *, block_s: float = 0, connections: int = 64, repeats: bool = True) -> Client:
    """Open a client; nothing is sent until its first call.

    Args:
        url: redis://, rediss:// or unix://.
        block_s: longest blocking read that goes over this client, in seconds; its socket timeout lies above it.
        connections: bound of its pool; a caller waits up to the call timeout for a free one.
        repeats: whether a call whose connection broke is made once more. Not for taking entries from a group: the
            first call may have delivered some, and the second would not see them.

    Raises:
        Misconfigured: the url is not one.
    """
    try:
        pool = _Pool.from_url(
            url,
            max_connections=connections,
            timeout=CALL_TIMEOUT_S,
            socket_timeout=CALL_TIMEOUT_S + block_s,
            socket_connect_timeout=CALL_TIMEOUT_S,
            retry=_Retry(NoBackoff(), int(repeats), (refusals.ConnectionError,)),
            protocol=2,
        )
    except (ValueError, TypeError) as error:
        raise Misconfigured(f"PLATEN_REDIS_URL is not an address of a Redis: {error}.") from error
    return Redis.from_pool(pool)


@contextmanager
def translated() -> Iterator[None]:
    """Turn redis-py's errors into ours.

    Raises:
        StoreUnavailable: Redis did not do it: it was not reached, is loading, read-only, out of memory or out of disk.
        StoreUncertain: the answer was lost; whether it was done is unknown.
    """
    try:
        yield
    except refusals.RedisError as error:
        raise translate(error) from error
    except OSError as error:
        raise StoreUncertain(f"lost the connection to Redis: {error}") from error
    except RuntimeError as error:
        # What uvloop raises for a write to a connection that the other side has just closed.
        if "handler is closed" not in str(error):
            raise
        raise StoreUncertain(f"lost the connection to Redis: {error}") from error


def translate(error: Exception) -> Exception:
    """The error of ours that an error of redis-py stands for; a bug in what we sent stays as it is."""
    text = str(error)
    if isinstance(error, refusals.AuthenticationError | refusals.AuthorizationError | refusals.NoPermissionError):
        return Misconfigured(f"Redis refuses these credentials: {text}.")
    if isinstance(error, refusals.OutOfMemoryError | refusals.ReadOnlyError | refusals.BusyLoadingError):
        return StoreUnavailable(text)
    if any(sign in text for sign in _NOT_DONE) or "OOM command not allowed" in text:
        return StoreUnavailable(text)
    if isinstance(error, refusals.ConnectionError | refusals.TimeoutError):
        return StoreUncertain(text or type(error).__name__)
    return error


async def check_partitions(client: Client, partitions: int) -> None:
    """Write the number of partitions at the first boot, and hold every later one to it.

    Raises:
        Misconfigured: the data was written with another number.
        StoreUnavailable, StoreUncertain: Redis is away.
    """
    with translated():
        pipeline: Any = client.pipeline(transaction=False)
        pipeline.hsetnx(keys.META, "partitions", partitions)
        pipeline.hget(keys.META, "partitions")
        _, written = await pipeline.execute()
    if int(written) != partitions:
        raise Misconfigured(
            f"PLATEN_PARTITIONS is {partitions}, but this Redis was set up with {int(written)}: "
            f"set PLATEN_PARTITIONS={int(written)}, or use another Redis."
        )
