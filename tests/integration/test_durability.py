"""What is said at the start about a Redis that may lose what it acknowledged."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from services.valkey import Valkey
from shared.connection import connect
from shared.durability import judge, warn_of_losses
from tests.harness import Up

pytestmark = pytest.mark.redis7

KEEPS_ALL = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


@pytest.fixture
def admin(own_server: Valkey) -> Iterator["redis.Redis[bytes]"]:
    own_server.start()
    with redis.from_url(own_server.url) as admin:
        yield admin


async def said(url: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    client = connect(url)
    with caplog.at_level(logging.DEBUG, "shared.durability"):
        await warn_of_losses(client)
    await client.aclose()
    return [record.getMessage() for record in caplog.records if record.name == "shared.durability"]


@pytest.mark.usefixtures("admin")
async def test_of_the_embedded_server_nothing_is_said(own_server: Valkey, caplog: pytest.LogCaptureFixture) -> None:
    assert await said(own_server.url, caplog) == []


@pytest.mark.parametrize(
    ("setting", "value", "mend"),
    [
        ("appendfsync", "everysec", "set appendfsync always"),
        ("appendonly", "no", "set appendonly yes"),
        ("maxmemory-policy", "allkeys-lru", "set maxmemory-policy noeviction"),
    ],
)
async def test_a_setting_that_can_lose_publishes_is_named_with_its_mend(
    own_server: Valkey,
    admin: "redis.Redis[bytes]",
    caplog: pytest.LogCaptureFixture,
    setting: str,
    value: str,
    mend: str,
) -> None:
    admin.config_set(setting, value)

    [line] = await said(own_server.url, caplog)

    assert f"{setting} is {value}" in line
    assert mend in line


async def test_where_config_is_forbidden_it_is_unknown(
    own_server: Valkey, admin: "redis.Redis[bytes]", caplog: pytest.LogCaptureFixture
) -> None:
    admin.acl_setuser("default", enabled=True, nopass=True, commands=["-config"])

    [line] = await said(own_server.url, caplog)

    assert line.startswith("unknown")
    assert "appendfsync always" in line


async def test_a_redis_that_is_away_is_no_reason_to_fail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    [line] = await said(f"unix://{tmp_path}/nobody.sock", caplog)

    assert line.startswith("unknown")


def test_platen_up_with_its_builders_says_it_once(
    tmp_path: Path, own_server: Valkey, admin: "redis.Redis[bytes]"
) -> None:
    admin.config_set("appendfsync", "everysec")

    with Up(tmp_path / "data", "--redis", own_server.url, "--builders", "2") as up:
        output = up.output

    assert output.count("appendfsync is everysec") == 1


def test_several_faults_are_one_line() -> None:
    line = judge({**KEEPS_ALL, "appendonly": "no", "maxmemory-policy": "allkeys-lru"})

    assert "appendonly is no" in line
    assert "maxmemory-policy is allkeys-lru" in line
    assert "\n" not in line


def test_what_redis_does_not_tell_is_unknown() -> None:
    assert "unknown" in judge({"appendonly": "yes"})
    assert judge(KEEPS_ALL) == ""
