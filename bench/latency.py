"""Accepted -> served: from sending the POST to the first GET that shows the page.

Open loop: publishes are sent on a fixed schedule whether or not the ones before have been served, and the time counts
from the scheduled instant, so waiting is not left out. After each POST the page is asked for again and again until
its text is the new one. The client runs on the same cores as everything it measures.
"""

import asyncio
import json
import time
from typing import NamedTuple

from bench.machine import percentile
from bench.pages import config
from bench.running import TOKEN, Running, platen_up

RATES = ((1, 100), (100, 1500))
PAGES = 200
POLL_S = 0.000_5


class Sample(NamedTuple):
    """One publish, in milliseconds from its scheduled instant.

    Attributes:
        accepted: until the answer to the POST.
        served: until the first GET that shows it.
    """

    accepted: float
    served: float


class Connection:
    """One keep-alive HTTP/1.1 connection; as little as will do, since it shares the cores with what it measures."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, method: str, path: str, body: bytes = b"", key: str = "") -> tuple[int, bytes]:
        """Send a request, perhaps with an Idempotency-Key, and read its answer: (status, body)."""
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {TOKEN}\r\n"
        if key:
            head += f"idempotency-key: {key}\r\n"
        if body:
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self._writer.write(head.encode() + b"\r\n" + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return int(answer[9:12]), await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


class Pool:
    """Connections to one server, opened as needed and used again.

    Args:
        port: of the server on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Connection] = []

    async def send(self, method: str, path: str, body: bytes = b"", key: str = "") -> tuple[int, bytes]:
        """Send a request over a free connection, perhaps with an Idempotency-Key: (status, body)."""
        if self._idle:
            connection = self._idle.pop()
        else:
            connection = Connection(*await asyncio.open_connection("127.0.0.1", self._port))
        answer = await connection.send(method, path, body, key)
        self._idle.append(connection)
        return answer

    def close(self) -> None:
        for connection in self._idle:
            connection.close()


async def publish_and_see(pool: Pool, number: int, at: float) -> Sample:
    """Publish, and ask for the page until it shows: a sample."""
    page = f"p{number % PAGES}"
    body = json.dumps({"config": config(number % PAGES, number, changed=0), "publish": True}).encode()
    status, answer = await pool.send("POST", f"/-/api/v1/sites/bench/pages/{page}/versions", body)
    assert status == 201, answer
    accepted = time.perf_counter()
    marker = f", take {number}.".encode()
    while marker not in (await pool.send("GET", f"/bench/{page}"))[1]:  # noqa: ASYNC110 - polling is the measure
        await asyncio.sleep(POLL_S)
    return Sample((accepted - at) * 1000, (time.perf_counter() - at) * 1000)


async def _measure(running: Running, rate: int, count: int) -> list[Sample]:
    pool = Pool(running.port)
    await pool.send("POST", "/-/api/v1/sites", b'{"slug":"bench","title":"Bench"}')
    await asyncio.gather(*(publish_and_see(pool, number, time.perf_counter()) for number in range(50)))
    began, tasks = time.perf_counter() + 0.1, []
    for number in range(count):
        at = began + number / rate
        await asyncio.sleep(max(0, at - time.perf_counter()))
        tasks.append(asyncio.create_task(publish_and_see(pool, 1000 + number, at)))
    samples = list(await asyncio.gather(*tasks))
    pool.close()
    return samples


def main() -> None:
    """Print p50 and p99 at each rate."""
    print("\naccepted -> served, platen up with its defaults (embedded Valkey, appendfsync always, 1 builder)")
    print(f"{'publishes/s':>12} {'count':>6} {'accepted p50':>13} {'p99':>7} {'served p50':>11} {'p99':>7}   ms")
    for rate, count in RATES:
        with platen_up(builders=1) as running:
            samples = asyncio.run(_measure(running, rate, count))
        accepted, served = [s.accepted for s in samples], [s.served for s in samples]
        figures = [percentile(accepted, 0.5), percentile(accepted, 0.99), percentile(served, 0.5)]
        figures.append(percentile(served, 0.99))
        print("{:>12} {:>6} {:>13.1f} {:>7.1f} {:>11.1f} {:>7.1f}".format(rate, count, *figures))
