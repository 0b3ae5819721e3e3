"""What the api is made of: one table of operations, the routes that come from it, and the app that runs it alone."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from operator import attrgetter
from typing import TextIO

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from services.api import (
    accounts,
    audit,
    builders,
    changes,
    config_schema,
    dead_letters,
    defaults,
    drafts,
    exports,
    hostnames,
    imports,
    invitations,
    members,
    moments,
    moves,
    openapi,
    pages,
    presence,
    previews,
    publications,
    rebuilds,
    schedules,
    servers,
    session,
    shares,
    sites,
    tokens,
    versions,
)
from services.api.api import Api
from services.api.docs import views as docs
from services.api.editor import views
from services.api.endpoint import Endpoint, Resource
from services.api.health import check_ready, count_dead_letters
from services.api.seen import Seen
from shared.accounts.invitations import PATH
from shared.auth import Tokens
from shared.connection import check_partitions, connect
from shared.console import console_middleware
from shared.durability import warn_of_losses
from shared.health import health_routes
from shared.http import HANDLERS
from shared.settings import Settings
from shared.tasks import end

__all__ = ["ENDPOINTS", "Api", "check_ready", "count_dead_letters", "create_app", "keeping_first_token", "routes"]

_OPERATIONS = (
    *sites.ENDPOINTS,
    *hostnames.ENDPOINTS,
    *defaults.ENDPOINTS,
    *pages.ENDPOINTS,
    *moves.ENDPOINTS,
    *exports.ENDPOINTS,
    *imports.ENDPOINTS,
    *drafts.ENDPOINTS,
    *presence.ENDPOINTS,
    *versions.ENDPOINTS,
    *changes.ENDPOINTS,
    *publications.ENDPOINTS,
    *moments.ENDPOINTS,
    *previews.ENDPOINTS,
    *shares.ENDPOINTS,
    *schedules.ENDPOINTS,
    *rebuilds.ENDPOINTS,
    *builders.ENDPOINTS,
    *servers.ENDPOINTS,
    *dead_letters.ENDPOINTS,
    *session.ENDPOINTS,
    *invitations.ENDPOINTS,
    *accounts.ENDPOINTS,
    *members.ENDPOINTS,
    *tokens.ENDPOINTS,
    *audit.ENDPOINTS,
    *config_schema.ENDPOINTS,
)
VIEWS = (previews.VIEW, shares.VIEW)
ENDPOINTS: tuple[Endpoint, ...] = (*_OPERATIONS, openapi.describing(_OPERATIONS))


def routes(api: Api) -> list[BaseRoute]:
    """What people look at, the app, and everything under /-/api, its unknown addresses included, so that each of them
    answers a problem document."""
    reference = docs.routes(lambda: openapi.describe(ENDPOINTS))
    # Starlette takes the first match: a literal part comes before a parameter, and `{` sorts behind all of them.
    by_path = groupby(sorted(ENDPOINTS, key=attrgetter("path")), attrgetter("path"))
    known = [Route(path, Resource(api, path, list(endpoints)), name=path) for path, endpoints in by_path]
    unknown = Resource(api, "unknown")
    seen = [Route(view.path, Seen(api, view), name=view.path) for view in VIEWS]
    others = [Route("/-/api", unknown, name="api"), Route("/-/api/{rest:path}", unknown, name="unknown")]
    return [*seen, *known, *reference, *others, *views.routes()]


def create_app(settings: Settings, out: TextIO | None = None) -> Starlette:
    """The api alone, as one ASGI app.

    Args:
        settings: for all of it.
        out: where a token and a link that were made just now are shown; standard output where none is given.
    """
    api = Api(connect(settings.redis_url), settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            await check_partitions(api.client, settings.partitions)
            await warn_of_losses(api.client)
            await _show_first_link(api, out or sys.stdout)
            token = await _see_to_first_token(api.tokens, settings, out or sys.stdout)
            async with keeping_first_token(api.tokens, token), api.running():
                yield
        finally:
            await api.client.aclose()

    own = health_routes(lambda: check_ready(api), api.registry, lambda: count_dead_letters(api))
    return Starlette(
        routes=[*routes(api), *own],
        middleware=console_middleware(settings),
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )


@asynccontextmanager
async def keeping_first_token(tokens: Tokens, token: str | None) -> AsyncIterator[None]:
    """See to it meanwhile that the first token outlives an emptied Redis; nothing to do where it is not known."""
    keeping = asyncio.create_task(tokens.keep_first(token)) if token else None
    try:
        yield
    finally:
        await end(keeping)


async def _see_to_first_token(tokens: Tokens, settings: Settings, out: TextIO) -> str | None:
    """See to it that there is a token.

    Returns:
        the first administrator's, where this process knows it.
    """
    now_ms = int(time.time() * 1000)
    if settings.admin_token:
        await tokens.set_first(settings.admin_token, now_ms)
        return settings.admin_token
    token = await tokens.make_first(now_ms)
    if token:
        # Shown once, and not in the log, which others may read and keep.
        out.write(f"API token, shown once: {token}\n")
        out.flush()
    return token


async def _show_first_link(api: Api, out: TextIO) -> None:
    """Show how the first administrator joins, while there is no account."""
    code = await api.invitations.invite_first()
    if code:
        # Not in the log, either.
        out.write(f"First administrator, sign in here: {origin_of(api.settings)}{PATH}{code}\n")
        out.flush()


def origin_of(settings: Settings) -> str:
    """Under which origin people reach the app."""
    if settings.console_host:
        return f"https://{settings.console_host}"
    if settings.public_url:
        return settings.public_url.rstrip("/")
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{f'[{name}]' if ':' in name and '[' not in name else name}:{settings.port}"
