"""What gets into the log."""

import logging
from collections.abc import Iterator

import pytest

from shared.telemetry import set_up_logging

LOGGERS = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.error")]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handlers, levels = list(logging.root.handlers), [logger.level for logger in LOGGERS]
    logging.root.handlers.clear()
    yield
    logging.root.handlers[:] = handlers
    for logger, level in zip(LOGGERS, levels, strict=True):
        logger.setLevel(level)


def test_callers_cannot_fill_the_log_and_errors_get_into_it(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", "api")

    logging.getLogger("uvicorn.error").warning("Unsupported upgrade request.")
    logging.getLogger("uvicorn.error").error("the socket broke")

    written = capsys.readouterr().err
    assert "upgrade" not in written
    assert "api the socket broke" in written
