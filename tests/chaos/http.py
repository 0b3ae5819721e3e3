"""The HTTP client of everybody who plays a part."""

from typing import Any

import httpx2


class Client(httpx2.AsyncClient):
    """A client for which a connection that ends in the moment it begins is a broken one, and not a bug."""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:  # type: ignore[override]
        try:
            return await super().send(request, **options)
        except AttributeError as error:
            # The library asks the socket for its address, and the socket is gone.
            if "getpeername" not in str(error):
                raise
            raise httpx2.ConnectError(str(error)) from error
