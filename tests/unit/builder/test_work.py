"""The builder's decisions that have no effects of their own."""

import pytest

from services.builder.work import LONGEST_REST_MS, PEOPLE_ARE_HERE_MS, rest_ms


@pytest.mark.parametrize(
    ("took_ms", "quiet_ms", "rest"),
    [
        (7.2, 0, 8),
        (7.2, PEOPLE_ARE_HERE_MS - 1, 8),
        (7.2, PEOPLE_ARE_HERE_MS, 0),
        (7.2, None, 0),
        (0, 0, 0),
        (5_000, 0, LONGEST_REST_MS),
    ],
)
def test_a_batch_of_the_bulk_lane_is_followed_by_a_rest_while_people_publish(
    took_ms: float, quiet_ms: int | None, rest: int
) -> None:
    assert rest_ms(took_ms, quiet_ms) == rest
