"""One more try where the answer was lost, and none where it was not."""

import pytest

from services.api.changing import changed, once_more
from shared.errors import Conflict, PlatenError, StoreUnavailable, StoreUncertain


class Change:
    """Fails as told, one error a call, and then goes well."""

    def __init__(self, *errors: PlatenError) -> None:
        self._errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


async def test_a_change_that_goes_well_is_made_once() -> None:
    change = Change()

    assert await once_more(change) == "done"
    assert change.calls == 1


async def test_a_lost_answer_is_asked_for_once_more() -> None:
    change = Change(StoreUncertain("lost"))

    assert await once_more(change) == "done"
    assert change.calls == 2


async def test_a_second_lost_answer_is_the_callers_to_know() -> None:
    change = Change(StoreUncertain("lost"), StoreUncertain("lost again"))

    with pytest.raises(StoreUncertain, match="again"):
        await once_more(change)
    assert change.calls == 2


async def test_a_lost_answer_stays_one_where_the_second_call_is_refused() -> None:
    change = Change(StoreUncertain("lost"), StoreUnavailable("down"))

    with pytest.raises(StoreUncertain, match="lost"):
        await once_more(change)


@pytest.mark.parametrize("error", [StoreUnavailable("down"), Conflict("there")])
async def test_a_refusal_is_not_tried_again(error: PlatenError) -> None:
    change = Change(error)

    with pytest.raises(type(error)):
        await once_more(change)
    assert change.calls == 1


def test_an_answer_owns_up_to_a_replay() -> None:
    fresh = changed({}, 201, location="/x", replayed=False)
    again = changed({}, 201, location="/x", replayed=True)

    assert "idempotency-replayed" not in fresh.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == "/x"
