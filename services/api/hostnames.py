"""The hostnames of a site: which it has, and setting all of them at once."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed, once_more
from services.api.endpoint import V1, Answer, Endpoint
from shared.errors import Conflict
from shared.hostnames import MOST_HOSTNAMES, HostnameTaken
from shared.idempotency import Request, claim
from shared.records import Site
from shared.settings import Settings
from shared.values import Hostname

Hostnames = Annotated[
    tuple[Hostname, ...],
    msgspec.Meta(max_length=MOST_HOSTNAMES, description="DNS names such as www.example.com"),
]


class NewHostnames(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The hostnames a site shall have, in place of those it has.

    Attributes:
        hostnames: the first is the one under which crawlers know the site; none takes all away.
    """

    hostnames: Hostnames


def spelt(asked: Sequence[Hostname]) -> list[str]:
    """Hostnames as they are stored, each once."""
    return list(dict.fromkeys(map(str, asked)))


def check_free(hostnames: Sequence[str], settings: Settings) -> None:
    """Refuse a hostname that is Platen's own: with it a site would take the place of all others.

    Raises:
        Conflict: one of them is.
    """
    own = {settings.console_host, urlsplit(settings.public_url).hostname or ""}
    for index, name in enumerate(hostnames):
        if name in own:
            mend = "use a name that is the site's alone"
            raise Conflict(f"The hostname {name!r} is not a site's.", mend).at(f"/hostnames/{index}")


async def give(api: Api, site: str, hostnames: Sequence[str], request: Request) -> tuple[tuple[str, ...], bool]:
    """Give a site that exists its hostnames.

    Returns:
        those it has now, and whether an earlier request with the same key gave them.

    Raises:
        Conflict: one of them is another site's; the error points to it.
    """
    try:
        made, is_replayed = await once_more(lambda: api.hostnames.set(site, hostnames, request))
    except HostnameTaken as error:
        raise _pointed(error, hostnames) from None
    return made.hostnames, is_replayed


async def refuse_taken(api: Api, site: str, hostnames: Sequence[str]) -> None:
    """Raises: Conflict, where a hostname is another site's now; the error points to it."""
    try:
        await api.hostnames.refuse_taken(site, hostnames)
    except HostnameTaken as error:
        raise _pointed(error, hostnames) from None


def _pointed(error: HostnameTaken, hostnames: Sequence[str]) -> Conflict:
    return error.at(f"/hostnames/{hostnames.index(error.hostname)}")


async def set_all(api: Api, asked: Asked) -> Response:
    slug = asked.site
    hostnames = spelt((await asked.body(NewHostnames)).hostnames)
    check_free(hostnames, api.settings)
    request = asked.change(" ".join(hostnames).encode())
    site = await api.sites.show(slug)
    await claim(api.client, api.keys, api.settings, slug, request)
    given, is_replayed = await give(api, slug, hostnames, request)
    return changed(msgspec.structs.replace(site, hostnames=given), 200, location=None, replayed=is_replayed)


_EXAMPLE = {"slug": "acme", "title": "Acme", "created_at": 1767225600000, "hostnames": ["www.example.com"]}

ENDPOINTS = (
    Endpoint(
        "PUT",
        f"{V1}/sites/{{site}}/hostnames",
        "setHostnames",
        "Set the hostnames under which visitors find a site",
        set_all,
        Answer(200, Site, "The site with its hostnames; servers answer under them within milliseconds.", _EXAMPLE),
        problems=[404, 409],
        body=NewHostnames,
        body_example={"hostnames": ["www.example.com", "example.com"]},
        needs="manage",
    ),
)
