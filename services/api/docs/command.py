"""An operation as a command that can be pasted into a shell: curl, with the address, token and key in variables."""

import json
import shlex
from collections.abc import Iterable
from typing import Any

from services.api.schemas import Schema

WIDEST = 76


def curl(method: str, path: str, operation: Schema) -> str:
    """Write the command.

    Args:
        method: in capitals.
        path: with `{names}`.
        operation: as in the OpenAPI document.
    """
    parts = [f"curl{'' if method == 'GET' else f' -X {method}'} {_address(path, operation['parameters'])}"]
    if operation.get("security") != []:
        parts.append('-H "Authorization: Bearer $PLATEN_TOKEN"')
    parts += [_header(parameter) for parameter in operation["parameters"] if _is_shown(parameter)]
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        parts += [f"-H 'Content-Type: {media_type}'", f"--data {shlex.quote(_json(content['example']))}"]
    return " \\\n  ".join(parts)


def pretty(value: Any) -> str:
    """JSON for people."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _address(path: str, parameters: Iterable[Schema]) -> str:
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(parameter.get("example", f"<{parameter['name']}>")))
    return f'"$PLATEN_URL{path}"'


def _is_shown(parameter: Schema) -> bool:
    """Whether a header belongs into an example: those that must be there, and the key, which should."""
    return bool(parameter["in"] == "header" and (parameter["required"] or parameter["name"] == "Idempotency-Key"))


def _header(parameter: Schema) -> str:
    name = parameter["name"]
    line = f"{name}: {parameter.get('example', f'<{name}>')}"
    return f"-H {shlex.quote(line)}"


def _json(value: Any) -> str:
    """On one line where it fits."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= WIDEST else pretty(value)
