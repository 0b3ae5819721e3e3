"""The audit log: every change and every refusal of one, of everything or of one site."""

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.endpoint import V1, Answer, Endpoint
from shared.accounts.records import AuditEntry
from shared.http import json_response

_EXAMPLE = {
    "id": "1767225600000-0",
    "at": 1767225600000,
    "who": {"id": "5d41c07b9a21", "name": "Ada"},
    "via": "session",
    "action": "publishVersion",
    "site": "acme",
    "page": "spring",
    "target": "",
    "target_name": "",
    "outcome": "done",
    "status": 202,
}


class AuditList(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of the audit log.

    Attributes:
        items: the newest first.
        next: cursor of what follows, null at the end.
    """

    items: list[AuditEntry]
    next: str | None


async def list_all(api: Api, asked: Asked) -> Response:
    return await _list(api, asked, "")


async def list_of_site(api: Api, asked: Asked) -> Response:
    return await _list(api, asked, (await api.sites.show(asked.site)).slug)


async def _list(api: Api, asked: Asked, site: str) -> Response:
    found = await api.audit.read(site, asked.before_entry, asked.limit)
    return json_response(AuditList(items=found.items, next=found.after or None))


ENDPOINTS = (
    Endpoint(
        "GET",
        f"{V1}/audit",
        "listAudit",
        "Read the audit log",
        list_all,
        Answer(200, AuditList, "Entries, the newest first.", {"items": [_EXAMPLE], "next": None}),
        listed_by="text",
        needs="administer",
    ),
    Endpoint(
        "GET",
        f"{V1}/sites/{{site}}/audit",
        "listAuditOfSite",
        "Read a site's part of the audit log",
        list_of_site,
        Answer(200, AuditList, "Entries, the newest first.", {"items": [_EXAMPLE], "next": None}),
        problems=[404],
        listed_by="text",
        needs="manage",
    ),
)
