"""Settings: environment variables `PLATEN_*`, read once by the composition root into one frozen Struct.

A variable that is not listed here, or whose value has the wrong type, refuses to start and names itself: a
misspelt setting that is silently ignored is found in production.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from shared.errors import Misconfigured

PREFIX = "PLATEN_"

Positive = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
MOST_WORKERS = 64
LogLevel = Literal["debug", "info", "warning", "error"]
Sendfile = Literal["auto", "on", "off"]
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be set. The name in the environment is the field's in capitals after `PLATEN_`."""

    # Where things are
    redis_url: str = "redis://127.0.0.1:6379/0"
    """Redis or Valkey: redis://, rediss:// or unix://."""
    partitions: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 1
    """Written at the first boot and checked at every later one."""
    host: str = "127.0.0.1"
    """Address that api and server bind to."""
    port: Port = 8000
    """Port that api and server bind to; 0 takes a free one."""
    public_url: str = ""
    """Origin that visitors use, such as https://example.com; gives canonical links, and hostnames their scheme."""
    console_host: str = ""
    """The one host under which `/-/` is answered, such as console.example.com; every host where it is not set."""

    # Who may
    admin_token: str = ""
    """The first API token, at least 16 characters; made and shown once where it is not set."""

    session_idle_s: Seconds = 86_400.0
    """How long a session lasts that nobody uses."""
    session_keep_s: Seconds = 1_209_600.0
    """How long a session lasts in any case."""
    sign_in_tries: Positive = 10
    """Tries to sign in with one name from one address within the window; three times as many with one name from new
    addresses, six times as many from one address."""
    sign_in_window_s: Seconds = 300.0
    """How long those tries count."""
    gateways: Annotated[int, msgspec.Meta(ge=0, le=8)] = 0
    """Gateways in front of the api, each of which appends to X-Forwarded-For whom it heard from."""

    # What the CLI talks to
    url: str = ""
    """Origin of the api, for the CLI."""
    token: str = ""
    """Bearer token, for the CLI."""

    # Bounds of connections
    keep_alive_s: Seconds = 75.0
    """How long a connection may be idle; longer than a gateway in front keeps its own."""
    head_within_s: Seconds = 10.0
    """How long the head of a request may take."""

    # Bounds of the api
    max_body_bytes: Positive = 1_048_576
    max_import_bytes: Positive = 67_108_864
    """Bound of a file that is imported."""
    idempotency_keep_s: Positive = 86_400
    """How long an Idempotency-Key is remembered."""

    # Previews
    preview_within_s: Seconds = 4.0
    """How long whoever asked for a preview waits for it."""
    previews_per_minute: Positive = 600
    """Previews that one account, or one share, may ask for on a site."""
    preview_idle_s: Seconds = 120.0
    """How long a builder keeps the render child of its previews when nobody asks for any."""

    # Streams
    events_keep_s: Positive = 3_600
    """Age at which events are trimmed; a status stream can resume that far back."""
    artifacts_keep: Positive = 50
    """Built versions kept per page for instant rollback, beside the live one."""

    # Builders
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 32
    """Entries that a builder takes at once."""
    build_deadline_s: Seconds = 10.0
    """Longest time one page may render before its child process is killed."""
    build_memory_mib: Annotated[int, msgspec.Meta(ge=256)] = 1024
    """Address space of the render child, in MiB."""
    build_attempts: Positive = 5
    """Attempts before a retryable failure becomes a dead letter."""
    future_keep_s: Positive = 900
    """How long an event of an unknown type waits for a newer builder before it becomes a dead letter."""
    heartbeat_ms: Annotated[int, msgspec.Meta(ge=50)] = 500
    """How often builders and servers say that they are alive. A builder counts as dead after six missed beats; after
    seven, nobody waits for a server to have a page."""
    drain_s: Seconds = 10.0
    """Grace period of a stopping process."""

    # Server
    workers: Annotated[int, msgspec.Meta(ge=1, le=MOST_WORKERS)] = 1
    """Processes of `platen server` on its one port."""
    page_memory_bytes: Positive = 268_435_456
    """Bound of the pages held in memory by each server process."""
    fast_path: bool = True
    """Whether pages are answered, and status streams held, beneath ASGI; 0 leaves both to the plain routes."""
    sendfile: Sendfile = "auto"
    """Whether pages are sent from a file in memory, without a copy; `auto` tries at the start which way is quicker."""
    access_log_every: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Log every n-th answer to a visitor; 0 logs none."""
    warm_pages: Annotated[int, msgspec.Meta(ge=0)] = 2_000
    """Pages that a server process reads at its start, before anybody asks; half of the bound at most. 0 reads none."""
    recheck_pages_per_s: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 17.0
    """Held pages that are compared with Redis each second; 17 take 10 minutes for 10,000. 0 compares none."""
    sse_heartbeat_s: Seconds = 15.0
    """How often a quiet status stream gets a block with only an id."""
    sse_max_streams: Positive = 10_000
    """Status streams one server process holds before it asks clients to come back later."""

    log_level: LogLevel = "info"
    """In small letters or capitals."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables.

    Args:
        environment: usually `os.environ`; names without the prefix are ignored.

    Raises:
        Misconfigured: a `PLATEN_*` variable is unknown or has a value of the wrong type; the text names it.
    """
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    values: dict[str, str] = {}
    for name, value in environment.items():
        if not name.startswith(PREFIX):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key not in fields:
            raise Misconfigured(f"{name} is not a setting of Platen.{_suggestion(key, list(fields))}")
        values[key] = value.lower() if get_origin(fields[key].type) is Literal else value
    for key, value in values.items():
        try:
            msgspec.convert(value, fields[key].type, strict=False)
        except msgspec.ValidationError as error:
            raise Misconfigured(
                f"{PREFIX}{key.upper()} has a value that does not fit: {error}.{_choices(fields[key].type)}"
            ) from None
    settings = msgspec.convert(values, Settings, strict=False)
    if settings.console_host and not _HOST.fullmatch(settings.console_host):
        raise Misconfigured(
            "PLATEN_CONSOLE_HOST is not a host: write a name in small letters such as console.example.com, "
            "without scheme, port or path."
        )
    if settings.admin_token and len(settings.admin_token) < 16:
        raise Misconfigured("PLATEN_ADMIN_TOKEN is too short: use at least 16 characters.")
    return settings


def _choices(kind: Any) -> str:
    return f" Use one of {', '.join(get_args(kind))}." if get_origin(kind) is Literal else ""


def _suggestion(key: str, names: list[str]) -> str:
    close = difflib.get_close_matches(key, names, n=1)
    return f" Did you mean {PREFIX}{close[0].upper()}?" if close else ""
