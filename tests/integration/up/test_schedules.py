"""Schedules of a running Platen: over restarts, without builders, while Redis is away; and on the command line."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.valkey import Valkey, wait_for
from tests.harness import Up, end_of, run_cli
from tests.integration.schedules import local_time
from tests.integration.up.test_redis_returns import killed
from tests.integration.up.test_up import children_of, command_of, config, create_site, publish

pytestmark = [pytest.mark.timeout(120), pytest.mark.redis7]

PAGE = "sites/acme/pages/spring"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A Platen with a page that is live, and a version more."""
    with Up(tmp_path_factory.mktemp("schedules") / "data") as running:
        two_versions(running)
        yield running


def two_versions(up: Up) -> None:
    """A page of which v1 is live, and v2 is saved."""
    create_site(up)
    assert end_of(up.api, "acme", "spring", publish(up, "spring", "One")["publication"]["seq"])["state"] == "live"
    up.api.change("POST", f"{PAGE}/versions", {"config": config("Two")})


def schedule(up: Up, in_s: float, **about: Any) -> dict[str, Any]:
    body = {"action": "publish", "at": local_time(round(1000 * (time.time() + in_s))), "zone": "UTC", **about}
    made: dict[str, Any] = up.api.change("POST", f"{PAGE}/schedules", body)
    return made


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


def builder_of(up: Up) -> int:
    assert up.process is not None
    [builder] = [pid for pid in children_of(up.process.pid) if b"builder" in command_of(pid).split(b"\0")]
    return builder


def show(up: Up, number: int) -> dict[str, Any]:
    found: dict[str, Any] = up.api.get(f"{PAGE}/schedules/{number}")
    return found


def ended(up: Up, number: int) -> dict[str, Any]:
    """Wait until a schedule is done with."""
    assert wait_for(lambda: show(up, number)["state"] != "scheduled", 15), up.output
    return show(up, number)


def test_what_was_due_while_nothing_ran_fires_at_the_start_and_says_how_late(tmp_path: Path) -> None:
    up = Up(tmp_path / "data").start()
    two_versions(up)
    made = schedule(up, 4)
    up.stop()
    assert wait_for(lambda: time.time() * 1000 > made["at"] + 2_000, 20)

    with up.start():
        started_ms = time.time() * 1000
        found = ended(up, made["id"])

        assert found["state"] == "done", found
        assert 2_000 < found["late_ms"] < started_ms - made["at"] + 5_000
        assert end_of(up.api, "acme", "spring", found["publication_seq"])["state"] == "live"
        assert wait_for(lambda: "Two" in httpx2.get(f"{up.url}/acme/spring", trust_env=False).text, 5)


def test_a_page_goes_off_and_a_kept_version_comes_back_while_no_builder_moves(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as up:
        two_versions(up)
        with frozen(builder_of(up)):
            off, on = schedule(up, 2, action="unpublish"), schedule(up, 3, version=1)

            taken, found = ended(up, off["id"]), ended(up, on["id"])
            assert max(taken["late_ms"], found["late_ms"]) < 5_000
            gone = up.api.get(f"{PAGE}/publications/{taken['publication_seq']}")
            assert (gone["version"], gone["state"], gone["cause"]) == (0, "live", "schedule")
            assert up.api.get(f"{PAGE}/publications/{found['publication_seq']}")["state"] == "live"
            assert wait_for(lambda: "One" in httpx2.get(f"{up.url}/acme/spring", trust_env=False).text, 5)


def test_what_was_due_while_redis_was_away_fires_when_it_is_back(tmp_path: Path, own_server: Valkey) -> None:
    own_server.start()
    with Up(tmp_path / "data", "--redis", own_server.url) as up:
        two_versions(up)
        made = schedule(up, 3)
        with killed(own_server):
            assert wait_for(lambda: time.time() * 1000 > made["at"] + 1_000, 20)
        back_ms = time.time() * 1000

        found = ended(up, made["id"])

        assert found["state"] == "done"
        assert 1_000 <= found["late_ms"] < back_ms - made["at"] + 5_000
        assert end_of(up.api, "acme", "spring", found["publication_seq"])["state"] == "live"


def test_a_page_is_scheduled_listed_and_called_off_by_command(up: Up) -> None:
    at = local_time(round(1000 * (time.time() + 86_400)))[:16]
    made = run_cli("schedule", "acme/spring", "--at", at, "--zone", "UTC", "--version", "1", data=up.data)
    off = run_cli("schedule", "acme/spring", "--at", at, "--zone", "UTC", "--unpublish", data=up.data)
    number = made.stdout.split()[1].rstrip(":")

    listed = run_cli("schedules", "acme", data=up.data)
    cancelled = run_cli("schedule", "acme/spring", "--cancel", number, data=up.data)

    assert made.stdout == f"schedule {number}: acme/spring publish v1 at {at}:00+00:00 (UTC)\n", made.stderr
    assert "acme/spring unpublish at" in off.stdout
    lines = [line.split() for line in listed.stdout.splitlines()]
    assert [number, "spring", "publish", "v1", f"{at}:00+00:00", "UTC", "admin", "scheduled"] in lines
    assert cancelled.stdout.startswith(f"schedule {number} is cancelled")
    assert number not in [line.split()[0] for line in run_cli("schedules", "acme", data=up.data).stdout.splitlines()]
    assert "cancelled" in run_cli("schedules", "acme", "--all", data=up.data).stdout


def test_what_cannot_be_scheduled_is_mended_on_the_command_line(up: Up) -> None:
    twice = run_cli("schedule", "acme/spring", "--at", "2026-10-25T02:30", "--zone", "Europe/Berlin", data=up.data)
    nowhen = run_cli("schedule", "acme/spring", "--zone", "UTC", data=up.data)
    both = run_cli("schedule", "acme/spring", "--zone", "UTC", "--cancel", "1", data=up.data)
    missing = run_cli("schedule", "acme/spring", "--cancel", "999", data=up.data)

    assert (twice.returncode, nowhen.returncode, both.returncode, missing.returncode) == (1, 2, 2, 1)
    assert "0 for 2026-10-25T02:30:00+02:00" in twice.stderr
    assert "--at and --zone" in nowhen.stderr
    assert "platen schedules SITE --all" in missing.stderr
