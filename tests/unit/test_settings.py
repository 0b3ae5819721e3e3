"""Settings refuse what they do not know, and say so."""

import pytest

from shared.errors import Misconfigured
from shared.settings import read_settings


def test_values_are_read_in_their_types() -> None:
    settings = read_settings({"PLATEN_PORT": "0", "PLATEN_BUILD_DEADLINE_S": "2.5", "HOME": "/x"})

    assert (settings.port, settings.build_deadline_s) == (0, 2.5)


def test_an_unknown_setting_is_named_with_the_one_that_was_meant() -> None:
    with pytest.raises(Misconfigured, match=r"PLATEN_REDIS_ULR.*Did you mean PLATEN_REDIS_URL"):
        read_settings({"PLATEN_REDIS_ULR": "redis://x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLATEN_PORT", "eighty"),
        ("PLATEN_PORT", "70000"),
        ("PLATEN_PARTITIONS", "0"),
        ("PLATEN_LOG_LEVEL", "foo"),
    ],
)
def test_a_value_that_does_not_fit_names_its_setting(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        read_settings({name: value})


@pytest.mark.parametrize(
    "host", ["https://console.example.com", "console.example.com:8000", "Console.example.com", "a/b"]
)
def test_a_console_host_is_a_host(host: str) -> None:
    with pytest.raises(Misconfigured, match="PLATEN_CONSOLE_HOST"):
        read_settings({"PLATEN_CONSOLE_HOST": host})
    assert read_settings({"PLATEN_CONSOLE_HOST": "console.example.com"}).console_host == "console.example.com"


def test_a_short_admin_token_is_refused() -> None:
    with pytest.raises(Misconfigured, match="PLATEN_ADMIN_TOKEN"):
        read_settings({"PLATEN_ADMIN_TOKEN": "short"})


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "DEBUG", "Info"])
def test_a_log_level_may_be_written_small_or_in_capitals(level: str) -> None:
    assert read_settings({"PLATEN_LOG_LEVEL": level}).log_level == level.lower()


def test_a_log_level_that_there_is_not_names_those_there_are() -> None:
    with pytest.raises(Misconfigured, match="debug, info, warning, error"):
        read_settings({"PLATEN_LOG_LEVEL": "foo"})
