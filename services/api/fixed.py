"""Answers that are the same for everybody while the process runs, each in the content coding that its caller takes."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from shared.codings import Coding, Made, accepted_codings, encode

_MADE: Mapping[Coding, Made] = {"br": "br", "gzip": "gzip"}


class Fixed:
    """One answer; each coding of it is made when it is first asked for.

    Args:
        body: its bytes, of a kind that shrinks.
        media_type: what it is.
        headers: besides those that say how it is coded.
    """

    def __init__(self, body: bytes, media_type: str, headers: Mapping[str, str]) -> None:
        self._body, self._media_type, self._headers = body, media_type, headers
        self._coded: dict[Made, bytes] = {}

    def answer(self, request: Request) -> Response:
        """The answer to a request. Whoever takes no coding of ours, not even none at all, gets it as it is: nobody who
        runs the app asks like that."""
        fields = request.headers.getlist("accept-encoding")
        accepted = accepted_codings(b",".join(field.encode("latin-1") for field in fields)) if fields else ()
        headers = {**self._headers, "vary": "accept-encoding"}
        # Best first; what is liked less than the bytes as they are is not sent.
        for coding in accepted:
            if coding == "identity":
                break
            if coding in _MADE:
                made = _MADE[coding]
                return Response(
                    self._in(made), headers={**headers, "content-encoding": made}, media_type=self._media_type
                )
        return Response(self._body, headers=headers, media_type=self._media_type)

    def _in(self, coding: Made) -> bytes:
        if coding not in self._coded:
            self._coded[coding] = encode(coding, self._body)
        return self._coded[coding]
