"""Where the CLI finds its server, and to whom it shows which token."""

import json
from pathlib import Path

import pytest

from services.client import Target, find_target
from shared.errors import Misconfigured
from shared.settings import Settings

HERE = "http://127.0.0.1:8000"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data directory of a running `platen up`."""
    (tmp_path / "run.json").write_text(json.dumps({"url": HERE}))
    (tmp_path / "token").write_text("kept-token-0123456789\n")
    return tmp_path


@pytest.mark.parametrize("url", ["", HERE, f"{HERE}/"])
def test_beside_a_running_platen_its_own_token_is_used(data: Path, url: str) -> None:
    assert find_target(Settings(url=url), data) == Target(HERE, "kept-token-0123456789")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8001", "https://127.0.0.1:8000", "http://127.0.0.1.example.com:8000"]
)
def test_the_kept_token_is_sent_to_no_other_address(data: Path, url: str) -> None:
    with pytest.raises(Misconfigured, match=f"{url} needs a token: set PLATEN_TOKEN"):
        find_target(Settings(url=url), data)


def test_the_kept_token_is_not_sent_to_an_address_where_nothing_of_ours_runs_any_more(data: Path) -> None:
    (data / "run.json").unlink()

    with pytest.raises(Misconfigured, match="set PLATEN_TOKEN"):
        find_target(Settings(url=HERE), data)


def test_a_given_token_is_used_for_any_address(data: Path) -> None:
    given = Settings(url="https://platen.example.com", token="given-token-0123456789")

    assert find_target(given, data) == Target(given.url, given.token)


@pytest.mark.parametrize(
    "url", ["nonsense", "127.0.0.1:8000", "ftp://example.com", "http://", "http://[", "http://x:y"]
)
def test_what_is_no_address_is_refused_by_the_name_of_its_setting(tmp_path: Path, url: str) -> None:
    with pytest.raises(Misconfigured, match=r"PLATEN_URL .* write it like http://127\.0\.0\.1:8000\.$"):
        find_target(Settings(url=url, token="given-token-0123456789"), tmp_path)
