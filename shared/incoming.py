"""A request's body on its way in, and what is done with the rest of one that is refused.

A connection that is closed while bytes wait unread is reset, and then the caller never sees why it was refused. So the
rest is taken and thrown away first, within bounds.
"""

import asyncio

from starlette.types import Message, Receive, Scope

MOST_DISCARDED_BYTES = 8 * 1024 * 1024
DISCARD_WITHIN_S = 2.0


class Incoming:
    """ASGI's receive of one request, which knows whether the body ended.

    Args:
        scope: the request.
        receive: of the web server.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        # Who waits for a "100 Continue" sends nothing without it, and receiving would ask for the body.
        self._is_over = any(name == b"expect" for name, _ in scope["headers"])

    async def __call__(self) -> Message:
        message = await self._receive()
        self._is_over = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def discard(self, most: int = MOST_DISCARDED_BYTES, within_s: float = DISCARD_WITHIN_S) -> None:
        """Take the rest of the body and forget it.

        Args:
            most: bound in bytes; what is longer stays unread.
            within_s: bound of the time it may take.
        """
        try:
            async with asyncio.timeout(within_s):
                while not self._is_over and most > 0:
                    most -= len((await self()).get("body", b""))
        except TimeoutError:
            return
