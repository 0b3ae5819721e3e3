"""The examples are pages one can show, and the tour's change can be seen."""

from pathlib import Path

import pytest

from services.builder.render import Renderer
from shared.config import decode_config
from tests.unit.builder.reading import EXAMPLES, read

SPRING_SALE = next(path for path in EXAMPLES if path.stem == "spring-sale")


def visible(config: bytes) -> str:
    """The text in a page's body."""
    html = Renderer().render(decode_config(config), "acme", "spring").html.decode()
    return " ".join(read(html).find("body").itertext())  # type: ignore[union-attr]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_link_within_an_example_leads_somewhere(path: Path) -> None:
    root = read(Renderer().render(decode_config(path.read_bytes()), "acme", "index").html.decode())

    linked = {a.attrib["href"][1:] for a in root.iter("a") if a.attrib["href"].startswith("#")}

    assert linked
    assert linked <= {element.attrib["id"] for element in root.iter() if "id" in element.attrib}


def test_the_tours_change_is_one_that_visitors_see() -> None:
    lines = SPRING_SALE.read_text().splitlines()
    changed = "\n".join(line.replace("20%", "30%", 1) for line in lines)

    before, after = visible(SPRING_SALE.read_bytes()), visible(changed.encode())

    assert "20% off everything" in before
    assert "30% off everything" in after
    assert "20%" not in after
