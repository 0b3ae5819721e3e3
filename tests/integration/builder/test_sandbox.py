"""The render child: killed at its deadline or over what nobody wants, confined in its memory, and replaced."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from statistics import median

import pytest

from services.builder import sandbox as module
from services.builder.child import Built, Fault, Job, Limits
from services.builder.sandbox import Abandoned, IsWanted, Sandbox
from tests.conftest import wait_until

GOOD = Job("acme", "a", "Acme", b'{"title":"Good"}')
LATER = Job("acme", "c", "Acme", b'{"title":"Later"}')


def heavy(megabytes: int) -> Job:
    """A page of many cells."""
    table = {"type": "table", "header": ["h"] * 20, "rows": [["x" * 500] * 20] * 100}
    return Job("acme", "b", "Acme", json.dumps({"title": "Heavy", "widgets": [table] * megabytes}).encode())


def wordy(number: int) -> Job:
    """A page that takes about as long as heavy(5), and a tenth of the time to hand over; no two are alike."""
    line = "- **Spring %d %d** is *here* with [offers](#offers) and `more`\n"
    texts = [{"type": "text", "body": line % (number, text) * 300} for text in range(40)]
    return Job("acme", "d", "Acme", json.dumps({"title": "Wordy", "widgets": texts}).encode())


# Takes long enough to be asked about.
SLOW = heavy(80)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(Limits(80, ""), deadline_s=20)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def roomy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """A sandbox in which memory is no matter, and which asks early about a page."""
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.05)
    made = Sandbox(Limits(1024, ""), deadline_s=30)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[list[Job]]:
    """The batches that went to a child."""
    batches: list[list[Job]] = []
    send = module._send

    async def record(child: asyncio.subprocess.Process, jobs: list[Job]) -> None:
        batches.append(jobs)
        await send(child, jobs)

    monkeypatch.setattr(module, "_send", record)
    return batches


def signalling(sandbox: Sandbox, number: signal.Signals, times: int) -> IsWanted:
    """What sends a signal to the child in the middle of the second page, so many times."""
    left = iter(range(times))

    async def is_wanted(position: int) -> bool:
        if position == 1 and next(left, None) is not None:
            os.kill(sandbox.pid, number)
        return True

    return is_wanted


async def test_pages_come_back_in_order(sandbox: Sandbox) -> None:
    titles = [f"Page {number}" for number in range(5)]
    jobs = [Job("acme", "p", "", json.dumps({"title": title}).encode()) for title in titles]

    results = await sandbox.render(jobs)

    assert all(isinstance(result, Built) for result in results)
    assert len({result.etag for result in results if isinstance(result, Built)}) == 5


async def test_a_page_that_takes_too_much_memory_costs_its_neighbours_nothing(sandbox: Sandbox) -> None:
    first, second, third = await sandbox.render([GOOD, heavy(40), GOOD])

    assert isinstance(first, Built)
    assert isinstance(second, Fault)
    assert second.code == "render-crashed"
    assert second.retryable
    assert third == first


async def test_a_child_that_is_killed_is_replaced_and_its_batch_rendered_again(sandbox: Sandbox) -> None:
    before = sandbox.pid
    rendering = asyncio.create_task(sandbox.render([heavy(5), GOOD]))
    await asyncio.sleep(0)

    os.kill(before, signal.SIGKILL)

    assert all(isinstance(result, Built) for result in await rendering)
    assert sandbox.pid != before


async def test_answered_pages_keep_their_results_when_the_child_dies_over_a_later_one(
    roomy: Sandbox, sent: list[list[Job]]
) -> None:
    first, second, third = await roomy.render([GOOD, SLOW, LATER], signalling(roomy, signal.SIGKILL, times=1))

    assert isinstance(first, Built)
    assert isinstance(second, Built)
    assert isinstance(third, Built)
    assert first.etag != third.etag
    assert sent == [[GOOD, SLOW, LATER], [SLOW], [LATER]]


async def test_a_page_is_blamed_for_its_childs_death_only_when_it_dies_over_it_alone(
    roomy: Sandbox, sent: list[list[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    send = module._send

    async def send_and_kill(child: asyncio.subprocess.Process, jobs: list[Job]) -> None:
        await send(child, jobs)
        if jobs == [SLOW]:
            child.kill()

    monkeypatch.setattr(module, "_send", send_and_kill)

    first, second, third = await roomy.render([GOOD, SLOW, LATER], signalling(roomy, signal.SIGKILL, times=1))

    assert isinstance(first, Built)
    assert isinstance(second, Fault)
    assert (second.code, second.retryable) == ("render-crashed", True)
    assert isinstance(third, Built)
    assert sent == [[GOOD, SLOW, LATER], [SLOW], [LATER]]


async def test_a_batch_may_take_longer_than_the_deadline_of_a_page(roomy: Sandbox) -> None:
    numbers = count()
    # The first waits for its child, and any may wait for the machine.
    alone_s = median([await took(roomy, [wordy(next(numbers))]) for _ in range(5)])
    # Far more than a page takes here and now; some number of pages takes longer on any machine.
    roomy._deadline_s = max(2.0, 20 * alone_s)
    before, pages = roomy.pid, round(1.5 * roomy._deadline_s / alone_s)

    while await took(roomy, [wordy(next(numbers)) for _ in range(pages)]) <= roomy._deadline_s:
        pages *= 2

    assert roomy.pid == before


async def took(sandbox: Sandbox, jobs: list[Job]) -> float:
    """Seconds that some pages take, all of which are built."""
    began = time.monotonic()
    results = await sandbox.render(jobs)
    assert [result for result in results if not isinstance(result, Built)] == []
    return time.monotonic() - began


async def test_a_page_that_passes_its_deadline_is_blamed_at_once_and_its_neighbours_are_built(
    roomy: Sandbox, sent: list[list[Job]]
) -> None:
    roomy._deadline_s = 2

    first, second, third = await roomy.render([GOOD, SLOW, LATER], signalling(roomy, signal.SIGSTOP, times=1))

    assert isinstance(first, Built)
    assert isinstance(second, Fault)
    assert (second.code, second.retryable) == ("render-timed-out", True)
    assert isinstance(third, Built)
    assert sent == [[GOOD, SLOW, LATER], [LATER]]


async def test_a_page_that_is_no_longer_wanted_is_abandoned_and_its_neighbours_are_built(
    roomy: Sandbox, sent: list[list[Job]]
) -> None:
    before = roomy.pid
    asked: list[int] = []

    async def is_wanted(position: int) -> bool:
        if position == 1:
            asked.append(position)
            os.kill(before, signal.SIGSTOP)
        return len(asked) < 3

    first, second, third = await roomy.render([GOOD, SLOW, LATER], is_wanted)

    assert isinstance(first, Built)
    assert isinstance(second, Abandoned)
    assert isinstance(third, Built)
    assert asked == [1, 1, 1]
    assert sent == [[GOOD, SLOW, LATER], [LATER]]
    assert not Path(f"/proc/{before}").exists()


async def test_a_render_that_is_cancelled_leaves_no_answer_for_the_next(roomy: Sandbox) -> None:
    [expected] = await roomy.render([LATER])
    before = roomy.pid
    asked = asyncio.Event()

    async def is_wanted(_: int) -> bool:
        asked.set()
        return True

    rendering = asyncio.create_task(roomy.render([SLOW, GOOD], is_wanted))
    await asked.wait()

    rendering.cancel()

    with pytest.raises(asyncio.CancelledError):
        await rendering
    assert roomy.pid == 0
    await wait_until(lambda: not Path(f"/proc/{before}").exists())
    assert await roomy.render([LATER]) == [expected]


async def test_where_no_child_starts_all_pages_fail_for_now(
    roomy: Sandbox, sent: list[list[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    await roomy.stop()
    monkeypatch.setattr("sys.executable", "/bin/false")

    results = await roomy.render([GOOD, LATER])

    faults = [(result.code, result.retryable) for result in results if isinstance(result, Fault)]
    assert faults == [("render-crashed", True)] * 2
    assert sent == []


async def test_a_child_that_passes_its_deadline_is_killed(sandbox: Sandbox) -> None:
    before = sandbox.pid
    os.kill(before, signal.SIGSTOP)
    sandbox._deadline_s = 0.05

    [result] = await sandbox.render([GOOD])

    assert isinstance(result, Fault)
    assert (result.code, result.retryable) == ("render-timed-out", True)
    await wait_until(lambda: not Path(f"/proc/{before}").exists())


async def test_a_child_knows_no_settings_and_holds_no_file_of_its_parent(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLATEN_REDIS_URL", "redis://:secret@example")
    await sandbox.stop()
    with (tmp_path / "open").open("w"):
        await sandbox.start()

    assert b"PLATEN_" not in Path(f"/proc/{sandbox.pid}/environ").read_bytes()
    held = [str(link.readlink()) for link in Path(f"/proc/{sandbox.pid}/fd").iterdir()]
    assert not any(str(tmp_path) in name or "socket" in name for name in held)


async def test_a_config_that_this_builder_cannot_read_fails_for_good(sandbox: Sandbox) -> None:
    [result] = await sandbox.render([Job("acme", "a", "", b'{"title":"T","hologram":1}')])

    assert isinstance(result, Fault)
    assert not result.retryable
    assert "hologram" in result.reason
