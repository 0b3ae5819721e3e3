"""Server-side scripts: loaded from `shared/lua`, called by digest, sent whole where Redis has forgotten them.

A script begins with `#!lua`, so that Redis refuses it before any effect when memory is full; a plain one would run
until its first refused write. `lib.lua` stands in front of each, for Redis offers scripts no include.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any, NamedTuple

from redis.exceptions import NoScriptError

from shared.connection import Client, translate, translated
from shared.errors import Unavailable

# Scripts that write nothing say so, and are run by a Redis that is full or a replica, too.
_ONLY_READ = frozenset({"ahead", "list_pages", "live_at", "list_versions"})

Argument = str | bytes | int | float


class Script(NamedTuple):
    """One script.

    Attributes:
        name: its file's name.
        text: what Redis runs, the library included.
        digest: SHA-1 of the text, as EVALSHA wants it.
    """

    name: str
    text: str
    digest: str


class Call(NamedTuple):
    """One call of a script; keys and arguments stand in the order of its legend."""

    script: Script
    keys: Sequence[str]
    arguments: Sequence[Argument]


@cache
def script(name: str) -> Script:
    """Load a script by the name of its file in `shared/lua`, without the ending."""
    folder = files("shared") / "lua"
    flags = " flags=no-writes" if name in _ONLY_READ else ""
    text = f"#!lua{flags}\n" + (folder / "lib.lua").read_text() + (folder / f"{name}.lua").read_text()
    return Script(name, text, sha1(text.encode(), usedforsecurity=False).hexdigest())


async def run(client: Client, call: Call) -> Any:
    """Run one script in one round trip (two after Redis restarted and lost its script cache).

    Raises:
        StoreUnavailable, StoreUncertain: see shared/connection.py.
    """
    count, operands = len(call.keys), (*call.keys, *call.arguments)
    with translated():
        try:
            return await client.execute_command("EVALSHA", call.script.digest, count, *operands)
        except NoScriptError:
            return await client.execute_command("EVAL", call.script.text, count, *operands)


async def run_all(client: Client, calls: Sequence[Call]) -> list[Any]:
    """Run many scripts in one round trip. Each is atomic; together they are not.

    Returns:
        one answer per call, in order; an exception stands in the place of a call that Redis refused.

    Raises:
        StoreUnavailable, StoreUncertain: the connection failed; any of them may have run.
    """
    if not calls:
        return []
    with translated():
        answers = await _pipelined(client, calls, by_digest=True)
        forgotten = [i for i, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if forgotten:
            again = await _pipelined(client, [calls[i] for i in forgotten], by_digest=False)
            for i, answer in zip(forgotten, again, strict=True):
                answers[i] = answer
    return [translate(answer) if isinstance(answer, Exception) else answer for answer in answers]


def refuse_unavailable(answers: Sequence[Any]) -> None:
    """Look through the answers of `run_all`.

    Raises:
        StoreUnavailable, StoreUncertain: that is what a call came to, so Redis is away. Other refusals concern the
            data of one call, and are left to the caller.
    """
    for answer in answers:
        if isinstance(answer, Unavailable):
            raise answer


async def _pipelined(client: Client, calls: Sequence[Call], *, by_digest: bool) -> list[Any]:
    pipeline: Any = client.pipeline(transaction=False)
    for call in calls:
        head = ("EVALSHA", call.script.digest) if by_digest else ("EVAL", call.script.text)
        pipeline.execute_command(*head, len(call.keys), *call.keys, *call.arguments)
    answers: list[Any] = await pipeline.execute(raise_on_error=False)
    return answers
