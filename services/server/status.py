"""`/-/events`: the status of a page, a site or everything as server-sent events.

First a snapshot, then every event; an id is a position in the events stream, so a client that comes back with its
last id misses nothing and sees nothing twice. Where its history is gone it is told so: `reset`, and a snapshot.
Any status but 200 would close an EventSource for good, so "come back later" is a 200 with `retry:` and an end.

Where the connection lets us, a stream is held at its transport (`HeldStream`) and nothing stays here once the past is
told; otherwise a task writes it (`Written`). `Keeper` looks after both.
"""

import asyncio
import logging
import random

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from services.server.addresses import is_slug
from services.server.catch_up import CatchUp
from services.server.gate import Gate
from services.server.held import LIFETIME_S, LONG_RETRY_MS, SHORT_RETRY_MS, HeldStream, encode_retry
from services.server.hub import ALL_PAGES, EVERYTHING, Hub, Topic
from services.server.keeper import Keeper
from services.server.watching import narrow
from services.server.wire import TAKE_OVER, TakeOver
from services.server.written import HEADERS, Written
from shared.auth import Tokens
from shared.config import SLUG_MEND
from shared.credentials import Credential, find_credential
from shared.errors import Forbidden, InvalidParameter, Misconfigured, Unavailable
from shared.principal import Principal
from shared.settings import Settings
from shared.sites import no_site
from shared.streams import parse_position
from shared.tasks import end

log = logging.getLogger(__name__)


class Status:
    """ASGI app of the status streams.

    Args:
        catch_up: what comes before live events.
        hub: where those come from.
        keeper: looks after the streams.
        tokens: who may watch.
        settings: bounds.
    """

    def __init__(self, catch_up: CatchUp, hub: Hub, keeper: Keeper, tokens: Tokens, settings: Settings) -> None:
        self._catch_up, self._hub, self._keeper, self._tokens = catch_up, hub, keeper, tokens
        self._settings = settings
        self._written = Written(catch_up, hub, keeper, settings.sse_heartbeat_s)
        self._gate = Gate()
        self._starting_again: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """End what is under way."""
        await end(*self._starting_again)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        credential, last = find_credential(request.headers, scope["scheme"]), find_last_id(request)
        try:
            async with self._gate:
                principal = await self._tokens.who(credential)
        except Unavailable:
            return await _turn_away(send, SHORT_RETRY_MS, last)
        except Misconfigured as error:
            log.error("nobody can be asked about: %s", error)
            return await _turn_away(send, LONG_RETRY_MS, last)
        topic = narrowed(find_topic(request, self._settings.partitions), principal)
        if self._hub.is_quiet or request.method == "HEAD":
            return await _turn_away(send, SHORT_RETRY_MS, last)
        if self._hub.count >= self._settings.sse_max_streams:
            return await _turn_away(send, LONG_RETRY_MS, last)
        take_over = (scope.get("extensions") or {}).get(TAKE_OVER)
        if take_over is None:
            return await self._written.hold(topic, last, credential, receive, send)
        return await self._hold(topic, last, credential, take_over)

    async def _hold(self, topic: Topic, last: str, credential: Credential, take_over: TakeOver) -> None:
        """Take the connection over and tell the past; from then on the hub writes to it."""
        ends_at = asyncio.get_running_loop().time() + random.uniform(*LIFETIME_S)  # noqa: S311
        held = HeldStream(topic, credential, ends_at, self._forget, self._start_again)
        stream = held.begin()
        self._hub.join(topic, held)
        self._keeper.add(held)
        held.greet(take_over(held), last)
        await held.tell(stream, self._catch_up.begin(topic, last, stream))

    def _forget(self, held: HeldStream) -> None:
        self._hub.leave(held.topic, held)
        self._keeper.drop(held)

    def _start_again(self, held: HeldStream) -> None:
        stream = held.begin()
        task = asyncio.create_task(held.tell(stream, self._catch_up.reset(held.topic, stream)))
        self._starting_again.add(task)
        task.add_done_callback(self._starting_again.discard)


def find_topic(request: Request, partitions: int = 1) -> Topic:
    """What a client wants to watch.

    Args:
        partitions: positions of several do not make one id, so then everything cannot be watched at once.

    Raises:
        InvalidParameter: a site or a page that cannot be, a page without a site, or everything where it cannot be had.
    """
    site, page = request.query_params.get("site", ""), request.query_params.get("page", ALL_PAGES)
    if "site" not in request.query_params and page == ALL_PAGES and partitions == 1:
        return EVERYTHING
    if not is_slug(site):
        raise InvalidParameter("The query has no site, or one that cannot be.", "site", SLUG_MEND)
    if page != ALL_PAGES and not is_slug(page):
        raise InvalidParameter("The query has a page that cannot be.", "page", SLUG_MEND)
    return (site, page)


def narrowed(topic: Topic, principal: Principal) -> Topic:
    """What of a topic somebody may watch.

    Raises:
        NotFound: a site that they may not look at does not exist for them.
        Forbidden: they may look at none.
    """
    found = narrow(topic, principal)
    if found is None and topic == EVERYTHING:
        raise Forbidden(f"{principal.name} may look at no site.", "ask an administrator for a role on one")
    if found is None:
        raise no_site(topic[0])
    return found


def find_last_id(request: Request) -> str:
    """Where a client got to: a position, "" where it names none."""
    named = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "")
    found = parse_position(named)
    return f"{found[0]}-{found[1]}" if found else ""


async def _turn_away(send: Send, between_ms: tuple[int, int], last: str) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": encode_retry(between_ms, last)})
