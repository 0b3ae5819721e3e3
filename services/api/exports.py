"""Export: a whole site as one file, written while it is sent, a stretch of pages at a time."""

from collections.abc import AsyncIterator

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.defaults import PartialConfig
from services.api.endpoint import V1, Answer, Endpoint
from services.api.site_file import ENDING, FileSite, SiteFile, opening, written
from services.api.versions import CONFIG
from shared.http import stream_json
from shared.listing import Listing
from shared.records import Head
from shared.values import Hostname, decode_value

STRETCH = 100

_DEFAULTS = msgspec.json.Decoder(PartialConfig, dec_hook=decode_value)


async def export(api: Api, asked: Asked) -> Response:
    # What can be refused is refused here: once the file has begun, it can only end early.
    slug = asked.site
    site = await api.sites.show(slug)
    [names] = await api.hostnames.of([slug])
    about = FileSite(
        slug=slug,
        title=site.title,
        hostnames=tuple(map(Hostname, names.hostnames)),
        defaults=_DEFAULTS.decode(await api.sites.defaults(slug)),
    )
    first = await api.pages.listed(slug, "", STRETCH)
    disposition = {"content-disposition": f'attachment; filename="{slug}.json"'}
    return stream_json(_file(api, about, first), disposition)


async def _file(api: Api, site: FileSite, stretch: Listing[tuple[str, Head]]) -> AsyncIterator[bytes]:
    yield opening(site)
    begun = b""
    while True:
        slugs = [page for page, _ in stretch.items]
        for content in await api.contents.read(site.slug, slugs):
            yield begun + written(content)
            begun = b",\n"
        if not stretch.after:
            break
        stretch = await api.pages.listed(site.slug, stretch.after, STRETCH)
    yield ENDING


EXAMPLE = {
    "format": "platen-site",
    "schema": 1,
    "site": {"slug": "acme", "title": "Acme", "hostnames": ["www.example.com"], "defaults": {"lang": "de"}},
    "pages": [
        {
            "page": "spring",
            "title": "Spring sale",
            "live_version": 4,
            "config": CONFIG,
            "draft": {**CONFIG, "title": "Spring sale, extended"},
        }
    ],
}

ENDPOINTS = (
    Endpoint(
        "GET",
        f"{V1}/sites/{{site}}/export",
        "exportSite",
        "Export a site as one file",
        export,
        Answer(
            200,
            SiteFile,
            "The file, which can be imported here or elsewhere. It is written while it is sent; what ends early is "
            "no JSON.",
            EXAMPLE,
            ["Content-Disposition"],
        ),
        problems=[404],
        needs="manage",
    ),
)
