"""Sites: create one, list them, look at one, give one another title."""

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked, check_slug
from services.api.changing import changed, once_more
from services.api.endpoint import V1, Answer, Endpoint, searched_in
from services.api.hostnames import Hostnames, check_free, give, refuse_taken, spelt
from shared.config import Slug
from shared.errors import Conflict, IdempotencyMismatch
from shared.http import json_response
from shared.principal import Principal
from shared.records import Site
from shared.site_list import Wish, find_sites
from shared.widgets.texts import Title

EXAMPLE = {"slug": "acme", "title": "Acme", "created_at": 1767225600000, "hostnames": ["www.example.com"]}


class NewSite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site to create.

    Attributes:
        slug: its name in addresses.
        title: its name for people; the slug where none is given.
        hostnames: names under which visitors find it.
    """

    slug: Slug
    title: Title | None = None
    hostnames: Hostnames = ()


class NewTitle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The title a site shall have.

    Attributes:
        title: its name for people; pages show it from their next build on.
    """

    title: Title


class SiteList(msgspec.Struct, frozen=True, kw_only=True):
    """Sites by slug.

    Attributes:
        items: the sites; where one searches there may be fewer than asked for, or none, although others follow.
        next: cursor of what follows, null at the end.
    """

    items: list[Site]
    next: str | None


async def create(api: Api, asked: Asked) -> Response:
    new = await asked.body(NewSite)
    slug = check_slug(new.slug, "slug")
    title, hostnames = new.title or slug, spelt(new.hostnames)
    check_free(hostnames, api.settings)
    request = asked.change(msgspec.json.encode([slug, title, *([hostnames] if hostnames else [])]))
    # The two live in different slots. What can be refused is refused before the site is made, and what a crash leaves
    # undone is done by the same request sent again.
    await refuse_taken(api, slug, hostnames)
    try:
        made = await once_more(lambda: api.sites.create(slug, title, request))
    except IdempotencyMismatch:
        raise
    except Conflict as error:
        raise error.at("/slug") from None
    if not hostnames:
        return changed(made.site, 201, location=f"{V1}/sites/{slug}", replayed=made.replayed)
    given, _ = await give(api, slug, hostnames, request)
    site = msgspec.structs.replace(made.site, hostnames=given)
    return changed(site, 201, location=f"{V1}/sites/{slug}", replayed=made.replayed)


async def list_all(api: Api, asked: Asked) -> Response:
    wish = Wish(asked.search, _visible(asked.principal), asked.after_slug, asked.limit)
    found = await find_sites(api.sites, api.hostnames, wish)
    return json_response(SiteList(items=found.items, next=found.after or None))


def _visible(principal: Principal) -> list[str] | None:
    """Slugs of the sites that somebody may look at, in order; None for every site."""
    if principal.may("look"):
        return None
    return [site for site in principal.places if principal.may("look", site)]


async def show(api: Api, asked: Asked) -> Response:
    site = await api.sites.show(asked.site)
    [names] = await api.hostnames.of([site.slug])
    return json_response(msgspec.structs.replace(site, hostnames=names.hostnames))


async def set_title(api: Api, asked: Asked) -> Response:
    slug, title = asked.site, (await asked.body(NewTitle)).title
    request = asked.change(title.encode())
    made = await once_more(lambda: api.sites.set_title(slug, title, request))
    [names] = await api.hostnames.of([slug])
    site = msgspec.structs.replace(made.site, hostnames=names.hostnames)
    return changed(site, 200, location=None, replayed=made.replayed)


ENDPOINTS = (
    Endpoint(
        "POST",
        f"{V1}/sites",
        "createSite",
        "Create a site",
        create,
        Answer(201, Site, "The site.", EXAMPLE, ["Location"]),
        problems=[409],
        body=NewSite,
        body_example={"slug": "acme", "title": "Acme", "hostnames": ["www.example.com"]},
        needs="administer",
    ),
    Endpoint(
        "GET",
        f"{V1}/sites",
        "listSites",
        "List the sites",
        list_all,
        Answer(200, SiteList, "Sites by slug.", {"items": [EXAMPLE], "next": None}),
        listed_by="slug",
        query={"search": searched_in("the slug, the title or a hostname")},
        checks_itself=True,
    ),
    Endpoint(
        "GET",
        f"{V1}/sites/{{site}}",
        "showSite",
        "Look at a site",
        show,
        Answer(200, Site, "The site.", EXAMPLE),
        problems=[404],
    ),
    Endpoint(
        "PUT",
        f"{V1}/sites/{{site}}/title",
        "setTitle",
        "Give a site another title",
        set_title,
        Answer(200, Site, "The site; its pages show the title from their next build on.", EXAMPLE),
        problems=[404],
        body=NewTitle,
        body_example={"title": "Acme"},
        needs="manage",
    ),
)
