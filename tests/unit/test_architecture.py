"""The description of the architecture leaves nothing out."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = (ROOT / "docs" / "architecture.md").read_text().partition("## Layers")[2]
MODULES = [path for top in ("services", "shared") for path in (ROOT / top).iterdir() if path.stem != "__init__"]


@pytest.mark.parametrize(
    "module", [path.stem for path in MODULES if path.suffix == ".py" or (path / "__init__.py").exists()]
)
def test_every_module_stands_in_a_layer(module: str) -> None:
    named = re.findall(r"`(?:services/|shared/)?(\w+)`", LAYERS)

    assert module in named
