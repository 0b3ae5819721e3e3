"""Does this Redis keep what was acknowledged? Asked once at the start; where it may not, one line of the log says so.

It is advice: nothing is refused because of it, and a Redis that does not tell is taken as it is.
"""

import logging
from collections.abc import Mapping
from typing import NamedTuple

from redis.exceptions import RedisError

from shared.connection import Client, translated
from shared.errors import PlatenError

log = logging.getLogger(__name__)


class Setting(NamedTuple):
    """One setting of Redis that decides.

    Attributes:
        name: as Redis calls it.
        wanted: the value that keeps everything.
        risk: what any other value can cost.
    """

    name: str
    wanted: str
    risk: str


SETTINGS = (
    Setting("appendonly", "yes", "a restart loses acknowledged publishes"),
    Setting("appendfsync", "always", "a power loss takes the last acknowledged publishes with it"),
    Setting("maxmemory-policy", "noeviction", "a full Redis evicts pages, publishes and tokens"),
)


async def warn_of_losses(client: Client) -> None:
    """Log one line where acknowledged publishes could be lost or evicted, or where that is unknown; never raise."""
    try:
        with translated():
            found = await client.config_get(*(setting.name for setting in SETTINGS))
    except (PlatenError, RedisError) as error:
        log.warning("%s", _unknown(SETTINGS, f"CONFIG GET failed: {error}"))
        return
    warning = judge({_text(name): _text(value) for name, value in found.items()})
    if warning:
        log.warning("%s", warning)


def judge(found: Mapping[str, str]) -> str:
    """What can be lost with these settings, and what to set; "" where nothing can.

    Args:
        found: setting -> value, without those that Redis does not tell.
    """
    wrong = [setting for setting in SETTINGS if found.get(setting.name, setting.wanted) != setting.wanted]
    untold = [setting for setting in SETTINGS if setting.name not in found]
    parts = [f"{name} is {found[name]}: {risk}; set {name} {wanted}" for name, wanted, risk in wrong]
    if untold:
        parts.append(_unknown(untold, "CONFIG GET does not tell"))
    return " | ".join(parts)


def _unknown(settings: tuple[Setting, ...] | list[Setting], why: str) -> str:
    wanted = ", ".join(f"{setting.name} {setting.wanted}" for setting in settings)
    return f"unknown whether Redis keeps acknowledged publishes ({why.rstrip('.')}); it does with {wanted}"


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
