"""What changed: widget by widget, word by word, and how both look."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.editor.conftest import OpenTab
from tests.browser.editor.past import MOVED, Past, three_versions
from tests.browser.editor.tab import Tab
from tests.harness import Up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


@pytest.fixture
def past(up: Up, site: str) -> Past:
    return three_versions(up, site)


async def compare(open_tab: OpenTab, past: Past, before: str, after: str, role: str = "editor") -> Tab:
    return await open_tab({past.site: role}, f"{past.screen}?before={before}&after={after}")


async def test_each_kind_of_change_is_told_by_a_word(open_tab: OpenTab, past: Past) -> None:
    tab = await compare(open_tab, past, "1", "3")

    for name in ("Changed The page itself", "Changed hero", "Moved quote", "Added text"):
        await expect(tab.page.get_by_role("heading", level=3, name=name)).to_have_count(1)
    await expect(tab.page.get_by_text("From place 3 to place 1.").first).to_be_visible()


async def test_words_that_came_in_or_went_are_marked(open_tab: OpenTab, past: Past) -> None:
    tab = await compare(open_tab, past, "1", "2")

    hero = tab.page.locator(".change").filter(has_text="hero")
    assert [await mark.inner_text() for mark in await hero.locator("ins").all()] == [" [added: finally ] "] or (
        "finally" in await hero.locator("ins").inner_text()
    )
    assert await hero.locator("del").count() == 0
    background = tab.page.locator(".change").filter(has_text="The page itself")
    await expect(background.locator("del")).to_contain_text("#ffffff")
    await expect(background.locator("ins")).to_contain_text("#fff5e6")


async def test_swapping_sides_turns_added_into_removed(open_tab: OpenTab, past: Past) -> None:
    tab = await compare(open_tab, past, "1", "3")

    await tab.page.get_by_role("link", name="Swap sides").click()

    await expect(tab.heading("v3 → v1")).to_be_visible()
    await expect(tab.page.get_by_role("heading", level=3, name="Removed text")).to_have_count(1)


async def test_both_renderings_are_there_also_of_a_version_that_was_never_built(open_tab: OpenTab, past: Past) -> None:
    tab = await compare(open_tab, past, "1", "2")

    one = tab.page.frame_locator("iframe[title^='v1,']")
    other = tab.page.frame_locator("iframe[title^='v2,']")

    await expect(one.get_by_role("heading", level=1)).to_have_text("Spring is here")
    await expect(other.get_by_role("heading", level=1)).to_have_text("Spring is finally here")


async def test_a_width_is_chosen_for_both_at_once(open_tab: OpenTab, past: Past) -> None:
    tab = await compare(open_tab, past, "1", "3")
    await tab.page.frame_locator("iframe[title^='v3,']").get_by_role("heading", level=1).wait_for()

    await tab.page.get_by_role("radio", name="Phone").check()

    widths = await tab.get("[...document.querySelectorAll('iframe')].map(frame => frame.contentWindow.innerWidth)")
    assert widths == [390, 390]


async def test_two_chosen_versions_are_compared_and_a_third_takes_the_place_of_the_first(
    open_tab: OpenTab, past: Past
) -> None:
    tab = await open_tab({past.site: "viewer"}, past.screen)

    await tab.page.get_by_label("Compare v3").check()
    await expect(tab.page.locator("#main").get_by_text("Choose another version").first).to_be_visible()
    await tab.page.get_by_label("Compare v2").check()
    await tab.page.get_by_label("Compare v1").check()

    await expect(tab.page.get_by_label("Compare v3")).not_to_be_checked()
    await tab.page.get_by_role("link", name="Compare v1 with v2").click()
    await expect(tab.heading("v1 → v2")).to_be_visible()
    await expect(tab.page.get_by_text("It was never built; whoever may edit the page can see it.")).to_be_visible()
    await tab.page.go_back()
    await expect(tab.heading("History of spring")).to_be_visible()


async def test_unpublished_changes_of_the_draft_are_counted_and_shown(open_tab: OpenTab, past: Past) -> None:
    tab = await open_tab({past.site: "editor"}, past.screen)
    answer = await tab.page.context.request.put(
        f"{past.up.url}/-/api/v1/{past.path}/draft",
        data={"config": {**MOVED, "title": "A new title"}, "base_version": 3},
        headers={"if-match": '"r0"', "origin": past.up.url},
    )
    assert answer.ok
    await tab.go(past.screen)

    await expect(tab.page.get_by_text("Against v3: 1 changed.").first).to_be_visible()
    await tab.page.get_by_role("link", name="Show unpublished changes").click()

    await expect(tab.heading("v3 → draft")).to_be_visible()
    await expect(tab.page.locator(".change ins")).to_contain_text("A new title", use_inner_text=True)


@pytest.mark.parametrize("asked", ["before=1&after=99", "before=x&after=1", "after=2", "before=1&after=-1"])
async def test_what_is_not_there_cannot_be_compared(open_tab: OpenTab, past: Past, asked: str) -> None:
    tab = await open_tab({past.site: "viewer"}, f"{past.screen}?{asked}")

    await expect(tab.heading("Nothing to compare")).to_be_visible()


TEXTS = [
    ("", ""),
    ("same", "same"),
    ("one two three", "one three"),
    ("20% off until Sunday", "30% off until Monday night"),
    ("a b c d", "d c b a"),
    ("", "all new"),
    ("all gone", ""),
    ("Ärger über Öl 🙂", "Ärger mit Öl 🙃"),
    ("word " * 3000, "other " * 3000),
    ("  two  blanks ", " two blanks"),
]


async def test_the_marks_of_two_texts_make_up_both(open_tab: OpenTab, past: Past) -> None:
    tab = await open_tab({past.site: "viewer"}, past.screen)
    base = await tab.get("document.querySelector('script[type=module]').src.replace('app.js', '')")
    script = """async ([base, texts]) => {
        const {compareWords} = await import(base + 'history/words.js');
        return texts.map(([one, other]) => compareWords(one, other));
    }"""

    found: list[list[dict[str, Any]]] = await tab.page.evaluate(script, [base, TEXTS])

    for (before, after), runs in zip(TEXTS, found, strict=True):
        assert "".join(run["text"] for run in runs if run["kind"] != "ins") == before
        assert "".join(run["text"] for run in runs if run["kind"] != "del") == after
    assert [run["kind"] for run in found[1]] == ["same"]
    assert [(run["kind"], run["text"]) for run in found[2] if run["kind"] != "same"] == [("del", "two ")]
