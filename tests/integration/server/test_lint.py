"""An HTTP linter, asking and asking again, finds nothing to say against what visitors get."""

import asyncio
import json
import sys

import pytest

from tests.harness import ROOT
from tests.integration.server.conftest import Publisher, Site
from tests.integration.server.test_negotiation import PAGE

# Only answers to requests with credentials need `public`. It does no harm, and says what is meant.
_MEANT = "Cache-Control: public is probably not necessary."


@pytest.mark.parametrize(
    ("method", "path", "line", "status", "answers"),
    [
        # It asks for gzip, and with each validator.
        ("GET", "/acme/spring", "", 200, 4),
        ("HEAD", "/acme/spring", "", 200, 4),
        ("GET", "/acme/spring", "accept-encoding: gzip, deflate, br, zstd", 200, 3),
        ("GET", "/acme/spring", "if-none-match: *", 304, 2),
        ("GET", "/acme/spring", "accept-encoding: identity;q=0", 406, 1),
        ("GET", "/acme/nothing", "", 404, 2),
        ("GET", "/acme/gone", "", 410, 2),
        ("HEAD", "/acme/gone", "", 410, 2),
        ("GET", "/acme/spring/", "", 308, 2),
        ("GET", "/-/v/acme/spring/1", "", 200, 4),
        ("GET", "/-/v/acme/spring/9", "", 404, 2),
    ],
)
async def test_a_linter_finds_nothing(
    site: Site, publisher: Publisher, method: str, path: str, line: str, status: int, answers: int
) -> None:
    await publisher.publish(PAGE)
    await publisher.publish(PAGE, page="gone")
    await publisher.unpublish("gone")

    found = await lint(f"{site.url}{path}", method, *([line] if line else []))

    assert (found["status"], found["answers"]) == (status, answers)
    assert any(level == "GOOD" for level, _, _ in found["notes"])
    complaints = [note for note in found["notes"] if note[0] in {"BAD", "WARN"} and note[2] != _MEANT]
    assert complaints == []


async def lint(*arguments: str) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.integration.server.lint", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(said)  # type: ignore[no-any-return]
