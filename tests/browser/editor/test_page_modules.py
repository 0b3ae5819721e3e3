"""What the page editor decides, without a screen: merging, sheets, differences, and publications event by event."""

import json
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Browser, Page, Route

from services.api.editor.assets import Assets

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ORIGIN = "http://modules.test"
BASE = {"title": "A", "widgets": [{"type": "x", "id": "1", "t": "a", "u": "a"}, {"type": "x", "id": "2", "t": "b"}]}
FIELDS = st.fixed_dictionaries({}, optional={name: st.sampled_from("abc") for name in ("t", "u")})
WIDGETS = st.lists(st.sampled_from("12345"), unique=True).flatmap(
    lambda ids: st.tuples(*[FIELDS.map(lambda fields, id_=id_: {"type": "x", "id": id_, **fields}) for id_ in ids])  # type: ignore[misc]
)
CONFIGS = st.fixed_dictionaries({"title": st.sampled_from("abc"), "widgets": WIDGETS.map(list)})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def modules(browser: Browser) -> Any:
    """A page of an origin that serves the modules and nothing else."""
    files = Assets.read().files
    page = await browser.new_page()

    async def serve(route: Route) -> None:
        asset = files.get(route.request.url.removeprefix(f"{ORIGIN}/"))
        if asset is None:
            await route.fulfill(body="<!doctype html>", content_type="text/html")
        else:
            await route.fulfill(body=asset.body, content_type=asset.media_type)

    await page.route(f"{ORIGIN}/**", serve)
    await page.goto(f"{ORIGIN}/")
    yield page
    await page.close()


async def call(page: Page, module: str, name: str, *given: Any) -> Any:
    """What a function of a module answers."""
    return await page.evaluate(
        "async ([path, name, given]) => (await import(path))[name](...given)", [f"/{module}", name, list(given)]
    )


async def merge(page: Page, base: Any, mine: Any, theirs: Any) -> Any:
    return await call(page, "editor/merge.js", "merge", base, mine, theirs)


async def test_mine_counts_where_i_changed_and_theirs_elsewhere(modules: Page) -> None:
    mine = {**BASE, "widgets": [{**BASE["widgets"][0], "t": "mine"}, BASE["widgets"][1], {"type": "x", "id": "3"}]}  # type: ignore[index]
    theirs = {"title": "B", "widgets": [BASE["widgets"][1], {**BASE["widgets"][0], "t": "theirs", "u": "theirs"}]}  # type: ignore[index]

    merged = await merge(modules, BASE, mine, theirs)

    assert merged["title"] == "B"
    assert merged["widgets"] == [
        {"type": "x", "id": "2", "t": "b"},
        {"type": "x", "id": "3"},
        {"type": "x", "id": "1", "t": "mine", "u": "theirs"},
    ]


async def test_what_one_removed_and_the_other_changed_stays(modules: Page) -> None:
    mine = {**BASE, "widgets": [BASE["widgets"][1]]}  # type: ignore[index]
    changed = {**BASE, "widgets": [{**BASE["widgets"][0], "t": "changed"}, BASE["widgets"][1]]}  # type: ignore[index]

    assert await merge(modules, BASE, mine, changed) == changed
    assert await merge(modules, BASE, mine, BASE) == mine


async def test_merging_keeps_the_laws_of_merging(modules: Page) -> None:
    cases: list[Any] = []

    @settings(max_examples=150, database=None, deadline=None)
    @given(CONFIGS, CONFIGS, CONFIGS)
    def collect(base: Any, mine: Any, theirs: Any) -> None:
        cases.append((base, mine, theirs))

    collect()
    for base, mine, theirs in cases:
        merged = await merge(modules, base, mine, theirs)
        ids = [widget["id"] for widget in merged["widgets"]]
        assert len(ids) == len(set(ids)), json.dumps([base, mine, theirs])
        assert await merge(modules, base, mine, base) == mine
        assert await merge(modules, base, base, theirs) == theirs
        known = {widget["id"] for widget in base["widgets"]}
        added = {w["id"] for w in mine["widgets"] + theirs["widgets"]} - known
        assert added <= set(ids), "what either added is there"


async def test_two_widgets_with_one_id_are_both_kept(modules: Page) -> None:
    twins = {"widgets": [{"type": "x", "id": "1", "t": "a"}, {"type": "x", "id": "1", "t": "b"}]}

    merged = await merge(modules, {"widgets": []}, twins, {"title": "B", "widgets": []})

    assert merged["widgets"] == twins["widgets"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\tb\r\nc\td\r\n", [["a", "b"], ["c", "d"]]),
        ('"say ""hi"""\t"two\nlines"', [['say "hi"', "two lines"]]),
        ("\t\n\t", [["", ""], ["", ""]]),
        ('5" pipe\tx', [['5" pipe', "x"]]),
        ("one", [["one"]]),
    ],
)
async def test_a_sheet_is_read_as_spreadsheets_write_it(modules: Page, text: str, rows: list[list[str]]) -> None:
    assert await call(modules, "editor/sheets.js", "parseSheet", text) == rows


async def test_what_does_not_fit_a_sheet_is_left_out_and_owned_up_to(modules: Page) -> None:
    sheet, bounds = {"header": ["A"], "rows": [["1"]]}, {"rows": 2, "columns": 2}
    block = [["x", "y", "z"], ["x", "y", "z"], ["x", "y", "z"]]

    laid = await call(modules, "editor/sheets.js", "withSheet", sheet, 0, 0, block, bounds)

    assert laid == {"sheet": {"header": ["A", ""], "rows": [["x", "y"], ["x", "y"]]}, "lost": True}


async def test_an_event_that_is_told_twice_counts_once_and_an_end_stays_the_end(modules: Page) -> None:
    record = {
        "seq": 3, "version": 2, "state": "queued", "steps": [{"state": "queued", "at": 10, "by": "Ada"}],
        "failure": None, "attempts": 0, "served": None, "superseded_by": 0,
    }  # fmt: skip
    started = {"type": "build-started", "data": {"seq": 3, "at": 12, "by": "b", "attempt": 1}}
    built = {"type": "page-built", "data": {"seq": 3, "at": 15, "by": "b"}}
    served = {"type": "page-served", "data": {"seq": 3, "at": 16, "servers": 2, "of": 2}}
    other = {"type": "build-failed", "data": {"seq": 4, "at": 15, "code": "x", "reason": "x"}}
    late = {"type": "build-failed", "data": {"seq": 3, "at": 17, "code": "x", "reason": "x"}}

    followed = await call(modules, "tray/publication.js", "fromRecord", record)
    for event in (other, started, started, built, built, served, late):
        followed = await call(modules, "tray/publication.js", "withEvent", followed, event)

    assert [step["state"] for step in followed["steps"]] == ["queued", "building", "live"]
    assert followed["state"] == "live"
    assert followed["served"] == {"servers": 2, "of": 2, "at": 16}
    assert await call(modules, "tray/publication.js", "totalMs", followed) == 5
    words = await call(modules, "tray/words.js", "sentenceOf", {"followed": followed, "queue": None})
    assert words == "v2 is live on 2 of 2 servers, 5 ms after it was accepted"


async def test_new_ids_take_no_name_that_is_taken(modules: Page) -> None:
    taken = [{"id": "hero-1"}, {"id": "hero-3"}, {"id": None}, {}]

    assert await call(modules, "editor/identity.js", "newId", "hero", taken) == "hero-2"
    assert await call(modules, "editor/identity.js", "newId", "Über", taken) == "widget-1"


async def test_a_history_is_bounded_and_what_is_typed_is_one_step(modules: Page) -> None:
    found = await modules.evaluate(
        """async () => {
            const { Model } = await import("/editor/model.js");
            let now = 0;
            const model = new Model({ n: 0 }, () => now);
            for (let n = 1; n <= 1000; n += 1) model.change(["n"], n);
            for (let n = 0; n < 5; n += 1) { now += 100; model.change(["t"], "x".repeat(n + 1), "/t"); }
            model.undo();
            const typed = model.config.t ?? null;
            let steps = 0;
            while (model.canUndo) { model.undo(); steps += 1; }
            return [typed, steps, model.config.n];
        }"""
    )

    assert found == [None, 199, 801]
