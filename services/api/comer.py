"""Where somebody who signs in comes from."""

from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

from shared.accounts.sessions import Comer
from shared.credentials import find_session


def find_comer(http: Request, gateways: int) -> Comer:
    """Where a request comes from.

    Args:
        gateways: how many stand in front, each of which appends whom it heard from.
    """
    agent = http.headers.get("user-agent", "")
    printable = "".join(character for character in agent if character.isprintable())
    return Comer(_address(http, gateways), printable, find_session(http.headers, http.scope["scheme"]))


def _address(http: Request, gateways: int) -> str:
    # What stands further to the left, whoever asks can have written.
    heard = [part.strip() for header in http.headers.getlist("x-forwarded-for") for part in header.split(",")]
    told = heard[-gateways] if 0 < gateways <= len(heard) else ""
    text = told or (http.client.host if http.client else "")
    try:
        address = ip_address(text)
    except ValueError:
        return "unknown"
    # Somebody who has one IPv6 address has all of its /64.
    return str(int(address) >> 64) if isinstance(address, IPv6Address) and not address.ipv4_mapped else str(address)
