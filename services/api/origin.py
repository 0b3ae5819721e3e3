"""Where a change comes from: a browser sends the session's cookie along, whichever page asks it to.

`Sec-Fetch-Site` says who asked, and no page can set it; browsers without it send `Origin`. SameSite=Strict stops most
of this before; other hosts of the same site it does not stop.
"""

from starlette.datastructures import Headers

from shared.errors import ForeignOrigin

_PORTS = {"http": ":80", "https": ":443"}


def check_origin(headers: Headers, *, has_session: bool) -> None:
    """Refuse a change that a page of another origin may have sent.

    Args:
        headers: of the request.
        has_session: whether it counts by a cookie. Where it does not, as at sign-in, only a browser could be made to
            send it, and browsers say where from: then no word is no objection.

    Raises:
        ForeignOrigin: it is one, or nothing tells.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        if site != "same-origin":
            raise ForeignOrigin(f"This change was asked for from elsewhere: Sec-Fetch-Site is {_shown(site)}.")
    elif origin is not None:
        if not is_of_host(origin, headers.get("host", "")):
            raise ForeignOrigin(f"This change was asked for from elsewhere: Origin is {_shown(origin)}.")
    elif has_session:
        raise ForeignOrigin(
            "A change by session has to say where it comes from: Sec-Fetch-Site and Origin are missing."
        )


def is_of_host(origin: str, host: str) -> bool:
    """Whether an Origin header is of the host that is asked.

    The scheme counts for its port alone: a gateway may have ended TLS.
    """
    scheme, _, name = origin.partition("://")
    port = _PORTS.get(scheme)
    if port is None or not host:
        return False
    return name.lower().removesuffix(port) == host.lower().removesuffix(port)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else text[:97] + "...")
