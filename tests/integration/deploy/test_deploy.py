"""What can be checked of deploy/ without a container engine."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from services.cli import platen
from shared.settings import read_settings
from tests.conftest import needs_program
from tests.harness import ROOT

DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def test_every_service_of_the_compose_file_starts_with_a_command_that_exists(compose: dict[str, Any]) -> None:
    ours = {name: service for name, service in compose["services"].items() if service["image"] == "platen"}

    assert set(ours) == {"api", "builder", "server"}
    for service in ours.values():
        assert CliRunner().invoke(platen, [*service["command"], "--help"]).exit_code == 0


def test_every_setting_of_the_compose_file_is_one_that_platen_knows(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        given = {name: "a-value-of-16-chars" for name in service.get("environment", {}) if name != "PLATEN_LOG_LEVEL"}

        read_settings(given)


def test_builders_can_be_scaled_for_they_hold_no_port_and_no_name(compose: dict[str, Any]) -> None:
    builder = compose["services"]["builder"]

    assert not {"ports", "container_name"} & set(builder)


def test_redis_keeps_what_it_acknowledges(compose: dict[str, Any]) -> None:
    redis = compose["services"]["redis"]
    options = dict(re.findall(r"^(\S+) (.+)$", (DEPLOY / "redis" / "redis.conf").read_text(), re.MULTILINE))

    assert "data:/data" in redis["volumes"]
    assert "ports" not in redis
    assert (options["appendonly"], options["appendfsync"]) == ("yes", "always")
    assert options["maxmemory-policy"] == "noeviction"


def test_every_file_that_the_compose_file_mounts_is_there(compose: dict[str, Any]) -> None:
    mounted = [v.split(":")[0] for service in compose["services"].values() for v in service.get("volumes", [])]

    files = [DEPLOY / path for path in mounted if path.startswith("./")]
    assert len(files) == 2
    assert all(path.is_file() for path in files)


def test_the_image_copies_what_the_build_context_lets_through() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE))

    assert {name for line in copied for name in line.split()} == let_through
    assert all((ROOT / name).exists() for name in let_through)


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    """The gateway's file for an nginx outside containers: other names, and without what nginx has since 1.27.3 only."""
    text = (DEPLOY / "nginx" / "platen.conf").read_text()
    text = text.replace(" resolve;", ";").replace("server api:8000", "server 127.0.0.1:1")
    text = text.replace("server server:8000", "server 127.0.0.1:2").replace("/tmp/", f"{tmp_path}/")  # noqa: S108
    path = tmp_path / "nginx.conf"
    path.write_text(text)
    return path


def test_nginx_takes_the_gateways_file(gateway: Path) -> None:
    tested = subprocess.run(
        [needs_program("nginx"), "-t", "-c", gateway], capture_output=True, text=True, timeout=20, check=False
    )

    assert tested.returncode == 0, tested.stderr
