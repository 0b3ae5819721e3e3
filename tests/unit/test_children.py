"""When a child that died is started again."""

import pytest

from services.children import restart_s


@pytest.mark.parametrize("dice", [0.0, 0.999])
def test_a_child_is_started_again_at_once_and_then_ever_more_slowly(dice: float) -> None:
    pauses = [restart_s(failures, dice) for failures in range(1, 20)]

    assert pauses[0] == 0
    assert 0.25 <= pauses[1] <= 0.5
    assert pauses == sorted(pauses)
    assert pauses[-1] <= 60
