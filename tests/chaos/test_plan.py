"""The plan of faults comes from its seed, and has every fault often enough."""

from collections import Counter
from pathlib import Path

import pytest

from shared.keys import Keys
from tests.chaos.ablations import ABLATIONS, ablate
from tests.chaos.checker import CHECKS
from tests.chaos.pages import SITES, config, differs, read_number
from tests.chaos.plan import KINDS, LAST_S, make_plan
from tests.harness import ROOT


def test_every_fault_occurs_five_times_in_five_minutes() -> None:
    kinds = Counter(planned.kind for planned in make_plan(1, 300, KINDS))

    assert kinds == dict.fromkeys(KINDS, 5)


def test_a_short_run_has_every_fault_once() -> None:
    kinds = [planned.kind for planned in make_plan(1, 60, KINDS)]

    assert sorted(kinds) == sorted(KINDS)


def test_the_same_seed_makes_the_same_plan() -> None:
    first, second = make_plan(7, 120, KINDS), make_plan(7, 120, KINDS)

    assert [planned[:2] for planned in first] == [planned[:2] for planned in second]
    assert [planned.dice.random() for planned in first] == [planned.dice.random() for planned in second]


def test_another_seed_makes_another_plan() -> None:
    assert [p.kind for p in make_plan(7, 60, KINDS)] != [p.kind for p in make_plan(8, 60, KINDS)]


def test_faults_come_in_order_and_leave_time_to_end() -> None:
    times = [planned.at for planned in make_plan(1, 60, KINDS)]

    assert times == sorted(times)
    assert times[-1] < 60 - LAST_S


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_finds_the_guard_that_it_removes(name: str, tmp_path: Path) -> None:
    tree = ablate(name, tmp_path)

    copied = [path.relative_to(tree) for path in tree.rglob("*") if path.suffix in {".lua", ".py"}]
    changed = {str(path) for path in copied if (tree / path).read_text() != (ROOT / path).read_text()}
    assert changed == {cut.path for cut in ABLATIONS[name].cuts}
    assert ABLATIONS[name].breaks in CHECKS


@pytest.mark.parametrize("partitions", [1, 2, 4])
def test_the_sites_are_in_every_partition(partitions: int) -> None:
    assert {Keys(partitions).partition(site) for site in SITES} == set(range(partitions))


def test_half_a_page_and_a_mixed_one_are_told_from_a_whole_one() -> None:
    whole = "<!DOCTYPE html>\n<p>Publish 5 begins.</p><p>Publish 5 ends.</p></html>\n"

    assert read_number(whole) == 5
    for broken in (whole[:-9], whole[5:], whole.replace("5 ends", "6 ends"), whole.replace("Publish 5 ends.", "")):
        with pytest.raises(ValueError, match=r"document|begins"):
            read_number(broken)


def test_a_stored_config_may_add_defaults_and_nothing_else() -> None:
    assert not differs(config(1), {**config(1), "lang": "en"})
    assert differs(config(1), {**config(1), "title": "Publish 2"})
    assert differs(config(1), {**config(1), "widgets": config(1)["widgets"][:2]})
