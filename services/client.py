"""The CLI's client of the public API: finds the server, sends requests, follows a status stream.

A change is sent with an Idempotency-Key, so that trying again after a lost answer never makes a second version.
"""

import time
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
import msgspec

from shared.errors import Misconfigured, PlatenError
from shared.settings import Settings

TRIES = 5
DEFAULT_DATA = Path(".platen")
RUN_FILE = "run.json"
TOKEN_FILE = "token"  # noqa: S105 - the name of a file, not a secret
LOST_TOKEN_MEND = "If it is lost, start `platen up` once with a new PLATEN_ADMIN_TOKEN, which takes its place."  # noqa: S105


class Target(NamedTuple):
    """Which server to talk to.

    Attributes:
        url: its origin.
        token: the bearer token.
    """

    url: str
    token: str


class Problem(PlatenError):
    """The server said no.

    Args:
        status: HTTP status.
        document: the problem document.
    """

    code = "problem"

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        super().__init__(str(document.get("detail") or document.get("title") or f"status {status}"))
        self.status = status
        self.document = document


class Message(NamedTuple):
    """One server-sent event.

    Attributes:
        event: its name.
        id: its position in the stream.
        data: what it says.
    """

    event: str
    id: str
    data: dict[str, Any]


def find_target(settings: Settings, data: Path) -> Target:
    """Find the server: PLATEN_URL and PLATEN_TOKEN, or what a running `platen up` left in its data directory.

    The token in the data directory is a secret of that `platen up` and is sent to no other address.

    Raises:
        Misconfigured: neither is there, or PLATEN_URL is no address; the text says how to mend it.
    """
    running = _running(data)
    url = _origin(settings.url) if settings.url else running
    if not url:
        raise Misconfigured(
            f"No Platen runs on {data}: start one with `platen up`, or set PLATEN_URL and PLATEN_TOKEN."
        )
    if settings.token:
        return Target(url, settings.token)
    if url != running:
        raise Misconfigured(f"{url} needs a token: set PLATEN_TOKEN. The one in {data} is for the `platen up` there.")
    return Target(url, _kept_token(data))


def _running(data: Path) -> str:
    """Origin of the `platen up` on a data directory, "" where none runs."""
    try:
        return str(msgspec.json.decode((data / RUN_FILE).read_bytes())["url"])
    except (OSError, msgspec.DecodeError, KeyError):
        return ""


def _kept_token(data: Path) -> str:
    try:
        return (data / TOKEN_FILE).read_text().strip()
    except OSError:
        raise Misconfigured(f"There is no token in {data}: set PLATEN_TOKEN. {LOST_TOKEN_MEND}") from None


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise Misconfigured(f"PLATEN_URL is {url!r}, which is not an address: write it like http://127.0.0.1:8000.")
    return url.rstrip("/")


class Api:
    """The public API.

    Args:
        target: which server.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._http = httpx2.Client(
            base_url=target.url,
            headers={"authorization": f"Bearer {target.token}"},
            timeout=httpx2.Timeout(10.0),
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **query: str | int) -> Any:
        """Read.

        Args:
            path: below /-/api/v1.
            query: query parameters.

        Raises:
            Problem: the server refused.
            Misconfigured: the server is not reached.
        """
        return self._send("GET", path, {"params": query})

    def download(self, path: str, write: Callable[[bytes], Any]) -> None:
        """Read what may be long, a part at a time.

        Args:
            path: below /-/api/v1.
            write: takes each part.

        Raises:
            Problem: the server refused.
            Misconfigured: the server is not reached, or what it sent ended early.
        """
        try:
            with self._http.stream("GET", f"/-/api/v1/{path}") as answer:
                if not answer.is_success:
                    answer.read()
                    raise _problem(answer)
                for part in answer.iter_bytes():
                    write(part)
        except httpx2.TransportError as error:
            raise Misconfigured(f"{self.target.url} is not reached: {str(error).rstrip('.')}.") from error

    def change(self, method: str, path: str, body: Any = None) -> Any:
        """Change something, trying again under the same key when the answer is lost or Redis is away.

        Raises:
            Problem: the server refused.
            Misconfigured: the server is not reached.
        """
        options: dict[str, Any] = {"headers": {"idempotency-key": str(uuid.uuid4())}}
        if body is not None:
            options["json"] = body
        return self._send(method, path, options)

    def follow(self, site: str, page: str) -> Generator[Message]:
        """Follow a page's status stream for ever, resuming where it broke off.

        Raises:
            Problem: the server refused.
            Misconfigured: the server stays away.
        """
        last, failures = "", 0
        while failures < TRIES:
            try:
                for message in self._stream(site, page, last):
                    last, failures = message.id or last, 0
                    yield message
            except httpx2.TransportError:
                failures += 1
            time.sleep(min(2.0, 0.1 * 2**failures))
        raise Misconfigured(f"The status stream of {self.target.url} does not come back.")

    def _stream(self, site: str, page: str, last: str) -> Generator[Message]:
        headers = {"accept": "text/event-stream", **({"last-event-id": last} if last else {})}
        query = {"site": site, "page": page}
        timeout = httpx2.Timeout(10.0, read=60.0)
        with self._http.stream("GET", "/-/events", params=query, headers=headers, timeout=timeout) as answer:
            if answer.status_code != 200:
                answer.read()
                raise _problem(answer)
            yield from read_messages(answer.iter_lines())

    def _send(self, method: str, path: str, options: dict[str, Any]) -> Any:
        for tries in range(TRIES):
            last = tries == TRIES - 1
            try:
                answer = self._http.request(method, f"/-/api/v1/{path}", **options)
            except httpx2.TransportError as error:
                if last:
                    raise Misconfigured(f"{self.target.url} is not reached: {str(error).rstrip('.')}.") from error
            else:
                if answer.is_success:
                    return answer.json()
                if answer.status_code != 503 or last:
                    raise _problem(answer)
            time.sleep(0.1 * 2**tries)
        raise AssertionError("unreachable")


def read_messages(lines: Iterator[str]) -> Iterator[Message]:
    """Parse a status stream (WHATWG HTML, "Interpreting an event stream"); blocks without data only move the id."""
    event, position, data = "", "", []
    for line in lines:
        if line:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                event = value
            elif field == "id":
                position = value
            elif field == "data":
                data.append(value)
            continue
        if data:
            yield Message(event or "message", position, msgspec.json.decode("\n".join(data)))
        event, data = "", []


def _problem(answer: httpx2.Response) -> Problem:
    try:
        return Problem(answer.status_code, answer.json())
    except ValueError:
        return Problem(answer.status_code, {"detail": f"{answer.status_code} {answer.reason_phrase}"})
