"""The render child: killed at its deadline, confined in its memory, and replaced."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.builder.child import Built, Fault, Job, Limits
from services.builder.sandbox import Sandbox
from tests.conftest import wait_until

GOOD = Job("acme", "a", "Acme", b'{"title":"Good"}')


def heavy(megabytes: int) -> Job:
    """A page of many cells."""
    table = {"type": "table", "header": ["h"] * 20, "rows": [["x" * 500] * 20] * 100}
    return Job("acme", "b", "Acme", json.dumps({"title": "Heavy", "widgets": [table] * megabytes}).encode())


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(Limits(80, ""), deadline_s=20)
    await made.start()
    yield made
    await made.stop()


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
