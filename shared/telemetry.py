"""Seeing what happens: log lines and trace context. Tokens, bodies and personal data never get here."""

import logging
import re
import secrets
import sys
import time

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def set_up_logging(level: str, process: str) -> None:
    """Send log lines to standard error, one event a line.

    Args:
        level: debug, info, warning or error.
        process: which process speaks, such as "api" or a builder's name.
    """
    line = f"%(asctime)s.%(msecs)03dZ %(levelname)-7s {process} %(message)s"
    formatter = logging.Formatter(line, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # uvicorn tells its own life story at "info"; ours says what matters of it.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # Its warnings are about what callers send, such as advice to install a library for each CONNECT.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def traceparent_of(header: str) -> str:
    """A trace context (W3C Trace Context, level 1): the caller's where it is well formed, otherwise a new one.

    Args:
        header: the request's `traceparent`, "" where there is none.
    """
    if _TRACEPARENT.fullmatch(header):
        return header
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
