"""One minute of every fault: the promises hold. `make chaos` runs it for five minutes, with any seed."""

from pathlib import Path

import pytest

from tests.chaos.run import Order, run

SECONDS = 60.0


@pytest.mark.timeout(240)
async def test_every_promise_is_kept_through_a_minute_of_faults(tmp_path: Path) -> None:
    said: list[str] = []

    outcome = await run(Order(tmp_path / "run", seed=1, seconds=SECONDS, partitions=2), said.append)

    assert {promise: found for promise, found in outcome.violations.items() if found} == {}, said
    assert outcome.missing == []
    assert outcome.publishes > 500
    assert outcome.pages > 200
    assert outcome.rebuilds > 10
