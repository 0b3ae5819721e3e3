"""The app's files fit together, and none of them asks for what its policy forbids."""

import re
from pathlib import Path

import pytest

from services.api.editor.assets import FIRST_SHEETS, HASH_PATTERN, MEDIA_TYPES, SHEET, STATIC, Assets

IMPORT = re.compile(r"""(?:from|import|import\()\s*["'](\.[^"']+)["']""")
MODULES = sorted(STATIC.rglob("*.js"))
SHEETS = sorted(STATIC.rglob("*.css"))


def name_of(path: Path) -> str:
    return path.relative_to(STATIC).as_posix()


def test_every_file_of_the_app_is_served() -> None:
    files = {name_of(path) for path in STATIC.rglob("*") if path.is_file()}

    assert files == set(Assets.read().files)


def test_their_hash_follows_from_every_byte_and_every_name(tmp_path: Path) -> None:
    def hash_of(files: dict[str, str]) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return Assets.read(folder).hash

    one = hash_of({"a.js": "1", "b.js": "2"})

    assert re.fullmatch(HASH_PATTERN, one)
    assert hash_of({"b.js": "2", "a.js": "1"}) == one
    assert (
        len({one, hash_of({"a.js": "1", "b.js": "3"}), hash_of({"a.js": "1", "c.js": "2"}), hash_of({"a.js": "12"})})
        == 4
    )


def test_sheets_that_others_build_on_come_first() -> None:
    sheets = Assets.read().style_sheets

    assert tuple(sheets[:2]) == FIRST_SHEETS
    assert len(sheets) == len(set(sheets)) == len(SHEETS)


def test_all_sheets_are_served_as_one_in_their_order() -> None:
    assets = Assets.read()

    sheets = [path for path in assets.served if path.endswith(".css")]

    assert sheets == [SHEET]
    texts = [assets.files[path].body for path in assets.style_sheets]
    assert assets.served[SHEET].body == b"\n".join(texts)
    assert SHEET not in assets.files
    # What is left open in one would swallow the next.
    assert [path for path in SHEETS if path.read_text().count("{") != path.read_text().count("}")] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_what_a_module_imports_is_there(path: Path) -> None:
    missing = [found for found in IMPORT.findall(path.read_text()) if not (path.parent / found).is_file()]

    assert missing == []


def test_every_module_is_reached_from_the_first() -> None:
    reached: set[Path] = set()
    waiting = [STATIC / "app.js"]
    while waiting:
        path = waiting.pop().resolve()
        if path not in reached:
            reached.add(path)
            waiting += [path.parent / found for found in IMPORT.findall(path.read_text())]

    assert {name_of(path) for path in MODULES} == {name_of(path) for path in reached}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_parses_markup_or_runs_text(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b", text)
    assert not re.search(r"""(setAttribute\(\s*["']style|cssText)""", text)


@pytest.mark.parametrize("path", SHEETS, ids=name_of)
def test_no_sheet_has_colours_of_its_own_or_fetches_anything(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)

    assert "url(" not in text
    assert "@import" not in text
    assert path.name == "tokens.css" or not re.search(r"#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(", text)


@pytest.mark.parametrize("path", SHEETS, ids=name_of)
def test_every_custom_property_is_set_somewhere(path: Path) -> None:
    known = set(re.findall(r"(--[a-z0-9-]+)\s*:", "".join(sheet.read_text() for sheet in SHEETS)))
    # Set from a script, for what depends on data.
    known |= set(re.findall(r"""["'](--[a-z0-9-]+)["']""", "".join(module.read_text() for module in MODULES)))

    assert set(re.findall(r"var\((--[a-z0-9-]+)", path.read_text())) <= known


def test_only_known_kinds_of_files_lie_there() -> None:
    assert {path.suffix for path in STATIC.rglob("*") if path.is_file()} <= set(MEDIA_TYPES)
