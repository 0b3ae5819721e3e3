"""Entity tags of real pages."""

from pathlib import Path

import httpx2
import pytest

from services.valkey import wait_for
from tests.harness import Up

pytestmark = pytest.mark.timeout(120)

ROUNDS = 12
CODINGS = ("identity", "br", "zstd", "gzip")


def head(up: Up, coding: str) -> httpx2.Headers:
    return httpx2.head(f"{up.url}/acme/spring", headers={"accept-encoding": coding}, trust_env=False).headers


def test_pages_of_equal_length_from_one_second_never_share_a_tag(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as up:
        up.api.change("POST", "sites", {"slug": "acme", "title": "Acme"})
        shown: list[dict[str, httpx2.Headers]] = []

        for number in range(10, 10 + ROUNDS):
            body = {"config": {"title": f"Everything {number}% off"}, "publish": True}
            made = up.api.change("POST", "sites/acme/pages/spring/versions", body)
            seq = str(made["publication"]["seq"])
            assert wait_for(lambda seq=seq: head(up, "br").get("x-platen-seq") == seq, 20)  # type: ignore[misc]
            shown.append({coding: head(up, coding) for coding in CODINGS})

    tags = [headers["etag"] for page in shown for headers in page.values()]
    assert len(set(tags)) == len(tags) == ROUNDS * len(CODINGS)
    # A tag made of time and length would have taken some of these for the same.
    alike = [(page["identity"]["last-modified"], page["identity"]["content-length"]) for page in shown]
    assert len(set(alike)) < len(alike)
