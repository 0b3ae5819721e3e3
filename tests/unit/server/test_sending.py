"""Which way of sending is quicker is tried, and where it cannot be, nothing is sent from a file."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.server import sending
from services.server.sending import cost_of_files, has_files, is_file_quicker

on_files = pytest.mark.skipif(not has_files(), reason="there are no files in memory here")


def slowed(call: Callable[..., int]) -> Callable[..., int]:
    """The same, for a millisecond more."""

    def slow(*arguments: Any) -> int:
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            pass
        return call(*arguments)

    return slow


@on_files
@pytest.mark.parametrize("slower", ["write", "sendfile"])
def test_the_quicker_way_is_found(monkeypatch: pytest.MonkeyPatch, slower: str) -> None:
    monkeypatch.setattr(sending, "ROUNDS", 5)
    monkeypatch.setattr(os, slower, slowed(getattr(os, slower)))

    assert is_file_quicker() == (slower == "write")


@on_files
def test_a_socket_that_takes_little_at_once_does_not_hold_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:100]))

    cost = cost_of_files()

    assert cost is not None
    assert cost > 0


def refused(*_: object) -> int:
    raise OSError(errno.EPERM, "not here")


@on_files
@pytest.mark.parametrize("call", ["memfd_create", "sendfile", "write", "pwrite"])
def test_where_it_cannot_be_tried_it_is_not_done(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    monkeypatch.setattr(os, call, refused)

    assert cost_of_files() is None
    assert not is_file_quicker()
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_where_there_are_no_files_in_memory_it_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)

    assert not is_file_quicker()
