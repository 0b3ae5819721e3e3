"""What can be checked of deploy/ without a container engine."""

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from click.testing import CliRunner

from services.cli import platen
from services.client import Api, Target
from services.valkey import wait_for
from shared.settings import Settings, read_settings
from tests.conftest import needs_program
from tests.harness import ROOT, TOKEN, Up, collect

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
        names = [name for name in service.get("environment", {}) if name != "PLATEN_LOG_LEVEL"]

        read_settings({name: "1" if name == "PLATEN_GATEWAYS" else "a-value-of-16-chars" for name in names})


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


def test_the_gateway_lets_through_what_the_api_takes() -> None:
    usual, of_imports = re.findall(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx" / "platen.conf").read_text())

    assert int(usual) * 2**20 > Settings().max_body_bytes
    assert int(of_imports) * 2**20 > Settings().max_import_bytes


def test_nginx_takes_the_gateways_file(gateway: Path) -> None:
    tested = subprocess.run(
        [needs_program("nginx"), "-t", "-c", gateway], capture_output=True, text=True, timeout=20, check=False
    )

    assert tested.returncode == 0, tested.stderr


@pytest.fixture
def through_the_gateway(tmp_path: Path, gateway: Path) -> Iterator[str]:
    """A running Platen behind a running gateway; yields the gateway's origin."""
    program = needs_program("nginx")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Up(tmp_path / "data") as up:
        behind = f"server 127.0.0.1:{up.url.rpartition(':')[2]}"
        text = gateway.read_text().replace("server 127.0.0.1:1;", f"{behind};")
        text = text.replace("server 127.0.0.1:2;", f"{behind};").replace("listen 8080", f"listen 127.0.0.1:{port}")
        gateway.write_text(text.replace("listen [::]:8080;", ""))
        nginx = subprocess.Popen([program, "-c", gateway, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
        origin = f"http://127.0.0.1:{port}"
        assert wait_for(lambda: _answers(origin), 10)
        yield origin
        nginx.terminate()
        nginx.wait(10)


def test_pages_api_and_live_events_come_through_the_gateway(through_the_gateway: str) -> None:
    origin = through_the_gateway
    api = Api(Target(origin, TOKEN))
    api.change("POST", "sites", {"slug": "acme", "title": "Acme"})
    messages = api.follow("acme", "spring")
    collect(messages, "snapshot")

    # Each event has to arrive by itself: a gateway that buffers would hold it back until the stream ends.
    for number in range(3):
        body = {"config": {"title": f"Take {number}"}, "publish": True}
        api.change("POST", "sites/acme/pages/spring/versions", body)
        # That the one before is served by then is told when the servers have been counted.
        seen = [message.event for message in collect(messages, "page-built") if message.event != "page-served"]
        assert seen == ["config-published", "build-started", "page-built"]

    page = httpx2.get(f"{origin}/acme/spring", trust_env=False)
    assert "Take 2" in page.text
    assert page.headers["etag"]
    assert httpx2.get(f"{origin}/-/metrics", trust_env=False).status_code == 404
    messages.close()
    api.close()


def _answers(origin: str) -> bool:
    try:
        return httpx2.get(f"{origin}/-/readyz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False
