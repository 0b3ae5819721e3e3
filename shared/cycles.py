"""What uvicorn's answers under way lack: being let go before their end, an end that HTTP/1.0 understands, and one that
leaves the connection to whoever knows what is still on its way there.
"""

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


def leave(cycle: RequestResponseCycle) -> None:
    """Let an answer know that nobody waits for it."""
    if not cycle.response_complete:
        cycle.disconnected, cycle.waiting_for_100_continue = True, False
    cycle.message_event.set()


def send_without_chunks(cycle: RequestResponseCycle) -> None:
    """HTTP/1.0 knows no chunks: there an answer without a length ends with its connection."""
    send, is_open_ended = cycle.send, False

    async def send_whole(message: ASGISendEvent) -> None:
        nonlocal is_open_ended
        if message["type"] == "http.response.start":
            is_open_ended = all(name.lower() != b"content-length" for name, _ in message.get("headers", []))
            cycle.chunked_encoding = False if is_open_ended else None
        elif message["type"] == "http.response.body" and is_open_ended:
            cycle.expected_content_length = len(message.get("body", b""))
        await send(message)

    cycle.send = send_whole  # type: ignore[method-assign]


def leave_connection(cycle: RequestResponseCycle) -> None:
    """Let an answer only say that its connection ends with it, and not end it."""
    send = cycle.send

    async def send_on(message: ASGISendEvent) -> None:
        await send(message)
        # It was said with the head.
        cycle.keep_alive = True

    cycle.send = send_on  # type: ignore[method-assign]
