"""Which modules a screen needs is read from the modules, and nothing is missed or named in vain."""

import re

import pytest

from services.api.editor.assets import Assets
from services.api.editor.modules import FIRST, NOWHERE, ROUTES, SIGN_IN, imports, needed, screens, shown_at

TEXTS = Assets.read().modules
TABLE = screens(TEXTS)
EVERY_SCREEN = sorted({NOWHERE, *(screen.module for screen in TABLE)})


def test_imports_are_found_in_all_their_forms_and_nowhere_else() -> None:
    text = """
/* import { no } from "./comment.js"; */
import "./effects.js";
import { a, b as c } from "../one.js";
import {
  d,
  e,
} from "./over-lines.js";
import * as router from "./star.js";
import first, { other } from "./default.js";
export { f } from "./again.js";
export * from "./all.js";
export const g = 1; // from "./words.js";
/** @param {import("./type.js").Spec} spec */
export const later = () => import("./later.js");
import external from "package";
"""

    found = imports(text)

    assert found == [
        "./effects.js", "../one.js", "./over-lines.js", "./star.js", "./default.js", "./again.js", "./all.js",
    ]  # fmt: skip


def test_what_is_needed_is_followed_to_its_end_and_named_once() -> None:
    texts = {
        "app.js": 'import "./lib/a.js";\nimport "./lib/b.js";\n',
        "lib/a.js": 'import "./b.js";\nimport "../deep/c.js";\n',
        "lib/b.js": 'import "./a.js";\n',
        "deep/c.js": 'import "./e.js";\nimport { e } from "./e.js";\nexport const later = () => import("./d.js");\n',
        "deep/d.js": "",
        "deep/e.js": "",
    }

    assert needed(texts, "app.js") == ["app.js", "lib/a.js", "lib/b.js", "deep/c.js", "deep/e.js"]
    assert needed(texts, "app.js", "deep/d.js")[:2] == ["app.js", "deep/d.js"]
    with pytest.raises(KeyError):
        needed({"app.js": 'import "./gone.js";\n'}, "app.js")


@pytest.mark.parametrize("path", TEXTS)
def test_no_import_of_the_app_is_written_so_that_it_is_missed(path: str) -> None:
    written = re.findall(r'^\s*(?:import|export|\}).*\bfrom\b\s*["\']|^\s*import\s*["\']', TEXTS[path], re.MULTILINE)

    assert len(imports(TEXTS[path])) == len(written)


def test_every_line_of_the_table_of_addresses_is_read() -> None:
    assert len(TABLE) == TEXTS[ROUTES].count("import(")
    assert {screen.module for screen in TABLE if screen.is_open} == {SIGN_IN, "screens/invitation.js"}


@pytest.mark.parametrize("screen", EVERY_SCREEN)
def test_a_screen_needs_no_other_screen(screen: str) -> None:
    assert [path for path in needed(TEXTS, FIRST, screen) if path.startswith("screens/") and path != screen] == []


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("/", "screens/sites.js"),
        ("/acme", "screens/site.js"),
        ("/acme/", "screens/site.js"),
        ("/acme/settings", "screens/settings.js"),
        ("/acme/-/settings", "screens/page.js"),
        ("/acme/spring", "screens/page.js"),
        ("/acme/spring/history", "screens/history.js"),
        ("/acme/spring/nothing", NOWHERE),
        ("/Acme", NOWHERE),
        ("/acme//", NOWHERE),
        ("/-/nothing", NOWHERE),
    ],
)
def test_an_address_shows_what_the_browser_will_show_there(path: str, module: str) -> None:
    assert shown_at(TABLE, path, has_session=True) == module
    assert shown_at(TABLE, path, has_session=False) == (NOWHERE if module == NOWHERE else SIGN_IN)
