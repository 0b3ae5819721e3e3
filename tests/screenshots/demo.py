"""The demo content that the pictures show: two sites, a few people, and pages in every state."""

import asyncio
import json
from typing import Any

import httpx2

from shared.connection import connect
from shared.idempotency import Request
from shared.keys import Keys
from shared.settings import Settings
from tests.browser.editor.tab import V1
from tests.harness import ROOT, TOKEN, Up, end_of
from tests.stores import Stores

ACME, GLOBEX = "acme", "globex"
# Name -> roles. Newcomer has none yet.
PEOPLE: dict[str, dict[str, str]] = {
    "Ada": {"*": "admin"},
    "Grace": {ACME: "publisher", GLOBEX: "editor"},
    "Viewer": {ACME: "viewer"},
    "Newcomer": {},
}
CHRISTMAS = {"action": "publish", "version": 2, "at": "2030-12-24T09:00", "zone": "Europe/Berlin"}
UNPRINTABLE = b'{"title":"Woodblock printing for beginners","widgets":[{"type":"hologram"}]}'
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
        _publish(up, page, _example(example))
    up.api.change("DELETE", f"sites/{ACME}/pages/lunch/publications/live", None)
    _save(up, "autumn", {"title": "Autumn bulbs"}, publish=False)
    _save(up, "spring", {**_example("spring-sale"), "title": "Spring sale, second week"}, publish=False)
    asyncio.run(_publish_unprintable(up, "workshop"))
    up.api.change("POST", f"sites/{ACME}/pages/spring/schedules", CHRISTMAS)
    _write_draft(up, "lunch", {**_example("office-lunch"), "title": ""})
    return codes


def _example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "examples" / f"{name}.json").read_text())
    return found


def _invite(up: Up, name: str, roles: dict[str, str]) -> str:
    made = up.api.change("POST", "accounts", {"name": name, "roles": roles})
    return str(made["invitation"]["path"].partition("#")[2])


def _publish(up: Up, page: str, config: dict[str, Any]) -> None:
    saved = _save(up, page, config, publish=True)
    end_of(up.api, ACME, page, saved["publication"]["seq"])


async def _publish_unprintable(up: Up, page: str) -> None:
    """Publish, past the API, what no template can show."""
    client = connect(up.redis_url)
    stores = Stores(client, Keys(), Settings(redis_url=up.redis_url))
    request = Request(actor="Grace", traceparent="", idempotency_key="unprintable", fingerprint="unprintable")
    accepted = await stores.publishing.save(
        ACME, page, UNPRINTABLE, "A widget of tomorrow", publish=True, request=request
    )
    await client.aclose()
    assert accepted.publication is not None
    end_of(up.api, ACME, page, accepted.publication.seq)


def _write_draft(up: Up, page: str, config: dict[str, Any]) -> None:
    body = {"config": config, "base_version": 1}
    headers = {"authorization": f"Bearer {TOKEN}", "if-match": '"r0"', "idempotency-key": f"draft-{page}"}
    address = f"{up.url}{V1}/sites/{ACME}/pages/{page}/draft"
    answer = httpx2.put(address, json=body, headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text


def _save(up: Up, page: str, config: dict[str, Any], *, publish: bool) -> dict[str, Any]:
    body = {"config": config, "publish": publish, "note": "For the pictures"}
    return up.api.change("POST", f"sites/{ACME}/pages/{page}/versions", body)
