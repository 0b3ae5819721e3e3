"""What the audit log keeps of a request: who, by what means, what, and what became of it."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from services.api.asking import Asked, is_slug
from shared.accounts.audit import now_ms
from shared.accounts.records import AuditEntry, Who

_LONGEST_TARGET = 200


def entry_of(action: str, asked: Asked, response: Response) -> AuditEntry:
    """An entry of a change that was answered.

    Args:
        action: the operation's name.
        asked: the request.
        response: the answer.
    """
    principal, parameters = asked.principal, asked.http.path_params
    return AuditEntry(
        at=now_ms(),
        who=Who(id=principal.id, name=principal.name),
        via=principal.via,
        action=action,
        site=_slug(parameters, "site"),
        page=_slug(parameters, "page"),
        target=(asked.target or _target(parameters, response))[:_LONGEST_TARGET],
        target_name=asked.target_name[:_LONGEST_TARGET],
        outcome="done" if response.status_code < 400 else "refused",
        status=response.status_code,
    )


def _slug(parameters: Mapping[str, Any], name: str) -> str:
    text = parameters.get(name, "")
    return text if is_slug(text) else ""


def _target(parameters: Mapping[str, Any], response: Response) -> str:
    named = [str(value) for name, value in parameters.items() if name not in {"site", "page"}]
    made: str = response.headers.get("location", "")
    return "/".join(named) or made.rpartition("/")[2]
