"""One record per operation; the routes and the OpenAPI document both come from it, so they cannot disagree.

A `Resource` is what one address answers: it finds the operation by method, asks who is there, and turns every error
of ours into a problem document itself, so that it can also count the answer.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.api.api import Api
from services.api.asking import MOST_SEARCH, V1, Asked, check_once
from services.api.audited import entry_of
from services.api.budget import Budget
from services.api.origin import check_origin
from shared.config import SLUG_MEND
from shared.credentials import find_credential
from shared.errors import Forbidden, InvalidParameter, PlatenError
from shared.http import on_http_exception, on_refusal
from shared.incoming import Incoming
from shared.principal import Principal
from shared.roles import EVERYWHERE, PERMISSIONS, ROLES, Permission
from shared.sites import no_site

__all__ = ["PAGE", "V1", "Answer", "Endpoint", "Resource", "refuse", "searched_in"]

PAGE = V1 + "/sites/{site}/pages/{page}"

# Unknown, not allowed, hidden, overtaken by somebody else's change.
_KEPT = frozenset({401, 403, 404, 412})
_NOBODY = Principal(id="")

Handler = Callable[[Api, Asked], Awaitable[Response]]


class Answer(NamedTuple):
    """What an operation answers when all is well.

    Attributes:
        status: HTTP status.
        kind: Struct of the body.
        meaning: one sentence.
        example: a body, as JSON.
        headers: names of headers that come with it.
    """

    status: int
    kind: type[Any]
    meaning: str
    example: Any
    headers: Sequence[str] = ()


class Endpoint(NamedTuple):
    """One operation.

    Attributes:
        method, path: where it is; `{names}` in the path are parameters.
        name: unique; the operationId.
        summary: one line.
        handler: what does it.
        answer: when all is well.
        problems: statuses of the refusals beside those that any operation can give.
        refusals: refusals whose document says more than others do.
        headers: names of request headers that it reads beside those of every change.
        body: Struct of the request's body, None where it has none.
        body_example: a body, as JSON.
        listed_by: what the list's cursor is, "" where the operation is no list; "text" for one that only we can read.
        query: what it reads of the query beside that: name -> its parameter in the description of the API.
        only_looks: whether a POST changes nothing, and has a body for want of room in an address.
        needs: what whoever asks must be allowed to: on the site in the path, otherwise everywhere; None where
            nobody is asked who they are.
        checks_itself: whether the handler decides that, because it depends on more than the address.
        is_noted: whether the audit log keeps it, where it is a change; not where it changes nothing, in spite of its
            method, or is sent all the time. Of those it keeps only who was turned away.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    name: str
    summary: str
    handler: Handler
    answer: Answer
    problems: Sequence[int] = ()
    refusals: Sequence[Answer] = ()
    headers: Sequence[str] = ()
    body: type[Any] | None = None
    body_example: Any = None
    listed_by: Literal["", "slug", "number", "text"] = ""
    query: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    only_looks: bool = False
    needs: Permission | None = "look"
    checks_itself: bool = False
    is_noted: bool = True

    @property
    def is_change(self) -> bool:
        return self.method != "GET" and not self.only_looks

    @property
    def is_of_site(self) -> bool:
        return "{site}" in self.path


def searched_in(places: str) -> Mapping[str, Any]:
    """The parameter of a list that is searched, as `Asked.search` reads it.

    Args:
        places: where the text is looked for.
    """
    return {
        "description": f"Text in {places}, whatever its case.",
        "schema": {"type": "string", "maxLength": MOST_SEARCH},
    }


class Resource:
    """The operations of one address, as an ASGI app.

    Args:
        api: what handlers need.
        path: as in the table; the counters' label.
        endpoints: one per method; none for an address at which nothing is.
    """

    def __init__(self, api: Api, path: str, endpoints: Sequence[Endpoint] = ()) -> None:
        self._api, self._path = api, path
        self._endpoints: dict[str, Endpoint] = {endpoint.method: endpoint for endpoint in endpoints}

    @property
    def methods(self) -> list[str]:
        """Methods that have an operation."""
        return sorted(self._endpoints)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = Incoming(scope, receive)
        request = Request(scope, incoming, send)
        try:
            response = await self._answer(request)
            if response.status_code >= 400:
                await incoming.discard()
        except ClientDisconnect:
            return
        except Exception:
            self._count(request.method, 500)
            raise
        self._count(request.method, response.status_code)
        with suppress(ClientDisconnect):
            await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            _check_path(request.scope)
            endpoint = self._choose(request.method)
        except (PlatenError, HTTPException) as error:
            return await _on_error(request, error)
        budget = Budget()
        asked = Asked(request, _NOBODY, self._api.settings.max_body_bytes, budget)
        try:
            response = await budget.spend(self._handle(endpoint, asked))
        except (PlatenError, HTTPException) as error:
            response = await _on_error(request, error)
        # What somebody was not let do is kept, however often others do it.
        if endpoint.is_change and (endpoint.is_noted or response.status_code in _KEPT):
            self._api.audit.note(entry_of(endpoint.name, asked, response))
        return response

    def _choose(self, method: str) -> Endpoint:
        if not self._endpoints:
            raise HTTPException(404)
        endpoint = self._endpoints.get("GET" if method == "HEAD" else method)
        if endpoint is None:
            raise HTTPException(405, headers={"Allow": ", ".join(self._allowed())})
        return endpoint

    def _allowed(self) -> list[str]:
        return sorted({*self._endpoints, *({"HEAD"} if "GET" in self._endpoints else ())})

    async def _handle(self, endpoint: Endpoint, asked: Asked) -> Response:
        await self._meet(endpoint, asked)
        _check_permission(endpoint, asked)
        if endpoint.is_change:
            # A change that is the same however often it is made needs no key, but holds one that is sent to the rules.
            asked.check_idempotency_key()
        return await endpoint.handler(self._api, asked)

    async def _meet(self, endpoint: Endpoint, asked: Asked) -> None:
        http = asked.http
        if endpoint.needs is not None:
            check_once(http, "Authorization")
            asked.principal = await self._api.tokens.who(find_credential(http.headers, http.scope["scheme"]))
        is_open = endpoint.needs is None
        if endpoint.is_change and (is_open or asked.principal.session):
            check_origin(http.headers, has_session=not is_open)

    def _count(self, method: str, status: int) -> None:
        # Methods are whatever callers send; only those that have an operation become labels.
        known = method if method in self._endpoints else "other"
        self._api.requests.labels(self._path, known, str(status)).inc()


async def _on_error(request: Request, error: Exception) -> Response:
    answer = on_refusal if isinstance(error, PlatenError) else on_http_exception
    return await answer(request, error)


def _check_permission(endpoint: Endpoint, asked: Asked) -> None:
    """Refuse what whoever asks may not do; a site that they may not look at does not exist for them.

    Raises:
        InvalidParameter: the site is none.
        NotFound, Forbidden: they may not.
    """
    if endpoint.needs is None or endpoint.checks_itself:
        return
    site = asked.site if endpoint.is_of_site else EVERYWHERE
    if endpoint.is_of_site and not asked.principal.may("look", site):
        raise no_site(site)
    if not asked.principal.may(endpoint.needs, site):
        raise refuse(asked.principal, endpoint.needs, site)


def refuse(principal: Principal, permission: Permission, site: str = EVERYWHERE) -> Forbidden:
    """The error for something that somebody may not do."""
    where = "on every site" if site == EVERYWHERE else f"on {site}"
    able = ", ".join(role for role, permissions in ROLES.items() if permission in permissions)
    return Forbidden(
        f"{principal.name or principal.id} may not {PERMISSIONS[permission]} {where}.",
        f"ask an administrator for one of these roles: {able}",
    )


def _check_path(scope: Scope) -> None:
    """Refuse an address that leads to another resource than it shows.

    An escaped slash poses as a real one, and an escaped line end at the end is passed over by regular expressions,
    Starlette's among them.
    """
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or b""
    if raw and raw.count(b"/") != path.count("/"):
        raise InvalidParameter("A slug in the address contains a slash.", "path", SLUG_MEND)
    if path.endswith("\n"):
        raise InvalidParameter("The address ends in a line end.", "path", SLUG_MEND)
