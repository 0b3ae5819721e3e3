"""The demo content that the pictures show: two sites, a few people, and pages in every state."""

import json
from typing import Any

from tests.harness import ROOT, Up, end_of

ACME, GLOBEX = "acme", "globex"
# Name -> roles. Newcomer has none yet.
PEOPLE: dict[str, dict[str, str]] = {
    "Ada": {"*": "admin"},
    "Grace": {ACME: "publisher", GLOBEX: "editor"},
    "Viewer": {ACME: "viewer"},
    "Newcomer": {},
}
EXAMPLES = {"index": "planetarium", "spring": "spring-sale", "lunch": "office-lunch", "workshop": "print-workshop"}


def fill(up: Up) -> dict[str, str]:
    """Make the demo content.

    Returns:
        the code of each person's invitation, by name.
    """
    up.api.change("POST", "sites", {"slug": ACME, "title": "Acme garden centre", "hostnames": ["www.acme.example"]})
    up.api.change("POST", "sites", {"slug": GLOBEX, "title": "Globex"})
    codes = {name: _invite(up, name, roles) for name, roles in PEOPLE.items()}
    for page, example in EXAMPLES.items():
        _publish(up, page, json.loads((ROOT / "examples" / f"{example}.json").read_text()))
    up.api.change("DELETE", f"sites/{ACME}/pages/lunch/publications/live", None)
    _save(up, "autumn", {"title": "Autumn bulbs"}, publish=False)
    _save(up, "spring", {"title": "Spring sale, second week"}, publish=False)
    return codes


def _invite(up: Up, name: str, roles: dict[str, str]) -> str:
    made = up.api.change("POST", "accounts", {"name": name, "roles": roles})
    return str(made["invitation"]["path"].partition("#")[2])


def _publish(up: Up, page: str, config: dict[str, Any]) -> None:
    saved = _save(up, page, config, publish=True)
    end_of(up.api, ACME, page, saved["publication"]["seq"])


def _save(up: Up, page: str, config: dict[str, Any], *, publish: bool) -> dict[str, Any]:
    body = {"config": config, "publish": publish, "note": "For the pictures"}
    return up.api.change("POST", f"sites/{ACME}/pages/{page}/versions", body)
