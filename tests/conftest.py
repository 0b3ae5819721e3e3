"""Fixtures of all tests: a real Valkey, Debian's Redis where a test asks for both, and what stands on them."""

import asyncio
import contextlib
import gc
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from services.valkey import Valkey, wait_for
from shared.connection import Client, connect
from shared.keys import Keys
from shared.settings import Settings
from tests.harness import embed
from tests.stores import Stores

# How long a machine takes says nothing about the code.
hypothesis.settings.register_profile("platen", deadline=None)
hypothesis.settings.load_profile("platen")

# A test that is allowed as long as this may take minutes.
MINUTES_S = 180

IN_CI = os.environ.get("CI") == "true"
# What tests drive that pip does not bring: program -> Debian package.
PACKAGES = {"redis-server": "redis-server", "chromium": "chromium", "nginx": "nginx", "cc": "gcc libc6-dev"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--redis",
        choices=("marked", "both", "redis7"),
        default="marked",
        help="what runs on Debian's Redis too: tests marked `redis7`; all that are given a server; or everything, "
        "and on it alone, in place of the embedded Valkey as well",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("redis") == "redis7":
        program = find_program("redis-server")
        if program is None:
            raise pytest.UsageError("redis-server is not installed")
        embed(program)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests marked `redis7` on both servers, the others on the embedded Valkey, unless something else is asked."""
    is_marked = metafunc.definition.get_closest_marker("redis7") is not None
    on_both, on_one = ["valkey", "redis7"], ["valkey"]
    asked = metafunc.config.getoption("redis")
    servers = {"marked": on_both if is_marked else on_one, "both": on_both, "redis7": ["redis7"]}[asked]
    for fixture in {"redis_server", "own_server"} & set(metafunc.fixturenames):
        metafunc.parametrize(fixture, servers, indirect=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What may take minutes begins first: at the end of a run, nobody would have anything else to do meanwhile.

    All others stay in their random order.
    """
    items.sort(key=lambda item: not _may_take_minutes(item))


def pytest_collection_finish() -> None:
    # Five thousand tests are many objects. To look at all of them again and again stops whoever is being timed.
    gc.freeze()


def _may_take_minutes(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("timeout")
    return mark is not None and mark.args[0] >= MINUTES_S


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for program, package in PACKAGES.items():
        if not find_program(program):
            terminalreporter.write_line(f"!! {program} is not installed, its tests were SKIPPED: apt install {package}")


def find_program(name: str) -> str | None:
    """Path of a program, looked for where Debian puts daemons, too."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def needs_program(name: str) -> str:
    """Path of a program; without it the test is skipped, and in CI it fails."""
    path = find_program(name)
    if path is None:
        if IN_CI:
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    return path


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """One embedded Valkey for the whole run; on disk semantics that no test here depends on, so without fsync."""
    with tempfile.TemporaryDirectory(prefix="platen-test-") as folder:
        server = Valkey(Path(folder), appendfsync="no")
        server.start()
        yield server
        server.kill()


@pytest.fixture(scope="session")
def redis7() -> Iterator[str]:
    """One Debian redis-server for the whole run; yields its url."""
    program = needs_program("redis-server")
    with tempfile.TemporaryDirectory(prefix="platen-test-") as folder:
        path = Path(folder) / "redis.sock"
        options = ["--port", "0", "--unixsocket", str(path), "--dir", folder, "--save", "", "--appendonly", "no"]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        assert wait_for(lambda: _answers(path), 10)
        yield f"unix://{path}"
        process.terminate()
        process.wait(10)


def _answers(path: Path) -> bool:
    # The socket is there before anybody listens on it.
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.connect(str(path))
        return True
    return False


@pytest.fixture
def own_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Valkey]:
    """A server that this test alone has and starts itself; Debian's Redis is run just as the embedded Valkey is."""
    if request.param == "redis7":
        program = needs_program("redis-server")
        monkeypatch.setattr("services.valkey.get_binary_path", lambda: program)
    server = Valkey(tmp_path / "server")
    yield server
    server.kill()


@pytest.fixture
def redis_server(request: pytest.FixtureRequest) -> str:
    """Url of the server this test runs on."""
    if request.param == "redis7":
        return str(request.getfixturevalue("redis7"))
    return str(request.getfixturevalue("valkey").url)


@pytest.fixture
async def client(redis_server: str) -> AsyncIterator[Client]:
    """A client of an empty Redis."""
    client = connect(redis_server, block_s=2)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def settings(redis_server: str) -> Settings:
    return Settings(redis_url=redis_server, host="127.0.0.1", port=0)


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def stores(client: Client, keys: Keys, settings: Settings) -> Stores:
    return Stores(client, keys, settings)


async def wait_until(
    condition: Callable[[], Awaitable[bool]] | Callable[[], bool], longest_s: float = 10.0, what: str = "it"
) -> None:
    """Wait until a condition holds; a test never sleeps for a fixed time.

    Raises:
        AssertionError: it did not come to hold in time.
    """
    deadline = time.monotonic() + longest_s
    while True:
        result = condition()
        if await result if isinstance(result, Awaitable) else result:
            return
        assert time.monotonic() < deadline, f"waited {longest_s} s for {what}"
        await asyncio.sleep(0.01)
