"""Keeps what is Platen's off the visitors' hosts: `/-/` is answered under the console's host alone.

On a host where pages are served, the API, status streams and metrics are of no use to visitors, and whoever may put
something there (a proxy, a neighbour of the same origin) should not find them.
"""

from collections.abc import Callable

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.host import host_in, plain_host
from shared.http import loggable, make_problem, problem_response
from shared.incoming import Incoming
from shared.settings import Settings

# Asked by whatever runs the processes, under whichever address it reaches them.
OPEN = frozenset({"/-/healthz", "/-/readyz"})

IsOpen = Callable[[bytes, str], bool]


class ConsoleHost:
    """ASGI middleware.

    Args:
        app: what answers.
        host: the console's.
        is_open: whether an address is the visitors' under some host all the same; gets the Host header and the path.
    """

    def __init__(self, app: ASGIApp, host: str, is_open: IsOpen) -> None:
        self._app, self._host, self._is_open = app, host.encode(), is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._may_pass(scope["path"], host_in(scope["headers"])):
            return await self._app(scope, receive, send)
        await Incoming(scope, receive).discard()
        problem = make_problem(404, "no-such-address", "Not Found", f"There is nothing at {loggable(scope['path'])}.")
        return await problem_response(problem)(scope, receive, send)

    def _may_pass(self, path: str, host: bytes) -> bool:
        is_ours = path == "/-" or path.startswith("/-/")
        return not is_ours or path in OPEN or plain_host(host) == self._host or self._is_open(host, path)


def console_middleware(settings: Settings, is_open: IsOpen = lambda _host, _path: False) -> list[Middleware]:
    """The middleware where a console's host is set, nothing where every host is one."""
    return [Middleware(ConsoleHost, settings.console_host, is_open)] if settings.console_host else []
